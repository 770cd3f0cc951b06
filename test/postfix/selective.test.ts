import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseMainCf } from '../../src/postfix/main-cf.js'
import { findPolicyServices } from '../../src/postfix/policy-services.js'
import { unwireGreylisting, type WireOptions, wireGreylisting } from '../../src/postfix/wire.js'

const ALL: WireOptions = { endpoint: 'inet:127.0.0.1:10023' }
const SOME: WireOptions = { ...ALL, selective: 'regexp:/etc/postfix/check_client_greylist' }
const LIST =
  'smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination\n'

const wire = (text: string, options: WireOptions) => wireGreylisting(parseMainCf(text), options).cf.toString()
const unwire = (text: string) => unwireGreylisting(parseMainCf(text)).toString()

describe('selective greylisting in main.cf', () => {
  it('is the parameter, a class and one word in the list of classes', () => {
    expect(wire(LIST, SOME)).toBe(`${LIST.trim()}, $greyctl_check
# greylisting by greyctl (greyctl uninstall takes this out)
greyctl_check = check_client_access regexp:/etc/postfix/check_client_greylist
# greylisting by greyctl: what its table of clients names (greyctl uninstall takes this out)
check_greylist = check_policy_service { inet:127.0.0.1:10023, timeout=10s, default_action=DUNNO }
smtpd_restriction_classes = check_greylist
`)
  })

  it('keeps classes that are there', () => {
    const text = `smtpd_restriction_classes =\n  strict,\n  # why\n  loose\nstrict = reject\nloose = permit\n${LIST}`
    const wired = wire(text, SOME)
    expect(wired).toContain('smtpd_restriction_classes =\n  strict,\n  # why\n  loose,\n  check_greylist\n')
    expect(unwire(wired)).toBe(text)
  })

  it('is known as ours, not as another greylister', () => {
    const services = findPolicyServices(parseMainCf(wire(LIST, SOME)))
    expect(services.map(({ list, greylister }) => [list, greylister])).toEqual([
      ['check_greylist', 'greyctl'],
    ])
  })

  it('refuses a class of that name that somebody made, and names the line', () => {
    const tutorial = `smtpd_restriction_classes = check_greylist\ncheck_greylist = check_policy_service inet:127.0.0.1:10023\n${LIST}`
    expect(() => wire(tutorial, SOME)).toThrow(
      expect.objectContaining({ code: 'name-taken', where: '/etc/postfix/main.cf:2' }),
    )
    expect(wire(tutorial, ALL)).toContain('check_greylist = check_policy_service inet:127.0.0.1:10023\n')
  })

  it('the list of classes stays when somebody added to it', () => {
    const edited = wire(LIST, SOME).replace(
      'smtpd_restriction_classes = check_greylist',
      'smtpd_restriction_classes = check_greylist, mine',
    )
    expect(unwire(edited)).toBe(`${LIST}smtpd_restriction_classes = mine\n`)
    expect(wire(edited, ALL)).toContain('\nsmtpd_restriction_classes = mine\n')
  })

  it('changes back and forth, to another endpoint too, and comes out byte for byte', () => {
    const bases = fc.constantFrom(
      '',
      LIST,
      LIST.trim(),
      `${LIST}# last`,
      'smtpd_recipient_restrictions =\n',
      `smtpd_restriction_classes =\n${LIST}`,
      `${LIST}smtpd_restriction_classes = strict\nstrict = reject\n`,
      `smtpd_restriction_classes = strict loose\r\nstrict = reject\r\nloose = permit\r\n${LIST.replace('\n', '\r\n')}`,
      LIST.replace(', permit_sasl_authenticated', ''),
    )
    const choice = fc.record({
      selective: fc.boolean(),
      endpoint: fc.constantFrom('inet:127.0.0.1:10023', 'inet:127.0.0.1:10024', 'unix:private/greyctl'),
    })
    fc.assert(
      fc.property(bases, fc.array(choice, { minLength: 1, maxLength: 5 }), (base, choices) => {
        let text = base
        for (const { selective, endpoint } of choices) {
          text = wire(text, { ...(selective ? SOME : ALL), endpoint })
          expect(wire(text, { ...(selective ? SOME : ALL), endpoint })).toBe(text)
        }
        const last = choices.at(-1)
        const cf = parseMainCf(text)
        const asked = cf.get(last?.selective ? 'check_greylist' : 'greyctl_check')?.value
        expect(asked).toContain(`{ ${last?.endpoint}, timeout=10s, default_action=DUNNO }`)
        expect(cf.get('check_greylist') === undefined).toBe(!last?.selective)
        expect(unwire(text)).toBe(base)
      }),
    )
  })
})
