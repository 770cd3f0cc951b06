import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseMainCf } from '../../src/postfix/main-cf.js'
import { findPolicyServices } from '../../src/postfix/policy-services.js'
import { flattenClasses, readRestrictions, tokensOf } from '../../src/postfix/restriction-list.js'
import { configurations } from './configurations.js'

function read(text: string, list = 'l') {
  const cf = parseMainCf(text)
  const definition = cf.get(list)
  if (definition === undefined) throw new Error(`no ${list}`)
  return { cf, definition, ...readRestrictions(cf, definition) }
}

describe('words of a list', () => {
  it.each([
    ['l = a, b c\n', ['a', 'b', 'c']],
    ['l = ,, a ,\tb,\n', ['a', 'b']],
    ['l =\n  a,\n # no\n\n  b\n# no\n  c\n', ['a', 'b', 'c']],
    ['l = a\r\n  b\r\n', ['a', 'b']],
    ['l = x { a, b { c, d } }y z\n', ['x', '{ a, b { c, d } }y', 'z']],
    [`l = \${a?{b, c}} d\n`, [`\${a?{b, c}}`, 'd']],
    ['l = a } b\n', ['a', '}', 'b']],
    ['l = a # b\n', ['a', '#', 'b']],
    ['l =\n', []],
  ])('%j', (text, words) => {
    const { definition } = read(text)
    expect(tokensOf(definition).map((token) => token.text)).toEqual(words)
  })

  it('stand where they say', () => {
    fc.assert(
      fc.property(configurations, (text) => {
        const cf = parseMainCf(text)
        for (const definition of cf.definitions) {
          for (const token of tokensOf(definition))
            expect(text.slice(token.start, token.end)).toBe(token.text)
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('restrictions with their arguments', () => {
  it.each([
    [
      'l = Permit_MyNetworks CHECK_client_access Hash:/A\n',
      ['permit_mynetworks', 'check_client_access Hash:/A'],
      '',
    ],
    ['l = warn_if_reject reject_rbl_client a.b, sleep 3\n', ['warn reject_rbl_client a.b', 'sleep 3'], ''],
    ['l = warn_if_reject warn_if_reject reject\n', ['warn reject'], ''],
    [
      'l = check_policy_service { unix:p, x=y }, hash:/a\n',
      ['check_policy_service { unix:p, x=y }', 'hash:/a'],
      '',
    ],
    ['a = reject_rhsbl_helo\nl = $a b.c permit\n', ['reject_rhsbl_helo b.c', 'permit'], ''],
    ['l = reject, check_sender_access\n', ['reject'], 'check_sender_access'],
    ['l = permit_dnswl_client x warn_if_reject\n', ['permit_dnswl_client x'], 'warn_if_reject'],
    [
      'l = reject_unverified_recipient permit_mx_backup\n',
      ['reject_unverified_recipient', 'permit_mx_backup'],
      '',
    ],
  ])('%j', (text, expected, unfinished) => {
    const list = read(text)
    const shown = list.entries.map(({ warnIfReject, name, argument }) =>
      [warnIfReject ? 'warn' : '', name, argument ?? ''].filter((part) => part !== '').join(' '),
    )
    expect(shown).toEqual(expected)
    expect(list.unfinished ?? '').toBe(unfinished)
  })

  it('leave gaps only between whole restrictions', () => {
    const { gapAfter } = read(
      'a = check_client_access\nl = permit sleep 1 $a hash:/x warn_if_reject reject_rbl_client z\n',
    )
    expect(gapAfter).toEqual([true, false, true, false, true, false, false, true])
  })

  it('follow classes, also into each other', () => {
    const { cf, entries } = read(
      'smtpd_restriction_classes = k, m\nk = reject_a, m\nm = permit\nl = x, warn_if_reject k, y\n',
    )
    expect(flattenClasses(cf, entries)).toMatchObject([
      { name: 'x', warnIfReject: false, first: 0 },
      { name: 'reject_a', warnIfReject: true, first: 1, last: 2 },
      { name: 'permit', warnIfReject: true, first: 1, last: 2 },
      { name: 'y', warnIfReject: false, first: 3 },
    ])
  })

  it('are found by their exact names, unlike restrictions (smtpd folds these alone)', () => {
    const { cf, entries } = read('smtpd_restriction_classes = Grey\nGrey = reject_a\nl = grey, Grey, GREY\n')
    expect(flattenClasses(cf, entries).map(({ word }) => word)).toEqual(['grey', 'reject_a', 'GREY'])
  })

  it('do not hide a restriction of the same name', () => {
    const { cf, entries } = read('smtpd_restriction_classes = permit\npermit = reject_a\nl = permit\n')
    expect(flattenClasses(cf, entries).map(({ name }) => name)).toEqual(['permit'])
  })

  it('do not follow a class into itself for ever', () => {
    const { cf, entries } = read('smtpd_restriction_classes = k\nk = reject_a, k\nl = k\n')
    expect(flattenClasses(cf, entries).at(-1)?.name).toBe('k')
  })
})

describe('findPolicyServices', () => {
  it('finds them in lists, references and classes', () => {
    const cf = parseMainCf(
      [
        'smtpd_restriction_classes = grey',
        'grey = check_policy_service inet:127.0.0.1:10023',
        'spf = check_policy_service unix:private/policyd-spf',
        'smtpd_client_restrictions = permit_mynetworks,',
        '  Check_Policy_Service { inet:[::1]:2501, timeout=5s }',
        'smtpd_recipient_restrictions = $spf,',
        '  grey,',
        '  $greyctl_check, check_policy_service unix:/var/spool/postfix/postgrey/socket',
        'greyctl_check = permit_mynetworks, check_policy_service { inet:127.0.0.1:10024, default_action=DUNNO }',
        'unused = check_policy_service inet:127.0.0.1:9',
        '',
      ].join('\n'),
    )
    expect(findPolicyServices(cf)).toEqual([
      { list: 'smtpd_client_restrictions', endpoint: 'inet:[::1]:2501', line: 5, greylister: 'sqlgrey' },
      {
        list: 'smtpd_recipient_restrictions',
        endpoint: 'unix:private/policyd-spf',
        line: 6,
        greylister: undefined,
      },
      {
        list: 'smtpd_recipient_restrictions',
        endpoint: 'inet:127.0.0.1:10024',
        line: 8,
        greylister: 'greyctl',
      },
      {
        list: 'smtpd_recipient_restrictions',
        endpoint: 'unix:/var/spool/postfix/postgrey/socket',
        line: 8,
        greylister: 'postgrey',
      },
      { list: 'grey', endpoint: 'inet:127.0.0.1:10023', line: 2, greylister: 'postgrey' },
    ])
  })

  it('finds none where there is none', () => {
    expect(findPolicyServices(parseMainCf('smtpd_recipient_restrictions = permit\n'))).toEqual([])
  })
})
