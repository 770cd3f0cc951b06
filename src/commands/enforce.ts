import { GreyctlError } from '../errors.js'
import type { Host } from '../host/host.js'
import { InstallCommand } from '../install-command.js'
import { type PreparedInstall, prepareInstall } from '../setup/install.js'
import { printErr } from '../ui/print.js'

export default class Enforce extends InstallCommand {
  static override summary = 'from now on defer: greylisting that only learned so far begins'
  static override description =
    `After greyctl install --learn: what was decided and logged is now done. What the daemon learned meanwhile counts, so
nobody who came back is deferred. Everything else stays as it is. Proven on the live server, and put back when the proof fails.
One domain or recipient at a time: [recipients] in greyctl.toml has who defers already, or still learns (docs/configuration.md).
greyctl verify and greyctl report say beforehand how much mail would have been deferred.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --yes',
  ]
  static override flags = InstallCommand.changeFlags

  async run(): Promise<void> {
    const { flags } = await this.parse(Enforce)
    const host = await this.host(flags)
    const prepared = await prepareInstall(host, {
      programHost: await this.host({}),
      configDir: this.namedConfigDir(flags),
      flags: { learn: false },
      withPostfix: false,
      proof: true,
      dryRun: flags['dry-run'] ?? false,
      recover: () => this.recover(host),
      say: (what) => printErr(`  … ${what}`),
      ask: undefined,
    })
    assertInstalled(prepared)
    const learners = await this.learnersInFile(host)
    const { planned } = prepared
    const told = { ...prepared, planned: { ...planned, warnings: [...planned.warnings, ...learners] } }
    const carried = await this.carryInstall(host, told, 'Begin to defer?', flags)
    this.finishInstall(carried, told)
  }

  /**
   * Recipients and domains for which the file goes on learning, a sentence each. Throws GreyctlError('unsupported') where it
   * does for everybody: it would go on with what the option no longer says.
   */
  private async learnersInFile(host: Host): Promise<readonly string[]> {
    const { DEFAULT_CONFIG, parseConfig } = await import('../daemon/config/file.js')
    const text = await host.read(DEFAULT_CONFIG)
    const file = text && parseConfig(text.toString('utf8'), DEFAULT_CONFIG)
    if (!file) return []
    if (!file.settings.learn) {
      return Object.entries(file.settings.recipients ?? {})
        .filter(([, { learn }]) => learn)
        .map(
          ([pattern]) =>
            `${file.where('recipients', pattern)}: ${pattern} goes on learning: nobody is deferred there`,
        )
    }
    throw new GreyctlError('unsupported', 'this line has the daemon learn, whatever its options say', {
      where: file.where('learn'),
      hints: ['take it out, then greyctl enforce again'],
    })
  }
}

function assertInstalled({ facts }: PreparedInstall): void {
  const backend = facts.installed?.backend
  if (backend === 'bundled') return
  throw new GreyctlError(
    'unsupported',
    backend === undefined
      ? 'greyctl has not been installed here'
      : `${backend} does not learn: it defers already`,
    { hints: backend === undefined ? ['greyctl install --learn, and later greyctl enforce'] : [] },
  )
}
