import { describe, expect, it } from 'vitest'
import { parseMainCf } from '../../src/postfix/main-cf.js'
import { parseMasterCf } from '../../src/postfix/master-cf.js'
import { giveBack, takePlace } from '../../src/postfix/take-place.js'
import { unwireGreylisting, wireGreylisting } from '../../src/postfix/wire.js'
import { unwireMaster, wireMaster } from '../../src/postfix/wire-master.js'

const ENDPOINT = 'inet:127.0.0.1:10023'
const PARAMETER = 'greyctl_check'

describe('taking the place of another greylister', () => {
  it.each([
    [
      'in the list',
      `smtpd_recipient_restrictions = permit_mynetworks, check_policy_service ${ENDPOINT}, permit\n`,
    ],
    [
      'on lines of their own',
      `smtpd_recipient_restrictions =\n  permit_mynetworks,\n  check_policy_service\n     ${ENDPOINT}\n  # end\n`,
    ],
    [
      'with settings',
      `smtpd_recipient_restrictions = check_policy_service { ${ENDPOINT}, timeout=5s }, reject\n`,
    ],
    [
      'in the class of a tutorial',
      `smtpd_restriction_classes = check_greylist\ncheck_greylist = check_policy_service ${ENDPOINT}\nsmtpd_recipient_restrictions = check_client_access regexp:/etc/postfix/check_client_greylist\n`,
    ],
    [
      'in a parameter',
      `grey = check_policy_service ${ENDPOINT}\nsmtpd_recipient_restrictions = permit_mynetworks, $grey\n`,
    ],
    ['without a last line feed', `smtpd_recipient_restrictions = check_policy_service ${ENDPOINT}`],
  ])('%s, and giving it back byte for byte', (_, text) => {
    const taken = takePlace(parseMainCf(text), ENDPOINT, PARAMETER)
    const wired = wireGreylisting(taken?.cf ?? parseMainCf(''), { endpoint: 'inet:127.0.0.1:10024' }).cf
    expect(wired.toString().match(/check_policy_service/g)).toHaveLength(1)
    expect(wired.get(PARAMETER)?.value).toContain('inet:127.0.0.1:10024, timeout=10s, default_action=DUNNO')
    expect(unwireGreylisting(giveBack(wired, taken?.words ?? '', PARAMETER)).toString()).toBe(text)
  })

  it('leaves a definition alone that does not count, and what it cannot find', () => {
    const text = `smtpd_recipient_restrictions = check_policy_service ${ENDPOINT}\nsmtpd_recipient_restrictions = reject\n`
    expect(takePlace(parseMainCf(text), ENDPOINT, PARAMETER)).toBeUndefined()
    expect(takePlace(parseMainCf(text), 'unix:other', PARAMETER)).toBeUndefined()
  })
})

describe('a listener on port 25 with a list of its own in master.cf', () => {
  const names = { parameter: PARAMETER, list: 'smtpd_recipient_restrictions' }
  const main = parseMainCf('strict = reject_unauth_destination, reject\n')
  const service = (name: string, rest: string) =>
    `${name}      inet  n       -       y       -       -       ${rest}\n`

  it.each([
    [
      'smtp',
      'permit_mynetworks,reject_unauth_destination',
      'permit_mynetworks,reject_unauth_destination,$greyctl_check',
    ],
    [
      '192.0.2.25:smtp',
      'permit_mynetworks,reject_unauth_destination,permit',
      'permit_mynetworks,reject_unauth_destination,$greyctl_check,permit',
    ],
    ['25', 'reject', '$greyctl_check,reject'],
    ['submission', 'permit_sasl_authenticated,reject', 'permit_sasl_authenticated,reject'],
  ])('%s: %s', (name, before, after) => {
    const text = `# mine\n${service(name, `smtpd\n  -o smtpd_recipient_restrictions=${before}\n  -o syslog_name=postfix/x`)}`
    const { cf } = wireMaster(parseMasterCf(text), main, names)
    expect(cf.toString()).toBe(text.replace(before, after))
    expect(wireMaster(cf, main, names).cf.toString()).toBe(cf.toString())
    expect(unwireMaster(cf, main, names).toString()).toBe(text)
  })

  it('finds the smtpd behind postscreen, and leaves a pass service without postscreen alone', () => {
    const screened = `${service('smtp', 'postscreen')}smtpd pass - - y - - smtpd -o smtpd_recipient_restrictions=permit_mynetworks\n`
    expect(wireMaster(parseMasterCf(screened), main, names).cf.toString()).toContain(
      'permit_mynetworks,$greyctl_check',
    )
    const alone = screened.replace('postscreen', 'smtpd')
    expect(wireMaster(parseMasterCf(alone), main, names).cf.toString()).toBe(alone)
  })

  it('says so where the list ends inside a parameter', () => {
    const text = service('smtp', 'smtpd -o smtpd_recipient_restrictions=permit_mynetworks,$strict')
    const { cf, warnings } = wireMaster(parseMasterCf(text), main, names)
    expect(cf.toString()).toBe(text)
    expect(warnings).toEqual([expect.stringContaining('ends inside $strict')])
  })
})
