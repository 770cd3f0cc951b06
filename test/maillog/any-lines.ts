import fc from 'fast-check'

/** Words of lines, right and wrong: what the lane takes must be what the parsers make of the same line. */
export const stamp = fc.constantFrom(
  'Nov 23 10:00:01 ',
  'Nov 23 10:00:59 ',
  'Nov  3 10:00:01 ',
  'Nov 03 10:01:01 ',
  'Nov 3 10:00:01 ',
  'Nov 99 10:00:01 ',
  'Nov 3x 10:00:01 ',
  'Nov  x 10:00:01 ',
  'D[c 23 10:00:01 ',
  'N:v 23 10:00:01 ',
  '2026-11-23T10:00:05.123456789',
  'Nov 23 10:00:71 ',
  'Xyz 23 10:00:01 ',
  'Dec 31 23:59:59 ',
  'Jan  1 00:00:00 ',
  '2026-11-23T10:00:01.123456+00:00 ',
  '2026-11-23T10:00:02.5+00:00 ',
  '2026-11-23T10:00:03+0000 ',
  '2026-11-23T10:00:04Z ',
  '2026-11-23T10:00:04,5Z ',
  '2026-11-23T10:00:05+02:00 ',
  '2026-11-23 10:00:05 ',
  '2026-11-23T10:00:05. ',
  '2026-11-23T10:00:05.5.5Z ',
  '',
)
const hostName = fc.constantFrom(
  'mx ',
  'mx1.example.org ',
  'stdout F ',
  'stdout ',
  'UTC mx ',
  '',
  'm:x ',
  'Nov ',
)
const tag = fc.constantFrom(
  'postfix/smtpd[12]: ',
  'postfix/smtpd[]: ',
  'postfix/smtpd: ',
  'postfix/submission/smtpd[1]: ',
  'postfix-in/smtpd[12]: ',
  'postfix/qmgr[1]: ',
  'postfix-in/qmgr[1]: ',
  'postfix/cleanup[1]: ',
  'postfix/lmtp[9]: ',
  'postfix/10025/smtpd[9]: ',
  'postfix[1]: ',
  'postgrey[1]: ',
  'dovecot: ',
  'docker.service[1]: ',
  'warning: ',
  'postfixin: ',
  'ABCDEF1234: ',
  'a-very-long-name-of-a-program/smtpd[1]: ',
  '',
  'Nov 23 10:00:01 mx postfix/smtpd[1]: ',
)
const queueId = fc.constantFrom(
  '4K68s31RlGzgf9W: ',
  'ABCDEF1234: ',
  'NOQUEUE: ',
  'short: ',
  '',
  'ABCDEF1234 ',
)
export const address = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('a@example.org', 'A@Example.org', 'b@mx.test', '', 'c?@x') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('"a b"@x', 'é@x.org', 'a>, size=@x', 'K@x', 'greyctl-probe@x', 'a>@b'),
  },
)
export const client = fc.constantFrom(
  'a.example.org[192.0.2.10]',
  'unknown[192.0.2.77]',
  'b[2001:db8:1:2::1]',
  'c[198.51.100.4]',
  'd[unknown]',
  'e[127.0.0.1]',
  'f[192.0.2.999]',
  'x y[192.0.2.1]',
  'a[192.0.2.1]:25',
)
const greylisted = fc.constantFrom(
  'Greylisted',
  'Greylisted, see http://postgrey.schweikert.ch/help/mx.test.html',
  'Greylisted, see x in 5 minutes',
  'Greylisted, see x; from=<y',
  'Greylisted, see ',
  `Greylisted, see ${'x'.repeat(8200)}`,
  'Greylisted, try again in 60 seconds',
  'Greylisted, try again in 60 seconds or not at all',
  'Greylisted, try again in  seconds',
  'Greylisted for 5 minutes',
  'Server configuration problem',
)
const helo = fc.constantFrom('h', '', 'a b', 'é', 'h> to=<b@mx.test> proto=SMTP helo=<h', 'h> sasl_method=<x')
const words = fc.oneof(
  client.map((who) => `client=${who}`),
  client.map((who) => `client=${who}, sasl_method=PLAIN, sasl_username=me`),
  address.map((who) => `from=<${who}>, size=550, nrcpt=1 (queue active)`),
  fc
    .tuple(address, address)
    .map(([one, two]) => `to=<${one}>, orig_to=<${two}>, relay=local, status=sent (x)`),
  address.map((who) => `to=<${who}>, relay=local, delay=1, status=sent (x)`),
  address.map((who) => `to=<${who}>, relay=local`),
  fc.constantFrom(
    'removed',
    'removed ',
    'message-id=<x@y>',
    'uid=0 from=<x>',
    '',
    'connect from a[192.0.2.1]',
  ),
  fc
    .tuple(
      fc.constantFrom('reject: ', 'milter-reject: ', 'reject_warning: '),
      client,
      fc.constantFrom('450 4.2.0', '450 4.7.1', '554 5.7.1', '4.7.1', '451 4.3.5', '450  4.2.0'),
      address,
      address,
      greylisted,
      helo,
    )
    .map(
      ([what, who, code, from, to, text, name]) =>
        `${what}RCPT from ${who}: ${code} <${to}>: Recipient address rejected: ${text}; from=<${from}> to=<${to}> proto=ESMTP helo=<${name}>`,
    ),
  fc.constantFrom(
    'warning: connect to 127.0.0.1:10023: Connection refused',
    'warning: hostname x does not resolve',
    'action=greylist, reason=new, client_name=a, client_address=192.0.2.10, sender=a@example.org, recipient=b@mx.test',
    'action=pass, reason=triplet found, delay=60, client_name=a, client_address=192.0.2.10, sender=a@example.org, recipient=b@mx.test',
    'grey: new: 192.0.2(192.0.2.10), a@example.org -> b@mx.test',
    'message repeated 2 times: [ NOQUEUE: reject: RCPT from a[192.0.2.10]: 450 4.2.0 <b@mx.test>: Recipient address rejected: Greylisted; from=<a@example.org> to=<b@mx.test> proto=ESMTP helo=<h>]',
    'Nov 23 10:00:01 mx postfix/smtpd[1]: 4K68s31RlGzgf9W: client=a.example.org[192.0.2.10]',
    '{"log":"x"}',
  ),
)
const anyLine = fc
  .tuple(stamp, hostName, tag, queueId, words, fc.constantFrom('', '', '', '\r', '\r\r', ' '))
  .map((parts) => parts.join(''))
