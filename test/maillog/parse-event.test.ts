import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unescapeValue } from '../../src/maillog/greylister-event.js'
import { parseEvent } from '../../src/maillog/parse-event.js'

const WHO =
  'client_name=mail.example.org, client_address=192.0.2.10, sender=a@example.org, recipient=b@mx.test'
const CLIENT = { name: 'mail.example.org', address: '192.0.2.10' }
const ABOUT = { by: 'greylister', client: CLIENT, sender: 'a@example.org', recipient: 'b@mx.test' }

describe("a greylister's line", () => {
  it('of a first mail, an early retry, a first and a later pass', () => {
    expect(parseEvent('postgrey', `action=greylist, reason=new, ${WHO}`)).toEqual({
      kind: 'deferred',
      reason: 'new',
      ...ABOUT,
    })
    expect(parseEvent('greyctl', `action=greylist, reason=early-retry (173s missing), ${WHO}`)).toEqual({
      kind: 'deferred',
      reason: 'early-retry',
      wait: 173,
      ...ABOUT,
    })
    expect(parseEvent('greyctl', `action=pass, reason=triplet found, delay=400, ${WHO}`)).toEqual({
      kind: 'passed',
      reason: 'triplet',
      said: 'triplet found',
      delay: 400,
      ...ABOUT,
    })
    expect(parseEvent('greyctl', `4Yp0Zx1Qw2z3AbC: action=pass, reason=triplet found, ${WHO}`)).toEqual({
      kind: 'passed',
      reason: 'triplet',
      said: 'triplet found',
      ...ABOUT,
    })
  })

  it.each([
    ['client whitelist', 'whitelist'],
    ['recipient whitelist', 'whitelist'],
    ['client AWL', 'whitelist'],
    ['learning: new', 'learning'],
    ['authenticated', 'other'],
  ])('that passes for %s', (reason, expected) => {
    expect(parseEvent('greyctl', `action=pass, reason=${reason}, ${WHO}`)).toMatchObject({
      reason: expected,
      said: reason,
    })
  })

  it('without a sender is of the null sender; a prefix length after the address goes', () => {
    const line =
      'action=greylist, reason=new, client_name=x, client_address=17.58.38.56/32, recipient=b@mx.test'
    expect(parseEvent('postgrey', line)).toMatchObject({
      client: { name: 'x', address: '17.58.38.56' },
      sender: '',
      recipient: 'b@mx.test',
    })
  })

  it('has its escapes undone', () => {
    expect(unescapeValue('a%%b@x')).toBe('a%b@x')
    expect(unescapeValue('b%C3%A9@x.org')).toBe('bé@x.org')
    expect(unescapeValue('a%2C sender=b')).toBe('a, sender=b')
    expect(unescapeValue('%%41')).toBe('%41')
    const written = (text: string) =>
      [...Buffer.from(text)]
        .map((byte) =>
          byte === 0x25
            ? '%%'
            : byte >= 0x20 && byte <= 0x7e
              ? String.fromCharCode(byte)
              : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
        )
        .join('')
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(unescapeValue(written(text))).toBe(text)
      }),
    )
  })

  it('is sqlgrey’s', () => {
    const pair = '192.0.2(192.0.2.10), a@example.org -> b@mx.test'
    const client = { name: 'unknown', address: '192.0.2.10' }
    expect(parseEvent('sqlgrey', `grey: new: ${pair}`)).toEqual({
      kind: 'deferred',
      ...ABOUT,
      client,
      reason: 'new',
    })
    expect(parseEvent('sqlgrey', `grey: early reconnect: ${pair}`)).toMatchObject({ reason: 'early-retry' })
    expect(parseEvent('sqlgrey', `grey: reconnect ok: ${pair} (62)`)).toMatchObject({
      kind: 'passed',
      delay: 62,
      recipient: 'b@mx.test',
    })
    expect(
      parseEvent('sqlgrey', 'grey: from awl match: updating 192.0.2(192.0.2.10), a@x(a@x)'),
    ).toMatchObject({ kind: 'passed', reason: 'whitelist' })
    expect(parseEvent('sqlgrey', 'grey: new: 192.0.2(192.0.2.10), -undef-@-undef- -> b@x')).toMatchObject({
      sender: '',
    })
  })
})

function reject(text: string, tail = 'from=<a@example.org> to=<b@mx.test> proto=ESMTP helo=<h>'): string {
  return `NOQUEUE: reject: RCPT from mail.example.org[192.0.2.10]: ${text}; ${tail}`
}

