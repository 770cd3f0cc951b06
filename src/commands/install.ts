import { Flags } from '@oclif/core'
import { GreyctlError } from '../errors.js'
import type { Host } from '../host/host.js'
import { InstallCommand } from '../install-command.js'
import { chosenStore, StoreAnswers } from '../install-store.js'
import { assertRoot } from '../setup/checks.js'
import type { GivenFlags } from '../setup/choices.js'
import { currentChoices } from '../setup/current.js'
import type { ServerFacts } from '../setup/facts.js'
import { describeServer, otherGreylister } from '../setup/found.js'
import { prepareInstall } from '../setup/install.js'
import { DEFAULT_DELAY } from '../setup/names.js'
import { printErr } from '../ui/print.js'
import { askInstall } from '../ui/wizard.js'

export default class Install extends InstallCommand {
  static override summary = 'put greylisting on this Postfix server, and prove that it works'
  static override description =
    `Installs the policy daemon as a service of its own user, tries the new configuration with
Postfix's own smtpd before it goes live, adds one entry to main.cf, reloads Postfix, and proves on the live
configuration that a first mail is deferred, that its retry is accepted, and that nothing else changed.
Whatever fails on the way: everything is put back. A second run has nothing to do; one with another --backend or
--selective changes over.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --with-postfix --yes',
    '<%= config.bin %> <%= command.id %> --backend postgrey --selective',
    '<%= config.bin %> <%= command.id %> --delay 120 --dry-run',
  ]
  static override flags = {
    ...InstallCommand.changeFlags,
    backend: Flags.option({
      description: "greyctl's own daemon, or Debian's postgrey (default: bundled)",
      options: ['bundled', 'postgrey'] as const,
    })(),
    selective: Flags.boolean({
      description: 'ask only clients that look like connections of households (table check_client_greylist)',
      allowNo: true,
    }),
    delay: Flags.integer({
      description: 'seconds until a retry is accepted (default: 60)',
      min: 1,
      max: 86_400,
      helpValue: 'SECONDS',
    }),
    listen: Flags.string({
      description: 'where the daemon listens (default: inet:127.0.0.1:10023)',
      helpValue: 'inet:HOST:PORT|unix:PATH',
    }),
    store: Flags.string({
      description: 'a Valkey or Redis server that several MX hosts share, or local (default: local)',
      helpValue: 'valkey://HOST:PORT|local',
    }),
    learn: Flags.boolean({ description: 'decide and log, but defer nobody', allowNo: true }),
    replace: Flags.boolean({ description: 'take the place of the greylister that main.cf asks already' }),
    force: Flags.boolean({ description: 'although another program manages this configuration' }),
    'with-postfix': Flags.boolean({ description: 'install the package postfix first where it is missing' }),
    proof: Flags.boolean({ description: 'ask Postfix whether it works', default: true, allowNo: true }),
  }

  async run(): Promise<void> {
    const { flags: given } = await this.parse(Install)
    const host = await this.host(given)
    assertRoot(host, 'install')
    const asked = !given['dry-run'] && host.root === '/'
    const store = given.store === undefined ? undefined : await chosenStore(host, given.store, { ask: asked })
    const flags = { ...given, store }
    const prepared = await prepareInstall(host, {
      programHost: await this.host({}),
      configDir: this.namedConfigDir(flags),
      flags,
      withPostfix: flags['with-postfix'] && !flags['dry-run'],
      proof: flags.proof,
      dryRun: flags['dry-run'] ?? false,
      recover: () => this.recover(host),
      say: (what) => printErr(`  … ${what}`),
      ask: this.questions(host, flags),
    })
    const carried = await this.carryInstall(host, prepared, 'Make these changes?', flags)
    this.finishInstall(carried, prepared)
  }

  /** Asks only on a terminal, only without --yes, and only at the first install: later the flags say what changes. */
  private questions(host: Host, flags: GivenFlags & { yes: boolean; 'dry-run'?: boolean }) {
    if (flags.yes || flags['dry-run'] || !this.terminal.interactive) return undefined
    return async (facts: ServerFacts): Promise<GivenFlags> => {
      if (facts.installed !== undefined) return {}
      const stores = new StoreAnswers(host)
      const view = {
        found: describeServer(facts),
        other: otherGreylister(facts)?.greylister as 'postgrey' | 'sqlgrey' | undefined,
        canPostgrey: facts.postgrey.installed || facts.live,
        delay: currentChoices(facts, flags.backend).delay ?? DEFAULT_DELAY,
        // another tree than / has no network to ask
        ...(facts.live ? { complaintAboutStore: stores.complaintAbout } : {}),
      }
      const answers = await askInstall(this.terminal, view, flags)
      if (answers === undefined)
        throw new GreyctlError('interrupted', 'stopped at a question; nothing was changed')
      return { ...answers, store: stores.chosen(answers.store) }
    }
  }
}