/** Lines of the usual form, that the lane takes for the most part. */
export const deferral = fc
  .tuple(stamp, client, address, address, greylisted, helo)
  .map(
    ([at, who, from, to, text, name]) =>
      `${at}mx postfix/smtpd[12]: NOQUEUE: reject: RCPT from ${who}: 450 4.2.0 <${to}>: Recipient address rejected: ${text}; from=<${from}> to=<${to}> proto=ESMTP helo=<${name}>`,
  )
/** A line that stands for itself, of all forms. */
export const ordinaryLine = fc.oneof(
  { weight: 6, arbitrary: anyLine },
  { weight: 2, arbitrary: deferral },
  { weight: 1, arbitrary: fc.constant('Nov 23 10:00:01 mx last message repeated 2 times') },
)
/** Entries of the journal that take several lines, whole and not. */
const journalLine = fc.constantFrom(
  '{',
  '}',
  '__CURSOR=s=1',
  '__REALTIME_TIMESTAMP=1795428001000000',
  'SYSLOG_IDENTIFIER=postfix/smtpd',
  'MESSAGE=4K68s31RlGzgf9W: client=a.example.org[192.0.2.10]',
  '',
  'Mon 2026-11-23 10:00:01.000001 UTC [s=0a]',
  '    MESSAGE=4K68s31RlGzgf9W: client=a.example.org[192.0.2.10]',
)
/** Any line. */
export const line = fc.oneof({ weight: 9, arbitrary: ordinaryLine }, { weight: 1, arbitrary: journalLine })