describe('a line of another greylister', () => {
  const from = { client: { address: '192.0.2.10' }, sender: 'a@example.org', recipient: 'b@mx.test' }
  it.each([
    [
      'policyd',
      'rcpt=8712, greylist=new, host=192.0.2.10 (mail.example.org), from=a@example.org, to=b@mx.test',
      { kind: 'deferred', reason: 'new', ...from },
    ],
    [
      'policyd',
      'greylist=update, host=192.0.2.10 (mail.example.org), from=a@example.org, to=b@mx.test',
      { kind: 'passed', reason: 'triplet', ...from },
    ],
    [
      'postfix-policyd',
      'rcpt=7, greylist=new, host=192.0.2.10 (mail.example.org), from=a@example.org, to=b@mx.test, size=1871',
      { kind: 'deferred', reason: 'new', ...from },
    ],
    [
      'postfix-policyd',
      'rcpt=9, greylist=abuse, host=192.0.2.10 (mail.example.org), from=a@example.org, to=b@mx.test, size=',
      { kind: 'deferred', reason: 'early-retry', ...from },
    ],
    [
      'postfix-policyd',
      'rcpt=9, greylist=awl, host=192.0.2.10 (mail.example.org), from=a@example.org, to=b@mx.test, size=1, expire=1796000000',
      { kind: 'passed', reason: 'whitelist', ...from },
    ],
    [
      'postfix-policyd',
      'rcpt=9, greylist=abl, host=192.0.2.10 (mail.example.org), from=a@example.org, to=b@mx.test, size=1, expire=0',
      { kind: 'deferred', ...from },
    ],
    [
      'postfix-policyd',
      'rcpt=9, greylist=new_train, host=192.0.2.10 (x), from=a@example.org, to=b@mx.test, size=1',
      { kind: 'passed', reason: 'learning', ...from },
    ],
    [
      'cbpolicyd',
      'module=Greylisting, action=defer, host=192.0.2.10, helo=h, from=a@example.org, to=b@mx.test, reason=greylisted, tries=3',
      { kind: 'deferred', ...from },
    ],
    [
      'cbpolicyd',
      'module=Greylisting, action=pass, host=192.0.2.10, helo=h, from=a@example.org, to=b@mx.test, reason=training',
      { kind: 'passed', reason: 'learning', ...from },
    ],
    [
      'milter-greylist',
      '4K68s31RlGz: addr mail.example.org[192.0.2.10] from <a@example.org> to <b@mx.test> delayed for 00:30:00',
      { kind: 'deferred', wait: 1800, ...from },
    ],
    [
      'milter-greylist',
      '4K68s31RlGz: addr mail.example.org[192.0.2.10] from <a@example.org> to <b@mx.test> delayed after DATA phase for 00:05:00 (ACL 12)',
      { kind: 'deferred', wait: 300, ...from },
    ],
    [
      'iredapd',
      'INFO [192.0.2.10] Client has not been seen before, greylisted (example.org).',
      { kind: 'decided' },
    ],
    [
      'rspamd',
      '<73b2cc>; lua; greylist.lua:370: greylisting delayed until "Wed, 14 Jun 2017 21:02:22 GMT": body',
      { kind: 'decided' },
    ],
    [
      'rspamd',
      '<73b2cc>; lua; greylist.lua:320: greylisting pass (meta) until Wed, 14 Jun 2017 21:02:22 GMT',
      { kind: 'decided' },
    ],
    [
      'sqlgrey',
      'grey: early reconnect: 192.0.2, a@example.org -> b@mx.test',
      { kind: 'deferred', reason: 'early-retry', client: { address: '192.0.2.0' } },
    ],
    [
      'sqlgrey',
      'grey: domain awl match: updating 192.0.2.10, example.org',
      { kind: 'passed', reason: 'whitelist', client: { address: '192.0.2.10' } },
    ],
    [
      'postgrey',
      'action=pass, reason=client whitelisted by dnswl.org (3/highly unlikely to send spam), client_name=mail.example.org, client_address=192.0.2.10, sender=a@example.org, recipient=b@mx.test',
      { kind: 'passed', reason: 'whitelist', ...from },
    ],
    [
      'cbpolicyd',
      'module=Greylisting, action=defer, host=192.0.2.10, helo=h, from=x, from=a@example.org, to=b@mx.test, reason=greylisted',
      { kind: 'deferred', recipient: 'b@mx.test' },
    ],
    [
      'cbpolicyd',
      'module=Greylisting, action=pass, host=192.0.2.10, helo=h, from=a@example.org, to=b@mx.test, reason=auto-whitelisted',
      { kind: 'passed', reason: 'whitelist', ...from },
    ],
    [
      'milter-greylist',
      '4K68s31RlGz: addr mail.example.org[192.0.2.10] from <a@example.org> to <b@mx.test> delayed for 00:05:00 (ACL 12)',
      { kind: 'deferred', wait: 300, ...from },
    ],
    [
      'iredapd',
      '[192.0.2.10] RCPT, a@example.org -> b@mx.test, 451 4.7.1 Intentional policy rejection, please try again later [helo=h]',
      { kind: 'deferred', ...from },
    ],
    [
      'rspamd',
      '<73b2cc>; lua; greylist.lua:345: greylisted until "Wed, 14 Jun 2017 21:02:22 GMT", new record',
      { kind: 'decided' },
    ],
  ])('%s: %s', (program, body, expected) => {
    expect(parseEvent(program, body)).toMatchObject(expected)
  })

  it('is believed of that program alone', () => {
    const body = 'greylist=new, host=192.0.2.10 (x), from=a@example.org, to=b@mx.test'
    expect(parseEvent('dovecot', body)).toBeUndefined()
    expect(parseEvent('postfix/smtpd', body)).toBeUndefined()
    expect(parseEvent('toString', body)).toBeUndefined()
  })
})

