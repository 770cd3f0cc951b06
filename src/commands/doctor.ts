import { Flags } from '@oclif/core'
import { GreyctlCommand } from '../base-command.js'
import { CHECKS } from '../doctor/checks/index.js'
import { examine } from '../doctor/examine.js'
import { selectChecks } from '../doctor/select.js'
import { renderChecks, renderDoctor, renderMarkdown } from '../ui/doctor.js'

export default class Doctor extends GreyctlCommand {
  static override summary = 'find what keeps greylisting, or mail, from working, and how to mend it'
  static override description =
    `Looks at Postfix's configuration and every service that listens, asks each policy server a harmless question,
and compares sockets, units, tables, processes and the mail log with what should be there. Changes nothing.
What cannot be seen (without root, or with --root) is unknown, never a fault.
Exits 1 for a finding of severity warning or worse, 3 when nothing could be looked at.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --list',
    '<%= config.bin %> <%= command.id %> --check policy-port-mismatch --json',
    '<%= config.bin %> <%= command.id %> --redact --markdown',
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
    log: Flags.string({
      description: 'judge this mail log instead of the one that this host keeps',
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'FILE',
    }),
    redact: Flags.boolean({ description: 'replace addresses, names and domains, to paste it in public' }),
    markdown: Flags.boolean({ description: 'print Markdown', exclusive: ['json'] }),
    timings: Flags.boolean({ description: 'say how long each look took' }),
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
      return this.finish({ text: renderChecks(checks), json: { checks } })
    }
    const host = await this.host(flags)
    const { document, exitCode } = await examine(host, selection, {
      configDir: this.configDir(flags),
      logs: flags.log ?? [],
      redact: flags.redact,
    })
    const text = flags.markdown
      ? renderMarkdown(document)
      : renderDoctor(document, this.terminal, { timings: flags.timings })
    this.finish({ text, json: document, exitCode })
  }
}
