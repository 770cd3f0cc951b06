import type { ChalkInstance } from 'chalk'
import type { KnownExpectation } from '../store/expectations.js'
import { duration } from './duration.js'
import { escapeText } from './escape.js'
import { iso, readable } from './store.js'

/** With the name of who said it. */
export type Told = KnownExpectation & { readonly name: string }

/** For scripts. null: the store does not tell (privacy). */
export function expectationDocument({ about, from, until, by, name, verified }: Told): unknown {
  return {
    sender: about ? readable(about.sender) : null,
    recipient: about && about.recipient !== '' ? readable(about.recipient) : null,
    verified,
    from: iso(from),
    until: iso(until),
    by: { uid: by, name },
  }
}

/** One line: also what the mail log says. */
export function expectationText({ about, from, until, name, verified }: Told): string {
  const mail = about
    ? `${readable(about.sender)} -> ${about.recipient === '' ? 'anybody' : readable(about.recipient)}`
    : '(kept as a hash)'
  const only = verified ? ', from its own servers only' : ''
  return `${mail}${only}, until ${iso(until)}, said ${iso(from)} by ${name}`
}

export function renderExpected(
  told: Told,
  now: number,
  trouble: string | undefined,
  style: ChalkInstance,
): string {
  const forgery = told.verified
    ? ''
    : `\n  ${style.dim('anybody can write this sender: --verified asks for its own servers')}`
  const unlogged =
    trouble === undefined ? '' : `\n  ${style.yellow('not in the mail log:')} ${escapeText(trouble)}`
  return `${style.green('✓')} ${escapeText(expectationText(told))}
  its mail is not greylisted for ${duration(told.until - now)}; every other check stays${forgery}${unlogged}`
}

export function renderExpectations(all: readonly Told[], now: number, style: ChalkInstance): string {
  if (all.length === 0) return 'nothing is expected'
  return all
    .map((told) => `${escapeText(expectationText(told))}  ${style.dim(`${duration(told.until - now)} left`)}`)
    .join('\n')
}

/** `sealed`: the store tells of nobody (privacy), and finds by the same words alone. */
export function renderCancelled(all: readonly Told[], sealed: boolean, style: ChalkInstance): string {
  if (all.length === 0) {
    const hint = sealed
      ? '; the store is private (--privacy): name the recipient with --to where it was said with one'
      : ''
    return `that was not expected (any more)${hint}`
  }
  return all
    .map((told) => `${style.green('✓')} not expected any more: ${escapeText(expectationText(told))}`)
    .join('\n')
}