describe("Postfix's line", () => {
  it.each([
    [
      '450 4.2.0 <b@mx.test>: Recipient address rejected: Greylisted, see http://x/help/mx.test.html',
      undefined,
    ],
    ['450 4.2.0 <b@mx.test>: Recipient address rejected: Greylisted for 300 seconds', 300],
    ['450 4.7.1 <b@mx.test>: Recipient address rejected: Greylisted for 5 minutes', 300],
    ['450 4.2.0 <b@mx.test>: Recipient address rejected: Delayed by postgrey', undefined],
    ['450 4.7.1 <b@mx.test>: Recipient address rejected: Policy Rejection- Please try later.', undefined],
    [
      '451 4.7.1 <b@mx.test>: Recipient address rejected: Greylisting in effect, please come back later',
      undefined,
    ],
    [
      '451 4.7.1 <b@mx.test>: Recipient address rejected: Intentional policy rejection, please try again later',
      undefined,
    ],
  ])('says greylisted: %s', (text, wait) => {
    expect(parseEvent('postfix/smtpd', reject(text))).toMatchObject({
      kind: 'deferred',
      by: 'postfix',
      client: CLIENT,
      sender: 'a@example.org',
      recipient: 'b@mx.test',
      ...(wait === undefined ? {} : { wait }),
    })
  })

  it('has fields that were added in 3.10, a queue id, and no name', () => {
    const line =
      '4K68s31RlGzgf9W: reject: RCPT from unknown[2001:db8::5]: 450 4.2.0 <b@x>: Recipient address rejected: Greylisted; from=<> to=<b@x> proto=ESMTP helo=<h> sasl_method=LOGIN sasl_username=me'
    expect(parseEvent('postfix/smtpd', line)).toMatchObject({
      client: { name: 'unknown', address: '2001:db8::5' },
      sender: '',
      recipient: 'b@x',
    })
  })

  it.each([
    '450 4.7.1 Client host rejected: cannot find your hostname, [192.0.2.10]',
    '554 5.7.1 <b@mx.test>: Recipient address rejected: Greylisted forever',
    '450 4.1.8 <greylisted@x>: Sender address rejected: Domain not found',
    '504 5.5.2 <greylist>: Helo command rejected: need fully-qualified hostname',
  ])('is no greylisting: %s', (text) => {
    expect(parseEvent('postfix/smtpd', reject(text))).toBeUndefined()
  })

  it('of a warn_if_reject says nothing', () => {
    const line = reject('450 4.2.0 <b@mx.test>: Recipient address rejected: Greylisted').replace(
      'reject:',
      'reject_warning:',
    )
    expect(parseEvent('postfix/smtpd', line)).toBeUndefined()
  })

  it('of an accepted mail, step by step', () => {
    const id = '4K68s31RlGzgf9W'
    expect(parseEvent('postfix/smtpd', `${id}: client=mail.example.org[192.0.2.10]`)).toEqual({
      kind: 'accepted',
      queueId: id,
      client: CLIENT,
      authenticated: false,
    })
    expect(
      parseEvent(
        'postfix/submission/smtpd',
        `${id}: client=a[192.0.2.1], sasl_method=LOGIN, sasl_username=me`,
      ),
    ).toMatchObject({ authenticated: true })
    expect(parseEvent('postfix/qmgr', `${id}: from=<a@x>, size=5, nrcpt=1 (queue active)`)).toEqual({
      kind: 'queued',
      queueId: id,
      sender: 'a@x',
    })
    expect(
      parseEvent(
        'postfix/local',
        `${id}: to=<root@mx>, orig_to=<b@mx>, relay=local, delay=0.99, dsn=2.0.0, status=sent (delivered)`,
      ),
    ).toEqual({ kind: 'delivery', queueId: id, recipient: 'root@mx', original: 'b@mx' })
    expect(parseEvent('postfix/qmgr', `${id}: removed`)).toEqual({ kind: 'removed', queueId: id })
  })

  it.each([
    ['warning: connect to 127.0.0.1:10023: Connection refused', 'connect'],
    ['warning: problem talking to server 127.0.0.1:10023: Connection refused', 'talk'],
    ['warning: problem talking to server private/postgrey: Connection timed out', 'talk'],
  ])('says that the policy server is away: %s', (line, what) => {
    expect(parseEvent('postfix/smtpd', line)).toEqual({ kind: 'trouble', what })
  })

  it('of mail that a filter hands back is of its first client', () => {
    const line =
      'ABCDEF12: client=localhost[127.0.0.1], orig_queue_id=12ABCDEF, orig_client=a.example.org[192.0.2.1]'
    expect(parseEvent('postfix/10025/smtpd', line)).toMatchObject({
      kind: 'accepted',
      client: { name: 'a.example.org', address: '192.0.2.1' },
    })
  })

  it('of a remote server that greylists us is none of our greylisting', () => {
    const said = 'host mx.test[192.0.2.1] said: 450 4.2.0 <b@mx.test>: Recipient address rejected: Greylisted'
    for (const body of [
      `ABCDEF12: ${said} (in reply to RCPT TO command)`,
      `ABCDEF12: to=<b@mx.test>, relay=mx.test[192.0.2.1]:25, delay=2, dsn=4.2.0, status=deferred (${said} (in reply to RCPT TO command))`,
    ])
      expect(parseEvent('postfix/smtp', body)?.kind).not.toBe('deferred')
  })

  it('says so with 451 4.3.5', () => {
    expect(
      parseEvent(
        'postfix/smtpd',
        reject('451 4.3.5 <b@mx.test>: Recipient address rejected: Server configuration problem'),
      ),
    ).toEqual({ kind: 'trouble', what: 'policy' })
    expect(parseEvent('postfix/smtpd', reject('451 4.3.5 Server configuration error'))).toEqual({
      kind: 'trouble',
      what: 'configuration',
    })
  })

  it.each([
    'warning: connect to Milter service inet:localhost:11332: Connection refused',
    'warning: problem talking to server private/tlsmgr: Connection refused',
    'warning: problem talking to server private/anvil: Connection timed out',
    'warning: connect to private/greyctl-nobody: No such file or directory',
    'connect to mx.example.org[192.0.2.1]:25: Connection refused',
  ])('is about something else: %s', (line) => {
    expect(parseEvent('postfix/smtpd', line)).toBeUndefined()
  })
})

