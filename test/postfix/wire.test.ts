import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GreyctlError } from '../../src/errors.js'
import { parseMainCf, parseMainCfBytes } from '../../src/postfix/main-cf.js'
import { unwireGreylisting, wireGreylisting } from '../../src/postfix/wire.js'
import { corpusFiles } from './corpora.js'

const endpoint = 'inet:127.0.0.1:10023'
const COMMENT = '# greylisting by greyctl (greyctl uninstall takes this out)'
const PARAMETER =
  'greyctl_check = check_policy_service { inet:127.0.0.1:10023, timeout=10s, default_action=DUNNO }'
const BLOCK = `${COMMENT}\n${PARAMETER}\n`
const RELAY =
  'smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination\n'
const LIST = 'smtpd_recipient_restrictions'

interface Case {
  readonly what: string
  readonly before: string
  readonly after: string
  readonly warnings?: readonly string[]
}

const cases: readonly Case[] = [
  {
    what: 'no list: one is made',
    before: `compatibility_level = 3.6\n${RELAY}`,
    after: `compatibility_level = 3.6\n${RELAY}${BLOCK}${LIST} = permit_mynetworks, permit_sasl_authenticated, $greyctl_check\n`,
  },
  {
    what: 'no list, and the relay list is empty: the new list holds the guard',
    before: 'compatibility_level = 3.6\nsmtpd_relay_restrictions =\n',
    after: `compatibility_level = 3.6\nsmtpd_relay_restrictions =\n${BLOCK}${LIST} = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, $greyctl_check\n`,
  },
  {
    what: 'no list and compatibility level 0, whose relay list is empty',
    before: 'myhostname = a\n',
    after: `myhostname = a\n${BLOCK}${LIST} = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, $greyctl_check\n`,
  },
  {
    what: 'an empty list is filled in place',
    before: `${RELAY}${LIST} =  \nfoo = bar\n`,
    after: `${RELAY}${LIST} = permit_mynetworks, permit_sasl_authenticated, $greyctl_check  \nfoo = bar\n# greylisting by greyctl, in a list that was empty (greyctl uninstall empties it again)\n${PARAMETER}\n`,
  },
  {
    what: 'one line with commas',
    before: `${LIST} = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination\n`,
    after: `${LIST} = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, $greyctl_check\n${BLOCK}`,
  },
  {
    what: 'one line with blanks, before permit',
    before: `${LIST}=permit_mynetworks permit_sasl_authenticated reject_unauth_destination permit\n`,
    after: `${LIST}=permit_mynetworks permit_sasl_authenticated reject_unauth_destination $greyctl_check permit\n${BLOCK}`,
  },
  {
    what: 'commas without blanks, no last line feed',
    before: `${LIST} = permit_mynetworks,permit_sasl_authenticated,reject_unauth_destination`,
    after: `${LIST} = permit_mynetworks,permit_sasl_authenticated,reject_unauth_destination,$greyctl_check\n${COMMENT}\n${PARAMETER}`,
  },
  {
    what: 'one entry a line, comma at the end, CRLF',
    before: `${LIST} =\r\n    permit_mynetworks,\r\n    permit_sasl_authenticated,\r\n    reject_unauth_destination,\r\n\r\nfoo = bar\r\n`,
    after: `${LIST} =\r\n    permit_mynetworks,\r\n    permit_sasl_authenticated,\r\n    reject_unauth_destination,\r\n    $greyctl_check,\r\n\r\nfoo = bar\r\n${COMMENT}\r\n${PARAMETER}\r\n`,
  },
  {
    what: 'tabs, no commas, comments between and after, reject at the end',
    before: `${LIST} = permit_mynetworks\n\tpermit_sasl_authenticated\n\t# the guard\n\treject_unauth_destination\n# lists\n\treject_rbl_client zen.example.org\n\n\t# nobody else\n\tpermit_auth_destination\n\treject\n\t# end\nfoo = bar\n`,
    after: `${LIST} = permit_mynetworks\n\tpermit_sasl_authenticated\n\t# the guard\n\treject_unauth_destination\n# lists\n\treject_rbl_client zen.example.org\n\t$greyctl_check\n\n\t# nobody else\n\tpermit_auth_destination\n\treject\n\t# end\nfoo = bar\n${BLOCK}`,
  },
  {
    what: 'a comment after the last entry',
    before: `${LIST} =\n  permit_mynetworks,\n  permit_sasl_authenticated,\n  reject_unauth_destination\n  # reject_rbl_client x.example.org\n`,
    after: `${LIST} =\n  permit_mynetworks,\n  permit_sasl_authenticated,\n  reject_unauth_destination,\n  $greyctl_check\n  # reject_rbl_client x.example.org\n${BLOCK}`,
  },
  {
    what: 'comma first',
    before: `${LIST} = permit_mynetworks\n  , permit_sasl_authenticated\n  , reject_unauth_destination\n`,
    after: `${LIST} = permit_mynetworks\n  , permit_sasl_authenticated\n  , reject_unauth_destination\n  , $greyctl_check\n${BLOCK}`,
  },
  {
    what: 'two entries a line',
    before: `${LIST} = permit_mynetworks, permit_sasl_authenticated,\n reject_unauth_destination, reject_unlisted_recipient, permit\n`,
    after: `${LIST} = permit_mynetworks, permit_sasl_authenticated,\n reject_unauth_destination, reject_unlisted_recipient, $greyctl_check, permit\n${BLOCK}`,
  },
  {
    what: 'arguments and braces stay together',
    before: `${LIST} = permit_mynetworks, permit_sasl_authenticated, check_client_access { cidr:/a, x=y }, check_policy_service { unix:p, default_action=451 4.3.5 no }, warn_if_reject reject_rbl_client a.example\n${RELAY}`,
    after: `${LIST} = permit_mynetworks, permit_sasl_authenticated, check_client_access { cidr:/a, x=y }, check_policy_service { unix:p, default_action=451 4.3.5 no }, warn_if_reject reject_rbl_client a.example, $greyctl_check\n${RELAY}${BLOCK}`,
  },
  {
    what: 'the only entry, on a line of its own',
    before: `${RELAY}${LIST} =\n    reject_unlisted_recipient\n`,
    after: `${RELAY}${LIST} =\n    reject_unlisted_recipient,\n    $greyctl_check\n${COMMENT}\ngreyctl_check = permit_mynetworks, permit_sasl_authenticated, ${PARAMETER.slice('greyctl_check = '.length)}\n`,
  },
  {
    what: 'a permit alone: the own clients are exempted in the parameter',
    before: `${RELAY}${LIST} = permit\n`,
    after: `${RELAY}${LIST} = $greyctl_check, permit\n${COMMENT}\ngreyctl_check = permit_mynetworks, permit_sasl_authenticated, ${PARAMETER.slice('greyctl_check = '.length)}\n`,
  },
  {
    what: 'permits after the end of the list: a warning',
    before: `${RELAY}${LIST} = permit_auth_destination,\n permit_mynetworks,\n reject\n`,
    after: `${RELAY}${LIST} = $greyctl_check,\n permit_auth_destination,\n permit_mynetworks,\n reject\n${BLOCK}`,
    warnings: ['own-networks-asked', 'authenticated-asked'],
  },
  {
    what: 'a permit in the middle',
    before: `${RELAY}${LIST} = permit_mynetworks, permit_sasl_authenticated, permit, reject_unlisted_recipient\n`,
    after: `${RELAY}${LIST} = permit_mynetworks, permit_sasl_authenticated, $greyctl_check, permit, reject_unlisted_recipient\n${BLOCK}`,
    warnings: ['list-ends-early'],
  },
  {
    what: 'a reference: after it',
    before: `mine = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination\n${LIST} = $mine\n`,
    after: `mine = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination\n${LIST} = $mine, $greyctl_check\n${BLOCK}`,
  },
  {
    what: 'a reference that ends the list: inside it',
    before: `mine = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, permit\n${LIST} = $mine\n`,
    after: `mine = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, $greyctl_check, permit\n${LIST} = $mine\n${BLOCK}`,
  },
  {
    what: 'a reference that ends the list and is used elsewhere: in front, with warnings',
    before: `mine = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, permit\n${LIST} = $mine\nmua = $mine\n`,
    after: `mine = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, permit\n${LIST} = $greyctl_check, $mine\nmua = $mine\n${BLOCK}`,
    warnings: ['own-networks-asked', 'authenticated-asked', 'before-relay-guard'],
  },
  {
    what: 'a class that ends the list',
    before: `smtpd_restriction_classes = last\nlast = reject_unlisted_recipient, permit\n${LIST} = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, last\n`,
    after: `smtpd_restriction_classes = last\nlast = reject_unlisted_recipient, permit\n${LIST} = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, $greyctl_check, last\n${BLOCK}`,
  },
  {
    what: 'the last definition counts',
    before: `${LIST} = reject\n${LIST} = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination\n`,
    after: `${LIST} = reject\n${LIST} = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, $greyctl_check\n${BLOCK}`,
  },
  {
    what: 'no guard anywhere: said, nothing changed about it',
    before: `smtpd_relay_restrictions =\n${LIST} = permit_mynetworks, permit_sasl_authenticated\n`,
    after: `smtpd_relay_restrictions =\n${LIST} = permit_mynetworks, permit_sasl_authenticated, $greyctl_check\n${BLOCK}`,
    warnings: ['no-relay-guard'],
  },
]

