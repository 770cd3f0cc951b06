import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Opinion } from '../../src/postfix/evaluator/opinion.js'
import { type MainCf, parseMainCf } from '../../src/postfix/main-cf.js'
import { unwireGreylisting, type Wired, wireGreylisting } from '../../src/postfix/wire.js'
import { configurations, isOurs, oracleFor } from './configurations.js'
import { evaluateRelay, type RelayClient, type RelayRecipient } from './relay-question.js'

const CLIENTS: readonly RelayClient[] = ['mynetworks', 'authenticated', 'stranger']
const RECIPIENTS: readonly RelayRecipient[] = ['own', 'elsewhere']
/** All that the daemon answers; PREPEND has no opinion, and a dead daemon is default_action=DUNNO. */
const DAEMON: readonly Opinion[] = ['dunno', 'defer_if_permit']
const endpoint = 'inet:127.0.0.1:10023'

describe('the evaluator', () => {
  const guard = 'permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination'
  const level = 'compatibility_level = 3.6\n'
  it.each([
    ['defaults, stranger to own', level, 'stranger', 'own', 'permit'],
    ['defaults, stranger elsewhere', level, 'stranger', 'elsewhere', 'defer'],
    ['defaults, own network elsewhere', level, 'mynetworks', 'elsewhere', 'permit'],
    ['no guard at level 0', '', 'mynetworks', 'own', 'refuse'],
    [
      'guard in the recipient list',
      `smtpd_recipient_restrictions = ${guard}\n`,
      'stranger',
      'elsewhere',
      'refuse',
    ],
    [
      'a permit before the guard',
      `smtpd_recipient_restrictions = permit_auth_destination, ${guard}\n`,
      'stranger',
      'own',
      'permit',
    ],
    [
      'only a warning',
      `${level}smtpd_relay_restrictions = warn_if_reject reject_unauth_destination, reject\n`,
      'stranger',
      'own',
      'refuse',
    ],
    [
      'a class',
      `${level}smtpd_restriction_classes = k\nk = reject\nsmtpd_recipient_restrictions = k\n`,
      'stranger',
      'own',
      'refuse',
    ],
    [
      'defer_if_reject counts under warn_if_reject too',
      `${level}smtpd_restriction_classes = k\nk = reject, defer_if_reject\nsmtpd_relay_restrictions = warn_if_reject k, reject\n`,
      'stranger',
      'own',
      'defer',
    ],
    [
      'a class under warn_if_reject',
      `${level}smtpd_restriction_classes = k\nk = reject\nsmtpd_recipient_restrictions = warn_if_reject k\n`,
      'stranger',
      'own',
      'permit',
    ],
    [
      'defer_if_permit',
      `${level}smtpd_recipient_restrictions = defer_if_permit\n`,
      'stranger',
      'own',
      'defer',
    ],
    [
      'a reject beats defer_if_permit',
      `${level}smtpd_recipient_restrictions = defer_if_permit, reject\n`,
      'stranger',
      'own',
      'refuse',
    ],
    [
      'defer_if_reject',
      `${level}smtpd_recipient_restrictions = defer_if_reject, reject\n`,
      'stranger',
      'own',
      'defer',
    ],
    [
      'permit in one list only ends that',
      `${level}smtpd_recipient_restrictions = permit\n`,
      'stranger',
      'elsewhere',
      'defer',
    ],
    [
      'a reference',
      `${level}a = reject\nsmtpd_recipient_restrictions = \${b?{permit}:{$a}}\n`,
      'stranger',
      'own',
      'refuse',
    ],
  ] as const)('%s', (_, text, client, recipient, answer) => {
    const question = { client, recipient, oracle: () => 'dunno' as const }
    expect(evaluateRelay(parseMainCf(text), question).answer).toBe(answer)
  })
})

describe('a guard behind a class that permits', () => {
  it('is one to smtpd, so that the list which wire makes needs none', () => {
    const text =
      'smtpd_restriction_classes = c\nc = permit\nsmtpd_relay_restrictions = c, reject_unauth_destination\n'
    expect(wireGreylisting(parseMainCf(text), { endpoint }).cf.text).not.toMatch(
      /\$greyctl_check.*reject_unauth|reject_unauth_destination[^\n]*\$greyctl_check/,
    )
  })
})

describe('wiring any configuration', () => {
  it('changes no relay answer, asks no own client silently, and can be taken back', () => {
    let guarded = 0
    fc.assert(
      fc.property(configurations, fc.nat(), (text, seed) => {
        const cf = parseMainCf(text)
        const wired = wireGreylisting(cf, { endpoint })
        expect(unwireGreylisting(wired.cf).toString()).toBe(text)
        expect(wireGreylisting(wired.cf, { endpoint })).toMatchObject({ changed: false })
        expect(wired.cf.problems).toEqual(cf.problems)
        for (const oracleSeed of [0, seed]) guarded += compareAll(cf, wired, oracleSeed)
      }),
      { numRuns: 300 },
    )
    // the generator makes servers that start, not only broken ones
    expect(guarded).toBeGreaterThan(1100)
  })
})

function compareAll(cf: MainCf, wired: Wired, seed: number): number {
  let compared = 0
  for (const client of CLIENTS) {
    for (const recipient of RECIPIENTS) {
      for (const ours of DAEMON) compared += compare(cf, wired, { client, recipient, seed, ours })
    }
  }
  return compared
}

interface Scenario {
  readonly client: RelayClient
  readonly recipient: RelayRecipient
  readonly seed: number
  readonly ours: Opinion
}

function compare(cf: MainCf, wired: Wired, { client, recipient, seed, ours }: Scenario): number {
  const question = { client, recipient, oracle: oracleFor(seed, ours) }
  const before = evaluateRelay(cf, question)
  const after = evaluateRelay(wired.cf, question)
  const asked = after.asked.some(isOurs)
  const codes = wired.warnings.map((warning) => warning.code)
  if (asked && client === 'mynetworks') expect(codes).toContain('own-networks-asked')
  if (asked && client === 'authenticated') expect(codes).toContain('authenticated-asked')
  if (!before.starts) {
    // a server that did not start may start with the guard of a list that wire made: never as an open relay
    if (client === 'stranger' && recipient === 'elsewhere') expect(after.answer).not.toBe('permit')
    return 0
  }
  const expected = before.answer === 'permit' && asked && ours === 'defer_if_permit' ? 'defer' : before.answer
  // under warn_if_reject the check logs and defers nobody
  if (!codes.includes('warn-only')) expect(after.answer).toBe(expected)
  else expect([expected, before.answer]).toContain(after.answer)
  if (seed === 0 && before.answer === 'permit' && client === 'stranger' && recipient === 'own') {
    expect(asked).toBe(true)
  }
  return 1
}
