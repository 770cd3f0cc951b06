/** A made mail log with known truth: what a server with greylisting writes, in traditional stamps. */

const START = Date.UTC(2026, 9, 1)
const DAY = 86_400
const MAILS_A_DAY = 20_000

function stamp(seconds) {
  const date = new Date(START + Math.floor(seconds) * 1000)
  return `${date.toString().slice(4, 7)} ${String(date.getDate()).padStart(2)} ${date.toTimeString().slice(0, 8)}`
}

/** What becomes of the mail with this number: of ten, six come from known senders, two are spam, two are greylisted. */
function kindOf(number) {
  const digit = number % 10
  if (digit < 6) return 'known'
  if (digit < 8) return 'refused'
  return digit === 8 ? 'retried' : 'gone'
}

const REFUSED =
  '554 5.7.1 Service unavailable; Client host [198.51.100.7] blocked using zen.example.org; https://www.example.org/query/ip/198.51.100.7'

/** Lines of one mail. The retry's lines stand right after, 400 seconds later by their stamps: a busy log has many at a time. */
export function mailLines(number) {
  const base = (number / MAILS_A_DAY) * DAY
  const at = (seconds) => `${stamp(base + seconds)} mx1`
  const kind = kindOf(number)
  const pid = 1000 + (number % 977)
  const id = `4K${(number % 60_000_000).toString(36).toUpperCase().padStart(8, '0')}z1RlGz`
  const address = `203.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`
  const client = `mail${number % 5000}.example.org[${address}]`
  const sender = `user${number % 90_000}@example.org`
  const recipient = `bob${number % 200}@mx.example.test`
  const refusal = (text) =>
    `NOQUEUE: reject: RCPT from ${client}: ${text}; from=<${sender}> to=<${recipient}> proto=ESMTP helo=<mail.example.org>`
  const smtpd = (seconds, body) => `${at(seconds)} postfix/smtpd[${pid}]: ${body}`
  const deferral = [
    smtpd(0, `connect from ${client}`),
    smtpd(
      0,
      refusal(
        `450 4.2.0 <${recipient}>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/mx.example.test.html`,
      ),
    ),
    smtpd(0, `disconnect from ${client} ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4`),
  ]
  const accepted = (seconds) => [
    smtpd(seconds, `connect from ${client}`),
    smtpd(
      seconds,
      `Anonymous TLS connection established from ${client}: TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256`,
    ),
    smtpd(seconds, `${id}: client=${client}`),
    `${at(seconds)} postfix/cleanup[${pid + 1}]: ${id}: message-id=<${number}.${pid}@example.org>`,
    `${at(seconds)} opendkim[812]: ${id}: mail${number % 5000}.example.org [${address}] not internal`,
    `${at(seconds)} opendkim[812]: ${id}: DKIM verification successful`,
    `${at(seconds)} postfix/qmgr[99]: ${id}: from=<${sender}>, size=550, nrcpt=1 (queue active)`,
    smtpd(seconds, `disconnect from ${client} ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7`),
    `${at(seconds + 1)} dovecot: lmtp(${recipient})<${pid}><abc>: msgid=<${number}.${pid}@example.org>: saved mail to INBOX`,
    `${at(seconds + 1)} postfix/lmtp[${pid + 2}]: ${id}: to=<${recipient}>, relay=mx1.example.test[private/dovecot-lmtp], delay=0.99, delays=0.1/0.01/0.01/0.87, dsn=2.0.0, status=sent (250 2.0.0 <${recipient}> Saved)`,
    `${at(seconds + 1)} postfix/qmgr[99]: ${id}: removed`,
  ]
  if (kind === 'known') return accepted(0)
  if (kind === 'refused') return [deferral[0], smtpd(0, refusal(REFUSED)), deferral[2]]
  return kind === 'retried' ? [...deferral, ...accepted(400)] : deferral
}

/** What verify must say of the first so many mails. */
export function expectedOf(mails) {
  const count = (digit) => Math.max(0, Math.floor((mails - 1 - digit) / 10) + 1)
  return {
    verdict: 'working',
    greylisted: count(8) + count(9),
    passed: count(8),
    neverRetried: count(9),
    earlyRetries: 0,
    unreachable: 0,
    median: 400,
  }
}

/** A first mail of a sender that was never seen before and never comes back. */
export function neverBack(number) {
  const client = `host${number}.example.org[203.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}]`
  const smtpd = `${stamp(number / 50)} mx1 postfix/smtpd[${1000 + (number % 97)}]:`
  return `${smtpd} connect from ${client}
${smtpd} NOQUEUE: reject: RCPT from ${client}: 450 4.2.0 <bob@mx.example.test>: Recipient address rejected: Greylisted, see http://postgrey.schweikert.ch/help/mx.example.test.html; from=<user${number}@example.org> to=<bob@mx.example.test> proto=ESMTP helo=<mail.example.org>
${smtpd} disconnect from ${client} ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4
`
}