describe('wire and unwire', () => {
  it.each(cases)('$what', ({ before, after, warnings }) => {
    const wired = wireGreylisting(parseMainCf(before), { endpoint })
    expect(wired.cf.toString()).toBe(after)
    expect(wired.warnings.map((warning) => warning.code)).toEqual(warnings ?? [])
    const again = wireGreylisting(wired.cf, { endpoint })
    expect(again.changed).toBe(false)
    expect(unwireGreylisting(wired.cf).toString()).toBe(before)
  })

  it.each(corpusFiles(/main\.cf/))('real file $name', ({ name, bytes }) => {
    const cf = parseMainCfBytes(bytes, name)
    if (cf.problems.some((problem) => problem.fatal)) {
      expect(caught(() => wireGreylisting(cf, { endpoint })).where).toBe(`${name}:${cf.problems[0]?.line}`)
      return
    }
    const wired = wireGreylisting(cf, { endpoint })
    expect(wired.changed).toBe(true)
    expect(unwireGreylisting(wired.cf).toBytes().equals(bytes)).toBe(true)
    expect(wireGreylisting(wired.cf, { endpoint }).changed).toBe(false)
  })

  it('takes a warn_if_reject that is the argument of another restriction for what it is', () => {
    const before = `${LIST} = check_client_access\twarn_if_reject\n`
    expect(unwireGreylisting(wireGreylisting(parseMainCf(before), { endpoint }).cf).toString()).toBe(before)
  })

  it('refuses a list in which a form feed is a word: its line would become a blank one', () => {
    const error = caught(() =>
      wireGreylisting(parseMainCf(`${LIST} = permit_mynetworks\n \f,\n`), { endpoint }),
    )
    expect(error).toMatchObject({ code: 'config-invalid', where: expect.stringMatching(/:2$/) })
  })

  it('says where the word stands', () => {
    const { placement, createdList } = wireGreylisting(parseMainCf(cases[9]?.before ?? ''), { endpoint })
    expect(createdList).toBe(false)
    expect(placement).toEqual({
      parameter: LIST,
      line: 5,
      after: 'reject_unauth_destination',
      before: undefined,
      reason: 'last in the list, after the relay guard: what refuses for good is asked first',
    })
  })
})

