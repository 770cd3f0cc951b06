import { resolve } from 'node:path'
import { Flags } from '@oclif/core'
import { GreyctlCommand, interruption } from '../base-command.js'
import type { Host } from '../host/host.js'
import { cursorFlag, logFlags, openCursor, sinceOf } from '../log-command.js'
import type { ReadProgress } from '../maillog/read.js'
import { followReport } from '../maillog/report/follow-report.js'
import { type ReportOptions, reportLog } from '../maillog/report/report-log.js'
import type { Report as ReportValue } from '../maillog/report/shape.js'
import { ownReplyTexts } from '../own-texts.js'
import { readClientFilter } from '../setup/client-filter.js'
import { ownNetworks } from '../setup/own-networks.js'
import { loadPageParts } from '../setup/report-page.js'
import { escapeText } from '../ui/escape.js'
import { printJsonLine } from '../ui/print.js'
import { Progress } from '../ui/progress.js'
import { allCsv, tableCsv } from '../ui/report/csv.js'
import { liveReport } from '../ui/report/live.js'
import { renderPage } from '../ui/report/page.js'
import { TABLE_IDS, tablesOf } from '../ui/report/tables.js'
import { renderReport } from '../ui/report/text.js'
import { headline } from '../ui/report/words.js'
import { readingText } from '../ui/verify.js'

/** Rows of each list where --top says nothing: what a screen takes, and what a file does. */
const TOP_ON_SCREEN = 10
const TOP_IN_FILES = 100

export default class Report extends GreyctlCommand {
  static override summary = 'what greylisting did to mail: volume, delays, who never came back, cost and gain'
  static override description =
    `Reads the mail log as greyctl verify does and says what greylisting did: mail deferred by day and hour, how long it
waited, who never came back (with those first that look legitimate), senders that retry from other addresses, the top
clients, senders and recipients, and what whitelists let through. Nothing is changed.
With --follow it goes on: on a terminal a summary that is kept up to date, else each deferral and acceptance as it comes
(JSON: a document a line), and the whole report in the end.
Exits 0 whatever it finds, 3 when the log cannot be read. greyctl verify is the one that judges.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --since yesterday',
    '<%= config.bin %> <%= command.id %> --log /var/log/mail.log.1 --log /var/log/mail.log --top 20',
    '<%= config.bin %> <%= command.id %> --html /root/greylisting.html',
    '<%= config.bin %> <%= command.id %> --follow --since today',
    '<%= config.bin %> <%= command.id %> --cursor-file /var/lib/misc/greyctl-report.cursor --csv',
    '<%= config.bin %> <%= command.id %> --csv --table never-came-back --top 0',
  ]
  static override flags = {
    ...logFlags,
    ...cursorFlag,
    top: Flags.integer({
      description: `rows of each list, 0 for all (default: ${TOP_ON_SCREEN} on a screen, ${TOP_IN_FILES} in files)`,
      min: 0,
      helpValue: 'N',
    }),
    html: Flags.string({
      description: 'write one self-contained page to FILE: plots, tables that sort and filter, no network',
      exclusive: ['csv'],
      helpValue: 'FILE',
    }),
    csv: Flags.boolean({
      description: 'print CSV: every value of every table, or the one that --table names',
      exclusive: ['json'],
    }),
    follow: Flags.boolean({
      char: 'f',
      description:
        'go on with the newest log, also after its rotation; Ctrl-C ends it, with the whole report',
      exclusive: ['cursor-file', 'csv'],
    }),
    table: Flags.option({ options: TABLE_IDS, dependsOn: ['csv'], description: 'which table' })(),
    'match-clients': Flags.string({
      description: 'only clients that FILE lists (the format of whitelist_clients); may be repeated',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'FILE',
    }),
    'skip-clients': Flags.string({
      description: 'without clients that FILE lists; may be repeated',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'FILE',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Report)
    const host = await this.host(flags)
    const configDir = this.configDir(flags)
    const wanted = await readClientFilter(host, {
      match: flags['match-clients'] ?? [],
      skip: flags['skip-clients'] ?? [],
    })
    const kept = await openCursor(host, flags['cursor-file'])
    const progress = new Progress(this.terminal, this.wantsJson)
    progress.start('reading the mail log')
    const options = {
      files: flags.log ?? [],
      journal: flags.journal,
      since: sinceOf(flags.since, host.now()),
      configDir,
      ownNetworks: await ownNetworks(host, configDir),
      texts: await ownReplyTexts(host),
      top: flags.top ?? (flags.csv || flags.json || flags.html ? TOP_IN_FILES : TOP_ON_SCREEN),
      wanted,
      cursor: kept?.cursor,
      progress: (done: ReadProgress) => progress.detail(readingText(done)),
    }
    const reading = flags.follow ? this.follow(host, options, progress) : reportLog(host, options)
    const report = await reading.finally(() => progress.clear())
    const page = flags.html === undefined ? undefined : await this.writePage(host, flags.html, report)
    if (flags.follow && flags.json) {
      printJsonLine({ event: 'report', ...report })
      return
    }
    this.finish({
      text: page ?? (flags.csv ? csvOf(report, flags.table) : renderReport(report, this.terminal)),
      json: report,
    })
    await kept?.save()
  }

  private async follow(host: Host, options: ReportOptions, progress: Progress): Promise<ReportValue> {
    const live = liveReport(() => this.terminal, this.wantsJson)
    try {
      return await followReport(host, {
        ...options,
        signal: AbortSignal.any([interruption(), live.unread]),
        begun: (summarise) => {
          progress.clear()
          live.begun(summarise)
        },
        tell: (change) => live.tell(change),
      })
    } finally {
      live.end()
    }
  }

  /** Whole or not at all; for the owner's eyes unless the file is there already with another mode. */
  private async writePage(host: Host, file: string, report: ReportValue): Promise<string> {
    const parts = await loadPageParts(await this.host({}))
    const page = renderPage(report, parts, { version: this.config.version, now: host.now() })
    await host.replace(resolve(file), Buffer.from(page))
    return `${headline(report)}\nthe page: ${escapeText(file)}`
  }
}

function csvOf(report: ReportValue, id: string | undefined): string {
  const tables = tablesOf(report)
  const one = tables.find((table) => table.id === id)
  return one ? tableCsv(one) : allCsv(tables)
}
