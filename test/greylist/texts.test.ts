import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Decision } from '../../src/greylist/decide.js'
import { actionLine, escapeValue, whitelistedLine } from '../../src/greylist/logline.js'
import { parseRetryWindow } from '../../src/greylist/policy.js'
import { decodeRecord, encodeRecord, isExpired } from '../../src/greylist/record.js'
import {
  DEFAULT_ACTION,
  DEFAULT_HEADER,
  DEFAULT_TEXT,
  deferReply,
  headerReply,
} from '../../src/greylist/reply.js'
import { request } from './fixtures.js'

const texts = {
  action: DEFAULT_ACTION,
  text: DEFAULT_TEXT,
  header: DEFAULT_HEADER,
  hostname: 'mx.example.com',
  version: '0.1.0',
}
const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) })

describe('the answer', () => {
  it('says how long to wait', () => {
    expect(deferReply(texts, 42, 'bob@example.com')).toBe(
      'action=DEFER_IF_PERMIT 4.2.0 Greylisted, try again in 42 seconds\n\n',
    )
  })

  it('takes action and text as they are given', () => {
    const own = { ...texts, action: '451', text: '4.7.1 see http://example.com/%r?%s%%x' }
    expect(deferReply(own, 7, 'Bob@Sub.Example.com')).toBe(
      'action=451 4.7.1 see http://example.com/Sub.Example.com?7%%x\n\n',
    )
  })

  it('adds a header with the time waited', () => {
    expect(headerReply(texts, 400, Date.UTC(2026, 10, 23, 18, 46, 36))).toBe(
      'action=PREPEND X-Greylist: delayed 400 seconds by greyctl-0.1.0 at mx.example.com; Mon, 23 Nov 2026 18:46:36 +0000\n\n',
    )
  })

  it('is always one answer of bounded length', () => {
    fc.assert(
      fc.property(bytes, bytes, (recipient, domain) => {
        const reply = deferReply({ ...texts, text: '%r' }, 1, `${recipient}@${domain.repeat(100)}`)
        expect(reply).toMatch(/^action=DEFER_IF_PERMIT 4\.2\.0 [^\n\r\0]*\n\n$/)
        expect(reply.length).toBeLessThan(450)
      }),
    )
  })
})

describe('the log line', () => {
  it.each<[Decision, string]>([
    [{ action: 'defer', reason: 'new', waitSeconds: 60 }, 'action=greylist, reason=new'],
    [
      { action: 'defer', reason: 'early-retry', waitSeconds: 20 },
      'action=greylist, reason=early-retry (20s missing)',
    ],
    [
      { action: 'pass', reason: 'triplet found', delaySeconds: 400 },
      'action=pass, reason=triplet found, delay=400',
    ],
    [{ action: 'pass', reason: 'triplet found' }, 'action=pass, reason=triplet found'],
    [{ action: 'pass', reason: 'client AWL' }, 'action=pass, reason=client AWL'],
    [{ action: 'pass', reason: 'new', waitSeconds: 60, learned: true }, 'action=pass, reason=learning: new'],
  ])('has postgrey’s form: %o', (decision, start) => {
    expect(actionLine(request(), decision, true)).toBe(
      `${start}, client_name=mail.example.org, client_address=192.0.2.25, sender=alice@example.org, recipient=bob@example.com`,
    )
  })

  it('leaves empty fields out, and begins with the queue id', () => {
    const line = actionLine(
      request({ sender: '', queueId: 'ABC123' }),
      { action: 'defer', reason: 'new' },
      true,
    )
    expect(line).toBe(
      'ABC123: action=greylist, reason=new, client_name=mail.example.org, client_address=192.0.2.25, recipient=bob@example.com',
    )
  })

  it('names the client that got whitelisted', () => {
    expect(whitelistedLine(request())).toBe('whitelisted: mail.example.org[192.0.2.25]')
    expect(whitelistedLine(request({ clientName: '' }))).toBe('whitelisted: 192.0.2.25')
  })

  it('escapes as postgrey does, and so that no field can be invented', () => {
    expect(escapeValue('b\u00c3\u00a9@x.org')).toBe('b%C3%A9@x.org')
    expect(escapeValue('a%b@x')).toBe('a%%b@x')
    expect(escapeValue('"a, recipient=b"@x')).toBe('"a%2C recipient=b"@x')
    expect(escapeValue('a,b')).toBe('a,b')
  })

  it('is one line of printable ASCII whose fields are those of the request, whatever the bytes', () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, (clientName, sender, recipient) => {
        const line = actionLine(
          request({ clientName, sender, recipient }),
          { action: 'defer', reason: 'new' },
          false,
        )
        expect(line).toMatch(/^[\x20-\x7e]*$/)
        const fields = line.split(', ').map((text) => text.slice(0, text.indexOf('=')))
        const expected = [
          'action',
          'reason',
          clientName && 'client_name',
          'client_address',
          sender && 'sender',
          recipient && 'recipient',
        ]
        expect(fields).toEqual(expected.filter((name) => name !== ''))
      }),
    )
  })

  it('can be turned back into the bytes', () => {
    const decode = (text: string) =>
      text.replace(/%%|%([0-9A-F]{2})/g, (_, hex: string | undefined) =>
        hex === undefined ? '%' : String.fromCharCode(Number.parseInt(hex, 16)),
      )
    fc.assert(fc.property(bytes, (text) => decode(escapeValue(text)) === text))
  })
})

describe('a record', () => {
  const word = fc.integer({ min: 0, max: 0xffff_ffff })

  it('is the same after a round trip', () => {
    fc.assert(
      fc.property(fc.record({ first: word, last: word, count: word }), (record) => {
        expect(decodeRecord(encodeRecord(record))).toEqual(record)
      }),
    )
  })

  it('is unknown when its bytes are nobody’s', () => {
    expect(decodeRecord(Buffer.from('1795000000,1795000300'))).toBeUndefined()
    expect(decodeRecord(Buffer.alloc(0))).toBeUndefined()
    expect(decodeRecord(Buffer.alloc(13))).toBeUndefined()
  })

  it('expires by its age, and while it waits by the retry window', () => {
    const rules = { maxAge: 1000, retryWindow: 100 }
    expect(isExpired('t', { first: 0, last: 0, count: 0 }, rules, 100)).toBe(false)
    expect(isExpired('t', { first: 0, last: 90, count: 0 }, rules, 101)).toBe(true)
    expect(isExpired('t', { first: 0, last: 50, count: 1 }, rules, 1050)).toBe(false)
    expect(isExpired('t', { first: 0, last: 50, count: 1 }, rules, 1051)).toBe(true)
    expect(isExpired('c', { first: 0, last: 50, count: 1 }, rules, 1050)).toBe(false)
  })
})

it('the retry window is days, or hours with an h', () => {
  expect(parseRetryWindow('2')).toBe(172_800)
  expect(parseRetryWindow('6h')).toBe(21_600)
  expect(parseRetryWindow('6H')).toBe(21_600)
  for (const bad of ['', 'h', '6d', '-1', '1.5']) expect(parseRetryWindow(bad)).toBeUndefined()
})