describe('any text', () => {
  const fragments = fc.constantFrom(
    ...[
      LIST,
      LIST,
      '\n',
      '\n',
      '\r\n',
      '\r',
      ' ',
      '\t',
      '=',
      ' = ',
      ',',
      '#',
      '\n#',
      '\n ',
      '\n\t# x\n  ',
      '\f',
      '\u00a0',
    ],
    ...[
      'permit_mynetworks',
      'permit',
      'reject',
      'check_client_access',
      'hash:/a',
      'warn_if_reject',
      '{ a, b }',
      'a',
      '$a',
    ],
    ...['permit_mynetworks, permit_sasl_authenticated', 'permit_sasl_authenticated', '{', '}', '\na = '],
    ...[`\n${LIST} = `, `\n${LIST} =`, `\n${COMMENT}\n`, '\nsmtpd_relay_restrictions ='],
  )
  it('comes back as it was, wherever it can be wired', () => {
    let wired = 0
    fc.assert(
      fc.property(fc.array(fragments, { maxLength: 25 }), (parts) => {
        const text = parts.join('')
        const cf = attempt(() => wireGreylisting(parseMainCf(text), { endpoint }).cf)
        if (cf === undefined) return
        wired += 1
        expect(unwireGreylisting(cf).toString()).toBe(text)
        expect(wireGreylisting(cf, { endpoint }).changed).toBe(false)
      }),
      { numRuns: 1500 },
    )
    expect(wired).toBeGreaterThan(75)
  })
})

