import { monthOf } from '../../maillog/time.js'
import type { Evidence } from '../finding.js'

/** How the lines of a log tell their time. */
export interface Stamps {
  /** Lines without a time that can be read, whatever their month is called. */
  readonly none: number
  /** Lines that begin as in `2026-11-24T20:00:00` (RFC 3339). */
  readonly iso: number
  /** Lines whose month is not English, and one of them. */
  readonly foreign: { readonly count: number; readonly example: Evidence | undefined }
  /** The last line that is more than a minute older than the line before it. */
  readonly backwards: Evidence | undefined
  /** How often one line is whole hours later, or earlier, than the line before, and one that is earlier. */
  readonly hours: {
    readonly forward: number
    readonly back: number
    readonly example: Evidence | undefined
  }
}

const WITH_MONTH = /^(?:<\d{1,3}>)?([\p{L}\p{M}.]{3,7}) {1,2}\d{1,2} \d\d:\d\d:\d\d /u
const ENGLISH = /^(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)$/i
const ISO = /^\d{4}-\d\d-\d\d[T ]/
const HOUR = 3600
/** A line of another program may be so many seconds apart, beside the hours. */
const APART = 60
/** Zones lie between -12 and +14 hours. */
const MOST_HOURS = 26

export class StampTally {
  private none = 0
  private iso = 0
  private foreign = 0
  private foreignExample: Evidence | undefined
  private backwards: Evidence | undefined
  private forward = 0
  private back = 0
  private example: Evidence | undefined
  private before: { readonly time: number; readonly program: string } | undefined

  startSource(): void {
    this.before = undefined
  }

  add(line: string, time: number | undefined, program: string, evidence: Evidence): void {
    const month = WITH_MONTH.exec(line)?.[1]
    if (ISO.test(line)) this.iso += 1
    if (month !== undefined && !ENGLISH.test(month) && (time !== undefined || monthOf(month) < 0)) {
      this.foreign += 1
      this.foreignExample ??= { ...evidence, text: line.slice(0, 200) }
    }
    if (time === undefined) {
      this.none += 1
      return
    }
    const { before } = this
    this.before = { time, program }
    if (before === undefined) return
    const step = time - before.time
    if (step < -60) this.backwards = evidence
    if (before.program !== program) this.hoursApart(step, evidence)
  }

  end(): Stamps {
    const { none, iso, backwards, forward, back, example } = this
    return {
      none,
      iso,
      foreign: { count: this.foreign, example: this.foreignExample },
      backwards,
      hours: { forward, back, example },
    }
  }

  private hoursApart(step: number, evidence: Evidence): void {
    const hours = Math.round(step / HOUR)
    if (hours === 0 || Math.abs(hours) > MOST_HOURS || Math.abs(step - hours * HOUR) > APART) return
    if (hours > 0) this.forward += 1
    else {
      this.back += 1
      this.example = evidence
    }
  }
}
