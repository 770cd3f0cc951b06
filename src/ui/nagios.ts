import type { ExitCode } from '../errors.js'
import type { Verdict, VerifyReport } from '../maillog/report.js'
import { escapeText } from './escape.js'

/** What monitoring understands: the first line, and the exit code (Monitoring Plugins Development Guidelines). */
export interface PluginAnswer {
  readonly text: string
  readonly exitCode: ExitCode
}

const STATES: Record<Verdict, readonly [word: string, code: 0 | 1 | 2, said: string]> = {
  working: ['OK', 0, 'greylisting works'],
  waiting: ['WARNING', 1, 'mail was deferred, no retry could have been accepted yet'],
  inconclusive: ['WARNING', 1, 'the log does not say whether greylisting works'],
  broken: ['CRITICAL', 2, 'greylisting is broken: greyctl doctor says why'],
  off: ['CRITICAL', 2, 'greylisting is off: Postfix accepts mail and never asks'],
}

/** The verdict with its counts as performance data; without them where Postfix itself was asked. Pure. */
export function pluginAnswer(verdict: Verdict, report?: VerifyReport): PluginAnswer {
  const [word, exitCode, said] = STATES[verdict]
  const line = `GREYCTL ${word} - ${verdict}: ${said}`
  if (report === undefined) return { text: line, exitCode }
  const { counts, delay } = report
  const values = {
    greylisted: counts.greylisted,
    passed: counts.passed,
    never_retried: counts.neverRetried,
    whitelisted: counts.whitelisted,
    unreachable: counts.unreachable,
    ...(delay.median === null ? {} : { median_delay: `${delay.median}s` }),
  }
  const data = Object.entries(values).map(([name, value]) => `${name}=${value}`)
  return { text: `${line} | ${data.join(' ')}`, exitCode }
}

/** It could not look. `|` would begin performance data. */
export function pluginUnknown(message: string): PluginAnswer {
  return { text: `GREYCTL UNKNOWN - ${escapeText(message).replaceAll('|', '/')}`, exitCode: 3 }
}