describe('another endpoint', () => {
  it.each([
    [PARAMETER, PARAMETER.replace('inet:127.0.0.1:10023', 'unix:private/greyctl')],
    [
      'greyctl_check = check_policy_service\n  { inet:127.0.0.1:10023,\n    timeout=99s }',
      'greyctl_check = check_policy_service\n  { unix:private/greyctl,\n    timeout=99s }',
    ],
    [
      'greyctl_check = check_policy_service inet:127.0.0.1:1',
      'greyctl_check = check_policy_service unix:private/greyctl',
    ],
  ])('is written into %j, and nothing else', (before, after) => {
    const list = `${LIST} = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination, $greyctl_check\n`
    const wired = wireGreylisting(parseMainCf(`${list}${before}\n`), { endpoint: 'unix:private/greyctl' })
    expect(wired.cf.toString()).toBe(`${list}${after}\n`)
    expect(wired.warnings).toEqual([])
  })
})

describe('unwire after somebody edited', () => {
  const guarded = 'permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination'
  it.each([
    ['the word moved', `${LIST} = $greyctl_check, ${guarded}\n${BLOCK}`, `${LIST} = ${guarded}\n`],
    [
      'in another list',
      `smtpd_data_restrictions = a, $greyctl_check\n${BLOCK}`,
      'smtpd_data_restrictions = a\n',
    ],
    ['in two lists', `a = $greyctl_check x\nb = x $greyctl_check\n${BLOCK}`, 'a = x\nb = x\n'],
    ['twice in a list', `a = $greyctl_check x $greyctl_check, $greyctl_check y\n${BLOCK}`, 'a = x y\n'],
    ['other spellings', `a = x \${greyctl_check} y, $(greyctl_check)\n${BLOCK}`, 'a = x y\n'],
    [
      'warn_if_reject before it',
      `a = x, warn_if_reject $greyctl_check, reject_y\n${BLOCK}`,
      'a = x, reject_y\n',
    ],
    ['alone in a list', `a = $greyctl_check\nb = c\n${BLOCK}`, 'a =\nb = c\n'],
    ['alone on its line', `a =\n   $greyctl_check\nb = c\n${BLOCK}`, 'a =\nb = c\n'],
    [
      'comments around it',
      `a =\n   x,\n   # ours\n   $greyctl_check,\n   # next\n   y\n${BLOCK}`,
      'a =\n   x,\n   # ours\n   # next\n   y\n',
    ],
    [
      'the parameter reformatted',
      `a = x, $greyctl_check\n${COMMENT}\ngreyctl_check =\n  # slow machine\n  check_policy_service {\n inet:127.0.0.1:10023,\n timeout=60s }\nb = c\n`,
      'a = x\n  # slow machine\nb = c\n',
    ],
    [
      'the parameter moved away from its comment',
      `greyctl_check = check_policy_service inet:x:1\na = x, $greyctl_check\n${COMMENT}\n`,
      `a = x\n${COMMENT}\n`,
    ],
    ['the parameter emptied', `a = x, $greyctl_check\n${COMMENT}\ngreyctl_check =\n`, 'a = x\n'],
    [
      'the parameter twice',
      `greyctl_check = check_policy_service x\na = x, $greyctl_check\n${BLOCK}`,
      'a = x\n',
    ],
    ['the parameter gone', 'a = x, $greyctl_check\n', 'a = x\n'],
    [
      'a list that greyctl made, with an entry more',
      `${BLOCK}${LIST} = permit_mynetworks, permit_sasl_authenticated, reject_unlisted_recipient, $greyctl_check\n`,
      `${LIST} = permit_mynetworks, permit_sasl_authenticated, reject_unlisted_recipient\n`,
    ],
    [
      'settings added below',
      `a = b\n${BLOCK}${LIST} = permit_mynetworks, permit_sasl_authenticated, $greyctl_check\nc = d\n`,
      'a = b\nc = d\n',
    ],
    [
      'broken lines elsewhere',
      `what is this\n  and this\n= x\n${LIST} = ${guarded}, $greyctl_check\n}\n${BLOCK}\0`,
      `what is this\n  and this\n= x\n${LIST} = ${guarded}\n}\n\0`,
    ],
    [
      'somebody else’s parameter',
      'greyctl_check = permit\na = $greyctl_check\n',
      'greyctl_check = permit\na = $greyctl_check\n',
    ],
    ['nothing there', 'a = b\n', 'a = b\n'],
  ])('%s', (_, before, after) => {
    expect(unwireGreylisting(parseMainCf(before)).toString()).toBe(after)
  })
})

