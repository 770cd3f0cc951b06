import { describe, expect, it } from 'vitest'
import { evaluate, evaluateEtrn } from '../../src/postfix/evaluator/evaluate.js'
import type { Opinion } from '../../src/postfix/evaluator/opinion.js'
import type { Scenario } from '../../src/postfix/evaluator/scenario.js'
import { readCidrTable, readTextTable } from '../../src/postfix/evaluator/tables.js'
import { parseMainCf } from '../../src/postfix/main-cf.js'
import { parseMasterCf } from '../../src/postfix/master-cf.js'
import { effectiveSettings, isChrooted } from '../../src/postfix/settings.js'

const BASE =
  'compatibility_level = 3.6\nmydestination = example.test\nmynetworks = 127.0.0.0/8\nlocal_recipient_maps =\n'
const OUTSIDE: Scenario = {
  client: { address: '203.0.113.99' },
  helo: 'probe.example',
  sender: 'a@sender.example',
  recipient: 'alice@example.test',
}
const GREYLISTER: readonly Opinion[] = ['dunno', 'defer_if_permit']
const ASK = 'check_policy_service inet:127.0.0.1:10023'

function settings(more: string, version = '3.7.11') {
  return effectiveSettings(parseMainCf(BASE + more), { version })
}

function outcomes(more: string, scenario: Partial<Scenario> = {}, policy: readonly Opinion[] = GREYLISTER) {
  return evaluate(settings(more), { ...OUTSIDE, ...scenario }, { policy: () => policy }).outcomes
}

