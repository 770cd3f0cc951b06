import { Flags } from '@oclif/core'
import { ChangeCommand } from '../change-command.js'
import { lookAtDaemon } from '../daemon-look.js'
import { BEYOND } from '../doctor/beyond.js'
import { CHECKS } from '../doctor/checks/index.js'
import { type DoctorOptions, type Examination, examine, examineAndMend } from '../doctor/examine.js'
import { type Selection, selectChecks } from '../doctor/select.js'
import { GreyctlError } from '../errors.js'
import type { Host } from '../host/host.js'
import { logFlag } from '../log-command.js'
import { assertRoot } from '../setup/checks.js'
import { findingHeading, renderChecks, renderDoctor, renderMarkdown, renderMended } from '../ui/doctor.js'
import { printErr } from '../ui/print.js'

export default class Doctor extends ChangeCommand {
  static override summary = 'find what keeps greylisting, or mail, from working, and mend it'
  static override description =
    `Looks at Postfix's configuration and every service that listens, asks each policy server and Postfix's own smtpd
a harmless question (no mail moves, no triplet is learned), and compares sockets, units, tables, processes and the mail log with what should be there.
What cannot be seen (without root, or with --root) is unknown, never a fault.
With --fix, what greyctl can mend is shown as a diff, asked about, done, and looked at again: a repair that does not
help, or breaks something else, is undone. With --yes, only repairs that change no mail policy are made.
Exits 1 for a finding of severity warning or worse, 3 when nothing could be looked at.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --list',
    '<%= config.bin %> <%= command.id %> --check policy-port-mismatch --json',
    '<%= config.bin %> <%= command.id %> --redact --markdown',
    '<%= config.bin %> <%= command.id %> --fix',
  ]
  static override flags = {
    list: Flags.boolean({ description: 'name the checks, and look at nothing' }),
    check: Flags.string({
      description: 'only this check; several with the flag repeated',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'ID',
    }),
    skip: Flags.string({
      description: 'not this check',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'ID',
    }),
    log: logFlag('judge this mail log instead of the one that this host keeps'),
    redact: Flags.boolean({ description: 'replace addresses, names and domains, to paste it in public' }),
    markdown: Flags.boolean({ description: 'print Markdown', exclusive: ['json'] }),
    timings: Flags.boolean({ description: 'say how long each look took' }),
    fix: Flags.boolean({ description: 'mend what can be mended, one thing after the other' }),
    yes: Flags.boolean({
      char: 'y',
      description: 'with --fix: no questions; only what changes no mail policy',
      dependsOn: ['fix'],
    }),
    'dry-run': Flags.boolean({ description: 'with --fix: show what would be done', dependsOn: ['fix'] }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Doctor)
    const selection = selectChecks(CHECKS, flags.check ?? [], flags.skip ?? [])
    if (flags.list) {
      const checks = selection.checks.map(({ id, severity, title, autofix }) => ({
        id,
        severity,
        title,
        autofix,
      }))
      return this.finish({ text: renderChecks(checks, BEYOND), json: { checks, beyond: BEYOND } })
    }
    const host = await this.host(flags)
    const options: DoctorOptions = {
      configDir: this.configDir(flags),
      logs: flags.log ?? [],
      redact: flags.redact,
      daemon: () => lookAtDaemon(host),
    }
    const { document, exitCode, mended } = flags.fix
      ? await this.mend(host, selection, options, flags)
      : await examine(host, selection, options)
    const report = flags.markdown
      ? renderMarkdown(document)
      : renderDoctor(document, this.terminal, { timings: flags.timings })
    const text = mended === undefined ? report : `${renderMended(mended, this.terminal.style)}\n\n${report}`
    this.finish({ text, json: mended === undefined ? document : { ...document, mended }, exitCode })
  }

  private async mend(
    host: Host,
    selection: Selection,
    options: DoctorOptions,
    flags: { readonly yes: boolean; readonly 'dry-run': boolean },
  ): Promise<Examination> {
    if (host.root !== '/')
      throw new GreyctlError('usage', '--fix works on the running system alone, not with --root')
    assertRoot(host, 'doctor --fix')
    await this.recover(host)
    return examineAndMend(host, selection, options, {
      refuses: ({ remediation: { autofix } }) =>
        flags.yes && !flags['dry-run'] && autofix !== 'safe'
          ? 'it may change what happens to mail: run doctor --fix on a terminal, without --yes'
          : undefined,
      carry: async (finding, plan, prove) => {
        printErr(findingHeading(finding, this.terminal.style))
        const question = 'Do this?'
        const request = { plan, prove: () => prove, notes: [], warnings: [], question }
        const carried = await this.carryOut(host, request, flags)
        if (carried.status === 'planned') printErr(carried.diff)
        return carried.status
      },
    })
  }
}
