import { Command, Flags } from '@oclif/core'
import { type ExitCode, GreyctlError } from './errors.js'
import type { Host } from './host/host.js'
import { errorDocument, isUsage, renderError } from './ui/errors.js'
import { printErr, printJson, printOut, type Terminal, terminalFor } from './ui/print.js'

/** What every command gives back: a text for people, a value for scripts, and the exit code. */
export interface Outcome {
  readonly text: string
  readonly json: unknown
  readonly exitCode?: ExitCode
}

/** What all commands share (CLI.md, "Everywhere"): flags, the host, errors, and one way to end. */
export abstract class GreyctlCommand extends Command {
  static override baseFlags = {
    json: Flags.boolean({ description: 'one JSON document on stdout, nothing else', helpGroup: 'GLOBAL' }),
    color: Flags.boolean({
      description: 'colour on a terminal (--no-color, NO_COLOR: plain text)',
      default: true,
      allowNo: true,
      helpGroup: 'GLOBAL',
    }),
    root: Flags.string({
      description: 'read and write files as if DIR were /; nothing on the running system is started or asked',
      helpValue: 'DIR',
      helpGroup: 'GLOBAL',
    }),
    'config-dir': Flags.string({
      description: "the Postfix instance's configuration directory (default: MAIL_CONFIG, then /etc/postfix)",
      helpValue: 'DIR',
      helpGroup: 'GLOBAL',
    }),
  }

  protected get wantsJson(): boolean {
    return this.argv.includes('--json')
  }

  protected get terminal(): Terminal {
    return terminalFor({ color: !this.argv.includes('--no-color') && !this.wantsJson })
  }

  /** The machine, or the tree below --root. Loaded late: `--help` must not pay for it. */
  protected async host(flags: { root?: string | undefined }): Promise<Host> {
    const { createRealHost } = await import('./host/real.js')
    return createRealHost(flags.root === undefined ? {} : { root: flags.root })
  }

  /** The instance that was named; undefined: the one that is installed, else /etc/postfix. */
  protected namedConfigDir(flags: { 'config-dir'?: string | undefined }): string | undefined {
    return flags['config-dir'] ?? (process.env.MAIL_CONFIG || undefined)
  }

  protected configDir(flags: { 'config-dir'?: string | undefined }): string {
    return this.namedConfigDir(flags) ?? '/etc/postfix'
  }

  protected finish(outcome: Outcome): void {
    if (this.wantsJson) printJson(outcome.json)
    else printOut(outcome.text)
    process.exitCode = outcome.exitCode ?? 0
  }

  protected override async catch(error: Error): Promise<void> {
    if (this.wantsJson) printJson(errorDocument(error))
    else printErr(renderError(error, this.terminal.style))
    process.exitCode = exitCodeOf(error)
  }
}

function exitCodeOf(error: Error): ExitCode {
  if (error instanceof GreyctlError) return error.exitCode
  return isUsage(error) ? 2 : 1
}

/** Aborts at the first SIGINT, SIGTERM or SIGHUP; what runs then rolls back. A second one changes nothing: undoing goes on. */
export function interruption(): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () =>
      controller.abort(
        new GreyctlError('interrupted', `interrupted (${name}); everything done so far is undone`),
      ),
    )
  }
  return controller.signal
}
