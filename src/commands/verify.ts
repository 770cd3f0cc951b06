import { Flags } from '@oclif/core'
import { GreyctlCommand, interruption } from '../base-command.js'
import type { ProofCase } from '../change/plan.js'
import { daemonOptions } from '../daemon-options.js'
import { cursorFlag, logFlags, openCursor, sinceOf } from '../log-command.js'
import { followLog, type News } from '../maillog/follow.js'
import { exitCodeOfVerdict, reportWithoutLog, verdictOfProof } from '../maillog/outcome.js'
import { replyPattern } from '../maillog/own-reply.js'
import type { ReadProgress } from '../maillog/read.js'
import { isGreylistingReply } from '../maillog/reject.js'
import { verifySources } from '../maillog/verify.js'
import { ownReplyTexts } from '../own-texts.js'
import { liveProof } from '../setup/live-proof.js'
import { ownNetworks } from '../setup/own-networks.js'
import { newsDocument, renderNews } from '../ui/follow.js'
import { type PluginAnswer, pluginAnswer, pluginUnknown } from '../ui/nagios.js'
import { printJsonLine, printOut } from '../ui/print.js'
import { Progress } from '../ui/progress.js'
import { readingText, renderLive, renderVerify } from '../ui/verify.js'

export default class Verify extends GreyctlCommand {
  static override summary = 'does greylisting work, by the evidence of the mail log'
  static override description =
    `Reads the mail log where this host keeps it (maillog_file, mail.log, maillog, rotated and packed ones,
else the journal) and follows each triplet of client network, sender and recipient from its first deferral to its
acceptance. The greylister's own lines are used where the log has them, Postfix's where it has not. Nothing is changed.
With --follow it goes on: each deferral and acceptance as it comes, and the verdict when it is another (JSON: a document a line).
With --live, Postfix itself is asked in a dry dialogue: deferred first, accepted after the delay. Where it refuses the
question for another reason, such as a recipient that does not exist, that is said, with what to do.
Exits 0 for working, 1 for broken or off, 4 for waiting or inconclusive, 3 when the log cannot be read.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --since yesterday --json',
    '<%= config.bin %> <%= command.id %> --log /var/log/mail.log.2.gz --log /var/log/mail.log.1',
    '<%= config.bin %> <%= command.id %> --live',
    '<%= config.bin %> <%= command.id %> --live --recipient me@example.com',
    '<%= config.bin %> <%= command.id %> --follow --since today',
    '<%= config.bin %> <%= command.id %> --nagios --since 1d',
    '<%= config.bin %> <%= command.id %> --cursor-file /var/lib/misc/greyctl-verify.cursor',
  ]
  static override flags = {
    ...logFlags,
    ...cursorFlag,
    nagios: Flags.boolean({
      description:
        'one line and the exit code of a Nagios or Icinga plugin: 0 OK, 1 warning, 2 critical, 3 unknown',
      exclusive: ['json'],
    }),
    live: Flags.boolean({
      description: 'ask Postfix itself, and wait for the retry',
      exclusive: ['log', 'journal', 'since', 'follow', 'cursor-file'],
    }),
    recipient: Flags.string({
      description: 'with --live: ask about mail to this address, for which it has to exist',
      dependsOn: ['live'],
      helpValue: 'ADDRESS',
    }),
    follow: Flags.boolean({
      char: 'f',
      description: 'go on with the newest log, also after its rotation, and say what is new; Ctrl-C ends it',
      exclusive: ['cursor-file'],
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Verify)
    const host = await this.host(flags)
    const configDir = this.configDir(flags)
    if (flags.live) {
      const proof = await this.askPostfix(host, configDir, flags.recipient)
      return flags.nagios ? this.finishPlugin(pluginAnswer(verdictOfProof(proof))) : this.finishLive(proof)
    }
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
      cursor: kept?.cursor,
      progress: (done: ReadProgress) => progress.detail(readingText(done)),
    }
    if (flags.follow) {
      const unread = new AbortController()
      const tell = (news: News) => {
        progress.clear()
        const isRead = this.wantsJson
          ? printJsonLine(newsDocument(news))
          : printOut(renderNews(news, this.terminal))
        if (!isRead) unread.abort()
      }
      const signal = AbortSignal.any([interruption(), unread.signal])
      const { verdict } = await followLog(host, { ...options, signal, tell })
      process.exitCode = exitCodeOfVerdict(verdict)
      return
    }
    const report = await verifySources(host, options).finally(() => progress.clear())
    if (flags.nagios) this.finishPlugin(pluginAnswer(report.verdict, report))
    else
      this.finish({
        text: renderVerify(report, this.terminal),
        json: report,
        exitCode: exitCodeOfVerdict(report.verdict),
      })
    await kept?.save()
  }

  private finishPlugin({ text, exitCode }: PluginAnswer): void {
    this.finish({ text, json: null, exitCode })
  }

  /** Whoever monitors reads standard output, and takes 3 for "could not look". */
  protected override async catch(error: Error): Promise<void> {
    if (!this.argv.includes('--nagios')) return super.catch(error)
    this.finishPlugin(pluginUnknown(error.message))
  }

  private async askPostfix(
    host: Parameters<typeof liveProof>[0],
    configDir: string,
    recipient: string | undefined,
  ): Promise<readonly ProofCase[]> {
    const own = replyPattern(await ownReplyTexts(host))
    const progress = new Progress(this.terminal, this.wantsJson)
    progress.start("asking Postfix's own smtpd")
    const proof = await liveProof(host, {
      configDir,
      waitForRetry: true,
      recipient,
      isGreylisting: (reply) => isGreylistingReply(reply, own),
      delay: await daemonOptions(host).then(
        ({ policy }) => policy.delay,
        () => undefined,
      ),
      signal: interruption(),
      events: { waiting: (left) => progress.detail(`the retry is due in ${Math.ceil(left)} s`) },
    })
    progress.done("asked Postfix's own smtpd")
    return proof
  }

  private finishLive(proof: readonly ProofCase[]): void {
    const verdict = verdictOfProof(proof)
    this.finish({
      text: renderLive(verdict, proof, this.terminal),
      json: { ...reportWithoutLog(verdict), proof: proof.map((item) => ({ ...item, ok: item.ok ?? null })) },
      exitCode: exitCodeOfVerdict(verdict),
    })
  }
}
