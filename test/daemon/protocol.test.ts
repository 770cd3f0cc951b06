import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  LARGEST_REQUEST,
  LONGEST_LINE,
  MOST_ATTRIBUTES,
  type Received,
  RequestParser,
} from '../../src/daemon/protocol.js'

const bytes = (text: string) => Buffer.from(text, 'latin1')
const parse = (text: string | Buffer) =>
  new RequestParser().push(typeof text === 'string' ? bytes(text) : text)

/** Cut at these places (taken modulo the length), each piece in memory of its own that is overwritten afterwards. */
function parseCut(input: Buffer, cuts: readonly number[]): Received[] {
  const parser = new RequestParser()
  const places = [...new Set(cuts.map((cut) => cut % (input.length + 1)))].sort((a, b) => a - b)
  const received: Received[] = []
  let start = 0
  for (const place of [...places, input.length]) {
    const piece = Buffer.from(input.subarray(start, place))
    received.push(...parser.push(piece))
    piece.fill(0x58)
    start = place
  }
  return received
}

const ONE = `request=smtpd_access_policy
protocol_state=RCPT
client_address=192.0.2.25
client_name=mail.example.org
sender=alice@example.org
recipient=bob@example.com
instance=123.456.7
etrn_domain=
`

describe('the policy protocol', () => {
  it('reads a request as Postfix sends it', () => {
    expect(parse(`${ONE}\n`)).toEqual([
      {
        kind: 'request',
        request: {
          clientAddress: '192.0.2.25',
          clientName: 'mail.example.org',
          sender: 'alice@example.org',
          recipient: 'bob@example.com',
          instance: '123.456.7',
          queueId: '',
          saslUsername: '',
          policyContext: '',
          testTime: '',
        },
      },
    ])
  })

  it('takes both line ends, any order, and the last of doubled attributes', () => {
    const lines = 'recipient=a@b\r\nsender=x\r\nsender=s=t\r\nrequest=smtpd_access_policy\r\n\r\n'
    expect(parse(lines)).toMatchObject([{ kind: 'request', request: { recipient: 'a@b', sender: 's=t' } }])
  })

  it('reads one request after the other, and forgets the one before', () => {
    const second = 'request=smtpd_access_policy\nrecipient=c@d\n\n'
    expect(parse(`${ONE}\n${second}`)).toMatchObject([
      { request: { recipient: 'bob@example.com' } },
      { request: { recipient: 'c@d', sender: '' } },
    ])
  })

  it.each([
    ['another type', 'request=junk\n\n', [{ kind: 'unrecognized', type: 'junk' }]],
    ['no type', 'sender=a\n\n', [{ kind: 'unrecognized', type: '' }]],
    ['a line without a name', '=x\n\n', [{ kind: 'garbage', text: '=x' }]],
    [
      'a web request, of which one line is enough',
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      [{ kind: 'garbage', text: 'GET / HTTP/1.1' }],
    ],
    ['empty lines', '\n\n\r\n', []],
    ['a NUL', '\0\n\n', [{ kind: 'garbage', text: '\0' }]],
  ])('survives %s', (_, text, expected) => {
    expect(parse(text)).toEqual(expected)
  })

  it('cuts long values, and drops attributes beyond the limit', () => {
    const long = `sender=${'x'.repeat(10_000)}\n`
    expect(parse(`${long}${ONE.replace(/sender.*\n/, '')}\n`)).toMatchObject([
      { request: { sender: 'x'.repeat(LONGEST_LINE - 'sender='.length), recipient: 'bob@example.com' } },
    ])
    const many = Array.from({ length: MOST_ATTRIBUTES - 1 }, (_, index) => `a${index}=1\n`).join('')
    expect(parse(`request=smtpd_access_policy\n${many}sender=late\n\n`)).toMatchObject([
      { kind: 'request', request: { sender: '' } },
    ])
  })

  it('gives up on a request that is too large, however slowly it comes', () => {
    const parser = new RequestParser()
    const received: Received[] = []
    for (let sent = 0; sent <= LARGEST_REQUEST; sent += 1000)
      received.push(...parser.push(Buffer.alloc(1000, 'x')))
    expect(received).toEqual([{ kind: 'oversize' }])
    expect(parser.push(bytes(`\n\n${ONE}\n`))).toEqual([])
    expect(parse('a=b\n'.repeat(LARGEST_REQUEST / 4 + 1))).toEqual([{ kind: 'oversize' }])
  })

  it('gives the same requests wherever the bytes are cut: every single cut', () => {
    const input = bytes(
      `${ONE}\nGET /\r\n\r\nrequest=x\n\nsender=${'y'.repeat(50)}\r\nrequest=smtpd_access_policy\r\n\r\n`,
    )
    const whole = parse(Buffer.from(input))
    expect(whole).toHaveLength(4)
    for (let cut = 0; cut <= input.length; cut += 1) expect(parseCut(input, [cut])).toEqual(whole)
    expect(parseCut(input, Array.from(input.keys()))).toEqual(whole)
  })

  it('gives the same for any bytes and any cuts, and never throws', () => {
    const line = fc.oneof(
      fc.constantFrom(
        '\n',
        '\r\n',
        'request=smtpd_access_policy\n',
        'request=\n',
        'recipient=a@b\r\n',
        'sender=',
        '=',
        '\r',
        '\0',
      ),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc
        .integer({ min: LONGEST_LINE - 10, max: LONGEST_LINE + 10 })
        .map((size) => `sender=${'z'.repeat(size - 7)}\r\n`),
      fc.constant(`sender=${'w'.repeat(LARGEST_REQUEST / 2)}\n`),
    )
    fc.assert(
      fc.property(
        fc.array(line, { maxLength: 25 }),
        fc.array(fc.nat({ max: 200_000 }), { maxLength: 12 }),
        (lines, cuts) => {
          const input = bytes(lines.join(''))
          expect(parseCut(input, cuts)).toEqual(parse(Buffer.from(input)))
        },
      ),
      { numRuns: 300 },
    )
  })
})
