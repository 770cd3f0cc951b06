import { createLogUpdate } from 'log-update'
import type { Change } from '../../maillog/follow.js'
import type { Summary } from '../../maillog/report/shape.js'
import { changeDocument, changeLine } from '../follow.js'
import { printJsonLine, printOut, type Terminal } from '../print.js'
import { renderSummary } from './summary.js'

/** What is shown of a report while the log goes on. */
export interface LiveReport {
  /** Nobody reads it any more. */
  readonly unread: AbortSignal
  begun(summarise: () => Summary): void
  tell(change: Change): void
  end(): void
}

/** Changes that are kept for the screen: more than one has lines. */
const KEPT = 200
/** Milliseconds between two pictures, and how many times longer than making one the pause is at least. */
const PAUSE = 1000
const SPARING = 20

export function liveReport(terminal: () => Terminal, json: boolean): LiveReport {
  if (json) return new Documents()
  return terminal().rows === undefined ? new Lines(terminal()) : new Screen(terminal)
}

/** What is printed in lines, one after the other. */
abstract class Printed implements LiveReport {
  private readonly reader = new AbortController()

  get unread(): AbortSignal {
    return this.reader.signal
  }

  abstract begun(summarise: () => Summary): void
  abstract tell(change: Change): void
  abstract end(): void

  protected heard(read: boolean): void {
    if (!read) this.reader.abort()
  }
}

/** A document a line. */
class Documents extends Printed {
  begun(summarise: () => Summary): void {
    this.heard(printJsonLine({ event: 'summary', ...summarise() }))
  }

  tell(change: Change): void {
    this.heard(printJsonLine(changeDocument(change)))
  }

  end(): void {}
}

/** For a pipe or a file: how it stands, then a line a change. */
class Lines extends Printed {
  constructor(private readonly terminal: Terminal) {
    super()
  }

  begun(summarise: () => Summary): void {
    this.heard(printOut(`${renderSummary(summarise(), [], this.terminal)}\n\n`))
  }

  tell(change: Change): void {
    this.heard(printOut(changeLine(change, this.terminal)))
  }

  end(): void {
    printOut('\n')
  }
}

/** One picture, written over when something is new; it goes when the log is no longer followed. */
class Screen implements LiveReport {
  /** Its end is that of the terminal, which sends SIGHUP. */
  readonly unread = new AbortController().signal
  private readonly latest: Change[] = []
  private readonly draw = createLogUpdate(process.stdout, { showCursor: true })
  private timer: NodeJS.Timeout | undefined
  /** After Ctrl-Z and fg, what stands above is the shell's: the next picture is a new one. */
  private readonly stopped = () => {
    this.draw.done()
    process.kill(process.pid, 'SIGSTOP')
  }

  /** Asked each time: a window may be made larger. */
  constructor(private readonly terminal: () => Terminal) {
    process.on('SIGTSTP', this.stopped)
  }

  begun(summarise: () => Summary): void {
    const started = performance.now()
    const summary = summarise()
    const terminal = this.terminal()
    this.draw(renderSummary(summary, this.latest, terminal))
    const pause = Math.max(PAUSE, SPARING * (performance.now() - started))
    this.timer = setTimeout(() => this.begun(summarise), pause)
  }

  tell(change: Change): void {
    this.latest.push(change)
    if (this.latest.length > KEPT) this.latest.shift()
  }

  end(): void {
    clearTimeout(this.timer)
    process.off('SIGTSTP', this.stopped)
    this.draw.clear()
    this.draw.done()
  }
}
