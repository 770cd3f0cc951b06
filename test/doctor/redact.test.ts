import { Chalk } from 'chalk'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { redacted } from '../../src/doctor/document.js'
import { Redactor } from '../../src/doctor/redact.js'
import { renderDoctor, renderMarkdown } from '../../src/ui/doctor.js'

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
    'postfix@-.service and main.cf, whitelist_clients.local',
    'smtpd_recipient_restrictions = permit_mynetworks, $greyctl_check',
  ])('leaves %s as it is', (text) => {
    expect(redactor().text(text)).toBe(text)
  })

  it('goes through a whole document', () => {
    const done = redactor().value({ a: ['x@secret-firm.de', 1, null], b: { c: '2001:db8:1::25', d: true } })
    expect(done).toEqual({ a: ['user1@host1.example', 1, null], b: { c: '2001:db8::1', d: true } })
  })

  it.each([
    [
      'Nov 24 20:19:56 zqbox postfix/smtpd[7]: connect from poczta.zqfirma.pl[2a01:4f8:77::9]',
      /zqbox|zqfirma|2a01/,
    ],
    [
      '2026-11-24T20:19:56.1+00:00 zqbox greyctl[7]: sender=zqanna@zq.de, recipient=x@zq.py',
      /zqbox|zqanna|zq/,
    ],
    ['warning: x[198.51.100.7]: SASL LOGIN failed, sasl_username=zqanna', /zqanna/],
    ['from=<> to=<zqanna> orig_to=<zqbob>, helo=<[IPv6:2a01:4f8::7]>', /zq|2a01/],
    ["o'zqbrien@xn--zq.xn--p1ai zqanna@[203.0.113.9] zqanna@", /zq|xn--|203\.0/],
    ['see https://grey.zqfirma.de/help.html and /home/zqanna/.forward on zq.local', /zq/],
    ['bounce+zqanna=zqfirma.de@lists.zq.org', /zq/],
    ['M\u00fcller@b\u00fccher-zq.de', /zq|ller/],
  ])('lets nothing through of %s', (line, secret) => {
    expect(redactor().text(line)).not.toMatch(secret)
  })

  it('keeps what says what the parts of a line are', () => {
    expect(redactor().text('action=pass, sender=zqanna@zq.de, recipient=zqbob@secret-firm.de')).toBe(
      'action=pass, sender=user1@host1.example, recipient=user2@host2.example',
    )
  })

  it('leaves nothing of a line of the log in any form of the report', () => {
    const word = fc.stringMatching(/^[a-z]{2,6}$/).map((text) => `zq${text}`)
    const end = fc.constantFrom(
      'de',
      'pl',
      'py',
      'so',
      'sh',
      'md',
      'cf',
      'local',
      'internal',
      'xn--p1ai',
      'co.uk',
    )
    const v4 = fc.tuple(fc.integer({ min: 11, max: 126 }), fc.nat(255), fc.nat(255), fc.nat(255))
    const v6 = fc.tuple(fc.integer({ min: 0x2a00, max: 0x2aff }), fc.integer({ min: 0x1000, max: 0xffff }))
    fc.assert(
      fc.property(word, word, word, end, v4, v6, (user, machine, domain, top, four, six) => {
        const name = `mail.${domain}.${top}`
        const [ip, ip6] = [four.join('.'), `${six.map((group) => group.toString(16)).join(':')}::7`]
        const lines = [
          `Nov 24 20:19:56 ${machine} postfix/smtpd[77]: NOQUEUE: reject: RCPT from ${name}[${ip}]: 450 4.2.0 <${user}@${domain}.${top}>: Recipient address rejected; from=<${user}@${name}> to=<${user}> proto=ESMTP helo=<[IPv6:${ip6}]>`,
          `action=greylist, client_name=${name}, client_address=${ip6}, sender=${user}@${domain}.${top}, sasl_username=${user}`,
          `smtpd_sender_restrictions = check_client_access inline:{ ${ip}=OK, ${domain}.${top}=OK, ${user}@=OK }`,
          `connect to ${ip}:10023: refused; see https://${name}/x?a=${ip}; /home/${user}/x`,
        ]
        const finding = {
          id: 'x',
          severity: 'error' as const,
          title: 'title',
          detail: lines.join(' '),
          evidence: lines.map((text) => ({ ref: `inet:${ip}:25, ${name}`, text })),
          cause: lines[1] ?? '',
          remediation: {
            text: lines[2] ?? '',
            commands: [`swaks --to ${user}@${name}`],
            autofix: 'manual' as const,
          },
          affects: [`inet:[${ip6}]:10023`, name],
          consequenceOf: null,
        }
        const checks = [{ id: 'y', status: 'unknown' as const, reason: lines[3] ?? '' }]
        const document = redacted({ ok: false, findings: [finding], checks, timings: [] }, new Redactor())
        const look = { style: new Chalk({ level: 0 }), width: 80 }
        for (const text of [
          JSON.stringify(document),
          renderDoctor(document, look),
          renderMarkdown(document),
        ]) {
          for (const secret of [user, machine, domain, ip, ip6]) expect(text).not.toContain(secret)
        }
      }),
    )
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
