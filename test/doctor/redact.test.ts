import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Redactor } from '../../src/doctor/redact.js'

describe('redaction', () => {
  const redactor = () => new Redactor(['mx.secret-firm.de', 'secret-firm.de'])

  it('replaces the same thing by the same thing', () => {
    const one = redactor()
    const text = one.text(
      'NOQUEUE: reject: RCPT from mail.peer.org[198.51.100.7]: from=<anna@secret-firm.de>',
    )
    expect(text).not.toMatch(/peer|198\.51|anna|secret/)
    expect(one.text('mail.peer.org 198.51.100.7')).toBe('host2.example 192.0.2.1')
    expect(text).toContain('host2.example[192.0.2.1]')
  })

  it.each([
    'inet:127.0.0.1:10023',
    '/etc/postfix/main.cf:43',
    'greyctl.service',
    '[::1]:25 and ::1',
    'Postfix 3.7.11',
    'Nov 24 20:19:56',
    'postfix/smtpd[123]',
    'check_policy_service { inet:127.0.0.1:10023, timeout=10s }',
    '451 4.3.5 Server configuration problem',
  ])('leaves %s as it is', (text) => {
    expect(redactor().text(text)).toBe(text)
  })

  it('goes through a whole document', () => {
    const done = redactor().value({ a: ['x@secret-firm.de', 1, null], b: { c: '2001:db8:1::25', d: true } })
    expect(done).toEqual({ a: ['user1@host1.example', 1, null], b: { c: '2001:db8::1', d: true } })
  })

  it('leaves no address and no name of the site, whatever stands around them', () => {
    fc.assert(
      fc.property(
        fc.ipV4(),
        fc.stringMatching(/^[a-z]{3,8}$/),
        fc.constantFrom(' ', '[', '<', '=', ','),
        (ip, user, sign) => {
          fc.pre(!/^(0|127|255|192)\./.test(ip))
          const text = redactor().text(`x${sign}${ip}${sign} ${user}@secret-firm.de to mx.secret-firm.de`)
          expect(text).not.toContain('secret-firm')
          expect(text).not.toContain(`${user}@`)
          expect(text).not.toMatch(new RegExp(`(?<![0-9.])${ip.replaceAll('.', '\\.')}(?![0-9.])`))
        },
      ),
    )
  })
})