describe('the evaluator', () => {
  it.each<[string, string, Partial<Scenario>, readonly string[]]>([
    ['defaults, to own', '', {}, ['accepted']],
    ['defaults, relaying', '', { recipient: 'b@elsewhere.example' }, ['deferred']],
    ['own network', '', { client: { address: '127.0.0.1' }, recipient: 'b@elsewhere.example' }, ['accepted']],
    [
      'defer_if_permit, then a refusal',
      'smtpd_recipient_restrictions = defer_if_permit, reject\n',
      {},
      ['refused'],
    ],
    ['defer_if_reject', 'smtpd_recipient_restrictions = defer_if_reject, reject\n', {}, ['deferred']],
    [
      'defer_if_reject is forgotten behind the sender list',
      'smtpd_sender_restrictions = defer_if_reject\nsmtpd_recipient_restrictions = reject\n',
      {},
      ['refused'],
    ],
    [
      'both remembered leave the list',
      'smtpd_sender_restrictions = defer_if_permit, defer_if_reject, reject\n',
      {},
      ['deferred'],
    ],
    ['a permit ends its list alone', 'smtpd_client_restrictions = permit, reject\n', {}, ['accepted']],
    ['warn_if_reject', 'smtpd_recipient_restrictions = warn_if_reject reject\n', {}, ['accepted']],
    [
      'warn_if_reject before a class',
      'smtpd_restriction_classes = c\nc = reject\nsmtpd_recipient_restrictions = warn_if_reject c\n',
      {},
      ['accepted'],
    ],
    [
      'the name of a class is not folded',
      'smtpd_restriction_classes = c\nc = permit\nsmtpd_recipient_restrictions = C\n',
      {},
      ['error'],
    ],
    ['an unknown restriction', 'smtpd_recipient_restrictions = greylist\n', {}, ['error']],
    ['an argument is missing', 'smtpd_recipient_restrictions = check_policy_service\n', {}, ['error']],
    [
      'an inline table',
      'smtpd_client_restrictions = check_client_access inline:{ 203.0.113=REJECT }\n',
      {},
      ['refused'],
    ],
    ['a static table', 'smtpd_sender_restrictions = static:DEFER\n', {}, ['deferred']],
    [
      'OK for a name that anybody may claim',
      'smtpd_client_restrictions = check_reverse_client_hostname_access static:OK\n',
      {},
      ['error'],
    ],
    [
      'a table not at hand',
      'smtpd_recipient_restrictions = hash:/x\n',
      {},
      ['deferred', 'accepted', 'refused', 'error'],
    ],
    ['soft_bounce', 'soft_bounce = yes\nsmtpd_recipient_restrictions = reject\n', {}, ['deferred']],
    [
      'the list of an early phase',
      'smtpd_delay_reject = no\nsmtpd_client_restrictions = check_recipient_access static:REJECT\n',
      {},
      ['accepted'],
    ],
    ['a milter', 'smtpd_milters = inet:127.0.0.1:8891\n', {}, ['accepted', 'deferred', 'refused']],
    ['a greylister', `smtpd_recipient_restrictions = ${ASK}\n`, {}, ['accepted', 'deferred']],
    ['a class without entries', 'smtpd_restriction_classes = c\nc =\n', {}, ['no-service']],
    [
      'a policy server that is none, in a list that nothing leads to',
      'smtpd_etrn_restrictions = check_policy_service tcp:127.0.0.1:1\n',
      {},
      ['no-service'],
    ],
    [
      'warn_if_reject at the end of a list',
      'smtpd_relay_restrictions = reject_unauth_destination, warn_if_reject\nsmtpd_recipient_restrictions = reject\n',
      {},
      ['refused'],
    ],
    [
      'a mail thrown away at HELO, where there is none yet',
      'smtpd_delay_reject = no\nsmtpd_helo_restrictions = static:DISCARD\nsmtpd_sender_restrictions = reject\n',
      {},
      ['refused'],
    ],
    [
      'the rest of the list behind it, too',
      'smtpd_delay_reject = no\nsmtpd_helo_restrictions = static:DISCARD, reject\n',
      {},
      ['refused'],
    ],
    [
      'a mail that a proxy filter has cannot be thrown away',
      'smtpd_proxy_filter = 127.0.0.1:10025\nsmtpd_helo_restrictions = static:DISCARD, reject\n',
      {},
      ['refused'],
    ],
    ['data lists are not asked', 'smtpd_data_restrictions = reject\n', {}, ['accepted']],
  ])('%s', (_, more, scenario, expected) => {
    expect([...outcomes(more, scenario)].sort()).toEqual([...expected].sort())
  })

  it('asks the lists behind RCPT TO where it shall', () => {
    const asked = evaluate(settings('smtpd_data_restrictions = reject\n'), OUTSIDE, { data: true })
    expect(asked.outcomes).toEqual(['refused'])
  })

  it('follows ETRN through its own lists', () => {
    const { client, helo } = OUTSIDE
    const etrn = (more: string) =>
      evaluateEtrn(settings(more), { client, helo, domain: 'sub.own.example' }).outcomes
    expect(etrn('smtpd_recipient_restrictions = reject\n')).toEqual(['accepted'])
    expect(etrn('smtpd_helo_restrictions = defer_if_permit\n')).toEqual(['deferred'])
    expect(etrn('smtpd_etrn_restrictions = check_etrn_access inline:{own.example=REJECT}\n')).toEqual([
      'refused',
    ])
    expect(etrn('smtpd_etrn_restrictions = static:DISCARD, reject\n')).toEqual(['refused'])
  })

  it('names the policy server, its list and its place', () => {
    const more = `smtpd_restriction_classes = c\nc = permit_mynetworks, warn_if_reject ${ASK}\nsmtpd_recipient_restrictions = reject_unlisted_recipient, c, check_policy_service { unix:private/spf, timeout=1s }\n`
    const { asked } = evaluate(settings(more), OUTSIDE, { policy: () => GREYLISTER })
    expect(asked).toMatchObject([
      {
        list: 'smtpd_recipient_restrictions',
        position: 3,
        endpoint: 'inet:127.0.0.1:10023',
        warnOnly: true,
        certain: true,
      },
      { position: 4, endpoint: 'unix:private/spf', warnOnly: false, certain: true },
    ])
    expect(evaluate(settings(more), { ...OUTSIDE, client: { address: '127.0.0.1' } }).asked).toEqual([])
  })

  it('says why it does not know, and what may be', () => {
    const more = `smtpd_recipient_restrictions = reject_rbl_client zen.example, ${ASK}\n`
    const answer = evaluate(settings(more), OUTSIDE, { policy: () => ['dunno'] })
    expect(answer.outcomes).toEqual(expect.arrayContaining(['accepted', 'refused', 'deferred']))
    expect(answer.doubts.join()).toMatch(/reject_rbl_client: a DNS list would have to be asked/)
    expect(answer.asked).toMatchObject([{ certain: false }])
  })

  it.each([
    ['2.9.6', '', ['refused']],
    ['2.11.0', '', ['deferred']],
    ['3.7.11', 'compatibility_level = 0\nsmtpd_recipient_restrictions = permit_mynetworks\n', ['no-service']],
    ['3.9.1', 'smtpd_relay_restrictions = check_relay_domains\n', ['error']],
  ])('knows the defaults of Postfix %s', (version, more, expected) => {
    const relay = { ...OUTSIDE, recipient: 'b@elsewhere.example' }
    expect(evaluate(settings(more, version), relay).outcomes).toEqual(expected)
  })

  it('reads tables that are at hand', () => {
    const networks = readCidrTable('# c\n10.0.0.0/8 OK\n!203.0.113.0/24\tDUNNO\n[2001:db8::]/32 REJECT\n')
    expect(
      ['10.1.1.1', '203.0.113.1', '198.51.100.1', '2001:db8::1', 'name'].map((key) => networks?.(key)),
    ).toEqual(['OK', undefined, 'DUNNO', 'REJECT', undefined])
    expect(readCidrTable('if 10.0.0.0/8\n10.1.0.0/16 OK\nendif\n')).toBeUndefined()
    const senders = readTextTable('A@b.example  REJECT no\n  more\n# x\n')
    expect(senders('a@B.example')).toMatch(/^REJECT no\s+more$/)
    const more = 'smtpd_sender_restrictions = hash:/etc/postfix/s\n'
    const tables = (spec: string) =>
      spec === 'hash:/etc/postfix/s' ? readTextTable('sender.example REJECT') : undefined
    const asked = evaluate(settings(more), { ...OUTSIDE, sender: 'x@sub.sender.example' }, { tables })
    expect(asked.outcomes).toEqual(['refused'])
  })
})