describe('what an attacker writes', () => {
  it('in the helo forges no other mail', () => {
    const forged =
      'from=<a@example.org> to=<b@mx.test> proto=ESMTP helo=<x; from=<victim@bank.test> to=<ceo@mx.test> proto=ESMTP helo=<y>'
    const line = reject('450 4.2.0 <b@mx.test>: Recipient address rejected: Greylisted', forged)
    expect(parseEvent('postfix/smtpd', line)).toMatchObject({
      sender: 'a@example.org',
      recipient: 'b@mx.test',
    })
  })

  it('never becomes a decision of the greylister', () => {
    const decision = 'action=pass, reason=triplet found, delay=60, client_address=192.0.2.1, recipient=b@mx'
    for (const line of [
      decision,
      `NOQUEUE: ${decision}`,
      `4K68s31RlGzgf9W: ${decision}`,
      reject(
        '450 4.2.0 <b@mx.test>: Recipient address rejected: Greylisted',
        `from=<${decision}> to=<b@mx.test> proto=ESMTP helo=<${decision}>`,
      ),
    ]) {
      expect(parseEvent('postfix/smtpd', line)?.kind).not.toBe('passed')
    }
  })

  it('in a sender cannot set the fields after it to other clients', () => {
    const sender = '"x, client_address=203.0.113.1, recipient=c@y"@z'
    const line = `action=pass, reason=triplet found, client_name=h, client_address=192.0.2.10, sender=${sender}, recipient=b@mx.test`
    expect(parseEvent('postgrey', line)).toMatchObject({
      client: { address: '192.0.2.10' },
      sender,
      recipient: 'b@mx.test',
    })
  })
})
