import { Flags } from '@oclif/core'
import { GreyctlCommand } from '../base-command.js'
import { daemonOptions } from '../daemon-options.js'
import { GreyctlError } from '../errors.js'
import type { Host } from '../host/host.js'
import { logFlags, sinceOf } from '../log-command.js'
import { previewLog } from '../preview/preview.js'
import { ownNetworks } from '../setup/own-networks.js'
import { listFiles, previewTables } from '../setup/preview-tables.js'
import { previewDocument, renderPreview } from '../ui/preview.js'
import { Progress } from '../ui/progress.js'
import { readingText } from '../ui/verify.js'

export default class Preview extends GreyctlCommand {
  static override summary = 'what greylisting would have done to the mail of the past'
  static override description =
    `Goes through this server's mail log and asks the daemon's own decision about each try that is in it, with the lists and
settings of this server, or those that install would write: who would have waited and for how long, which large senders, what
would have been kept out. Where a server accepted a mail at its first try, nobody knows when its sender would have come back:
that is taken from what the log shows of the same sender, from what was published, or assumed, and said. Nothing is changed.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --log /var/log/mail.log.1 --delay 120 --selective',
    '<%= config.bin %> <%= command.id %> --identity subnet --json',
  ]
  static override flags = {
    ...logFlags,
    delay: Flags.integer({
      description: 'seconds a first mail waits',
      min: 0,
      max: 604_800,
      helpValue: 'SECONDS',
    }),
    selective: Flags.boolean({ description: 'ask only clients that look like connections of households' }),
    identity: Flags.option({
      options: ['pool', 'subnet'] as const,
      description:
        "who counts as the same client: a pool's machines, or those of one network (postgrey's way)",
    })(),
    spf: Flags.boolean({
      description:
        'ask the DNS which machines may send for the domains in the log, as the daemon does (reads the log twice)',
    }),
    'spf-seconds': Flags.integer({
      description: 'with --spf: ask for no longer than this',
      default: 60,
      min: 1,
      max: 3600,
      helpValue: 'SECONDS',
    }),
    top: Flags.integer({
      description: 'of each list, so many',
      default: 10,
      min: 0,
      max: 20,
      helpValue: 'N',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Preview)
    const host = await this.host(flags)
    const configDir = this.configDir(flags)
    const { policy, identity, resolver, warnings } = await this.settings(host, flags)
    const tables = await previewTables(host, await this.host({}), configDir)
    const progress = new Progress(this.terminal, this.wantsJson)
    const dns = flags.spf && identity === 'pool' ? await this.dns(resolver, flags.log) : undefined
    progress.start('reading the mail log')
    const preview = await previewLog(host, {
      files: flags.log ?? [],
      journal: flags.journal,
      since: sinceOf(flags.since, host.now()),
      configDir,
      ownNetworks: await ownNetworks(host, configDir),
      progress: (done) => progress.detail(readingText(done)),
      top: flags.top,
      policy,
      identity,
      lines: tables.lines,
      selective: flags.selective ? tables.selective : undefined,
      spf: dns && {
        dns,
        seconds: flags['spf-seconds'],
        progress: (done, of) => progress.detail(`asked the DNS about ${done} of ${of} domains`),
      },
    }).finally(() => {
      progress.clear()
      dns?.close()
    })
    const view = { preview, delay: policy.delay, identity, selective: flags.selective === true, warnings }
    this.finish({ text: renderPreview(view, this.terminal), json: previewDocument(view) })
  }

  /** The one that the daemon asks. */
  private async dns(resolver: string | undefined, files: readonly string[] = []) {
    if (files.includes('-')) {
      throw new GreyctlError(
        'usage',
        '--spf reads the log twice, and what is piped in can be read but once',
        {
          hints: ['save it in a file, and name that with --log'],
        },
      )
    }
    const { createDns } = await import('../daemon/dns.js')
    return createDns(resolver)
  }

  /** As the daemon has them, or would have; flags win. */
  private async settings(
    host: Host,
    { delay, identity }: { delay?: number | undefined; identity?: string | undefined },
  ) {
    const { readRules } = await import('../daemon/rules.js')
    const options = await daemonOptions(host, [
      ...(delay === undefined ? [] : [`--delay=${delay}`]),
      ...(identity === undefined ? [] : [`--identity=${identity}`]),
    ])
    const own = await this.host({})
    const { rules, warnings, unread } = readRules(
      {
        ...options,
        clientFiles: await listFiles(host, own, options.clientFiles),
        recipientFiles: await listFiles(host, own, options.recipientFiles),
      },
      this.config.version,
    )
    const { identity: chosen, resolver } = options
    return { policy: rules.policy, identity: chosen, resolver, warnings: [...unread, ...warnings] }
  }
}