describe('refusals and old versions', () => {
  const list = `${LIST} = permit_mynetworks, reject_unauth_destination\n`
  it.each([
    ['a parameter of the name', `${list}greyctl_check = permit\n`, 'name-taken', 2],
    [
      'a class of the name',
      `${list}smtpd_restriction_classes = x greyctl_check\ngreyctl_check = check_policy_service a\n`,
      'name-taken',
      2,
    ],
    ['a restriction of the name', `${LIST} = greyctl_check\n`, 'name-taken', 1],
    ['a line that is no setting', `${list}reject\n`, 'config-invalid', 2],
    [
      'an argument missing',
      `${LIST} = reject_unauth_destination, check_client_access\n`,
      'config-invalid',
      1,
    ],
    ['a brace left open', `a = b\n${LIST} = x,\n check_policy_service { inet:a:1, y\n`, 'config-invalid', 3],
  ])('%s', (_, text, code, line) => {
    const error = caught(() => wireGreylisting(parseMainCf(text, '/m'), { endpoint }))
    expect(error).toMatchObject({ code, where: `/m:${line}` })
  })

  it('a parameter that contains itself', () => {
    const cf = parseMainCf(`a = $b\nb = $a $a\n${LIST} = $a\n`)
    expect(caught(() => wireGreylisting(cf, { endpoint })).code).toBe('config-invalid')
  })

  it('postfix before 3.0 gets what it can read', () => {
    const cf = parseMainCf(list)
    const old = wireGreylisting(cf, { endpoint, postfixVersion: '2.11.3' }).cf
    expect(old.get('greyctl_check')?.value).toBe(
      `permit_sasl_authenticated, check_policy_service ${endpoint}`,
    )
    expect(unwireGreylisting(old).toString()).toBe(list)
    const recent = wireGreylisting(cf, { endpoint, postfixVersion: '3.10-20250117' }).cf
    expect(recent.get('greyctl_check')?.value).toContain('default_action=DUNNO }')
  })

  it.each([
    '',
    'tcp:1',
    'inet:a',
    'inet:a b:1',
    'unix:',
    'unix:a,b',
    'inet:h:1 }',
    'unix:$x',
    'inet:h:1\nx = y',
  ])('endpoint %j', (bad) => {
    expect(caught(() => wireGreylisting(parseMainCf(list), { endpoint: bad })).code).toBe('usage')
  })
})

/** undefined for what wire refuses: it does so with an error for people. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch (error) {
    if (error instanceof GreyctlError && error.code !== 'internal') return undefined
    throw error
  }
}

function caught(action: () => unknown): GreyctlError {
  try {
    action()
  } catch (error) {
    if (error instanceof GreyctlError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
