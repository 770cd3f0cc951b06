import { escapeText } from './escape.js'
import type { Terminal } from './print.js'
import { printErr, printErrRaw } from './print.js'

/**
 * One line a step, on stderr. On a terminal the running step is shown and then overwritten by its outcome.
 * Of our own because spinners take SIGINT into their hands and end the process; here Ctrl-C must roll back.
 */
export class Progress {
  private running: string | undefined

  constructor(
    private readonly terminal: Terminal,
    private readonly quiet = false,
  ) {}

  start(title: string): void {
    if (this.quiet) return
    this.running = title
    if (this.terminal.interactive)
      printErrRaw(`\r\u001b[K  ${this.terminal.style.cyan('…')} ${this.fit(title)}`)
  }

  /** More about the running step, such as the seconds left of a wait. */
  detail(text: string): void {
    if (this.quiet || !this.terminal.interactive || this.running === undefined) return
    printErrRaw(`\r\u001b[K  ${this.terminal.style.cyan('…')} ${this.fit(`${this.running}: ${text}`)}`)
  }

  /** The running step leaves no line. */
  clear(): void {
    if (!this.quiet && this.terminal.interactive && this.running !== undefined) printErrRaw('\r\u001b[K')
    this.running = undefined
  }

  done(title: string): void {
    this.end(this.terminal.style.green('✓'), title)
  }

  failed(title: string, detail?: string): void {
    this.end(this.terminal.style.red('✗'), detail ? `${title}: ${detail}` : title)
  }

  undone(title: string): void {
    this.end(this.terminal.style.yellow('↶'), `undone: ${title}`)
  }

  note(text: string): void {
    this.end(this.terminal.style.yellow('!'), text)
  }

  private end(mark: string, text: string): void {
    this.running = undefined
    if (this.quiet) return
    if (this.terminal.interactive) printErrRaw('\r\u001b[K')
    printErr(`  ${mark} ${escapeText(text)}`)
  }

  private fit(text: string): string {
    return escapeText(text).slice(0, this.terminal.width - 6)
  }
}