describe('the settings of a service', () => {
  const main = parseMainCf(
    'compatibility_level = 3.6\nmua = reject\nx = $mua\nsmtpd_client_restrictions = permit\n',
  )
  const master = parseMasterCf(
    'smtp inet n - - - - smtpd\nsubmission inet n - y - - smtpd\n -o smtpd_client_restrictions=$x -o mua=permit_sasl_authenticated,reject\n',
  )
  it('puts overrides over main.cf, also in what it refers to', () => {
    const [smtp, submission] = master.services.map((service) => effectiveSettings(main, { service }))
    expect(smtp?.get('smtpd_client_restrictions')).toBe('permit')
    expect(submission?.get('smtpd_client_restrictions')).toBe('permit_sasl_authenticated,reject')
    expect(smtp?.get('smtpd_relay_before_recipient_restrictions')).toBe('yes')
  })

  it('knows who is chrooted', () => {
    const chrooted = (text: string, version: string) =>
      master.services.map((service) =>
        isChrooted(service, effectiveSettings(parseMainCf(text), { service, version })),
      )
    expect(chrooted('compatibility_level = 2\n', '3.7.11')).toEqual([false, true])
    expect(chrooted('', '3.7.11')).toEqual([true, true])
    expect(chrooted('', '2.11.0')).toEqual([true, true])
  })
})
