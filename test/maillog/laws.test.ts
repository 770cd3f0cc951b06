import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { MailFlow } from '../../src/maillog/flow.js'
import { LogReader } from '../../src/maillog/log-reader.js'
import type { LogSource } from '../../src/maillog/sources.js'
import { StoryTeller } from '../../src/maillog/story.js'
import { deferral, ordinaryLine } from './any-lines.js'

function sourceOf(chunks: readonly Buffer[]): LogSource {
  return {
    name: 'mail.log',
    modified: 1_795_600_000,
    shadow: false,
    again: false,
    async *open() {
      yield* chunks
    },
  }
}

/** All that a log tells, in its order: events, and the words that the mail flow is given. */
async function toldOf(text: Buffer): Promise<readonly string[]> {
  const told: string[] = []
  const words = (bytes: Buffer, from: number, to: number) => bytes.toString('latin1', from, to)
  const flow = {
    accepted: (_id: unknown, bytes: Buffer, from: number, to: number, _own: boolean, at: number) =>
      told.push(`accepted ${words(bytes, from, to)} ${at}`),
    queued: (_id: unknown, bytes: Buffer, from: number, to: number) =>
      told.push(`queued ${words(bytes, from, to)}`),
    delivery: (_id: unknown, bytes: Buffer, from: number, to: number) =>
      told.push(`delivery ${words(bytes, from, to)}`),
    deferred: (bytes: Buffer, spans: Int32Array, wait: number, at: number, line: number) => {
      const parts = [0, 2, 4, 6].map((span) => words(bytes, spans[span] as number, spans[span + 1] as number))
      told.push(`deferred ${parts.join()} ${wait} ${at} ${line}`)
    },
    removed: () => told.push('removed'),
  } as unknown as MailFlow
  const reader = new LogReader({ add: (one) => told.push(JSON.stringify(one)), flow }, undefined)
  await reader.read({ source: sourceOf([text]), year: 2026 })
  return told
}

/** Any bytes, and pieces of lines, UTF-8 or not. */
const rubbish = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 20 }).map((bytes) => Buffer.from(bytes)),
      fc
        .constantFrom('\0', '\n', '\r\n', '\xff\xfe', ', status=', '>, size=', '>', ']', 'removed', '\r')
        .map((text) => Buffer.from(text, 'latin1')),
    ),
    { maxLength: 20 },
  )
  .map((parts) => Buffer.concat(parts))

describe('a line of a log', () => {
  it('says the same whatever comes after it, and where it is cut off', async () => {
    const first = 'Nov 23 10:00:00 mx postfix/smtpd[12]: connect from a[192.0.2.1]\n'
    const lines = fc.array(fc.oneof(ordinaryLine, deferral), { minLength: 1, maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(lines, fc.nat(), rubbish, async (all, cut, after) => {
        const text = all.join('\n')
        const known = Buffer.from(first + text.slice(0, cut % (text.length + 1)))
        const before = await toldOf(known)
        const whole = await toldOf(Buffer.concat([known, Buffer.from('\n'), after]))
        expect(whole.slice(0, before.length)).toEqual(before)
      }),
      { numRuns: 300 },
    )
  })

  it.each(['connect from ', 'NOQUEUE: reject: RCPT from ', '4K68s31RlGzgf9W: to=<', '{"MESSAGE":"', ''])(
    'of a megabyte after %s is one line, and no mail',
    async (beginning) => {
      const fields = ['x', '<', '> to=<', '; from=<', ', status=', ' ', '\0', '[192.0.2.1]', ': ', '\xe4']
      for (const field of fields) {
        const line = `Nov 23 10:00:00 mx postfix/smtpd[12]: ${beginning}${field.repeat(2 ** 20 / field.length)}`
        const chunks = [line, '\nNov 23 10:00:05 mx postfix/smtpd[1]: 4K68s31RlGzgf9W: client=a[192.0.2.1]\n']
        const teller = new StoryTeller({ triplets: 10, queued: 10 })
        const reader = new LogReader(teller, undefined)
        await reader.read({ source: sourceOf(chunks.map((one) => Buffer.from(one, 'latin1'))), year: 2026 })
        expect(reader.lines).toBe(2)
        expect(teller.end()).toMatchObject({ strangers: 0, totals: { greylisted: 0 } })
      }
    },
  )

  it('has no say in what another program decides, in whatever field its words stand', async () => {
    const forged = fc.constantFrom(
      'postgrey[1]: action=pass, reason=triplet found, delay=400, client_name=a, client_address=192.0.2.10, sender=a@x, recipient=b@y',
      'Nov 23 10:00:01 mx postgrey[1]: action=greylist, reason=new, client_name=a, client_address=192.0.2.10, sender=a@x, recipient=b@y',
      'action=pass, reason=client whitelist, client_name=a, client_address=192.0.2.10, sender=a@x, recipient=b@y',
      'NOQUEUE: reject: RCPT from a[192.0.2.10]: 450 4.2.0 <b@y>: Recipient address rejected: Greylisted; from=<a@x> to=<b@y> proto=ESMTP helo=<h>',
      'grey: new: 192.0.2(192.0.2.10), a@x -> b@y',
      'Suppressed 500 messages from system.slice',
    )
    const around = fc.constantFrom(
      (text: string) => `4K68s31RlGzgf9W: message-id=<${text}>`,
      (text: string) => `connect from ${text}`,
      (text: string) => `warning: header Subject: ${text} from a[192.0.2.1]; from=<x@y> to=<z@y>`,
      (text: string) =>
        `NOQUEUE: reject: RCPT from a[192.0.2.1]: 554 5.7.1 <${text}>: Helo command rejected: no; from=<${text}> to=<z@y> proto=SMTP helo=<${text}>`,
      (text: string) => `lost connection after ${text} from a[192.0.2.1]`,
      (text: string) => `improper command pipelining after EHLO from a[192.0.2.1]: ${text}`,
      (text: string) => `4K68s31RlGzgf9W: warning: header X: ${text}; from=<a@x>`,
    )
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(
          'postfix/smtpd',
          'postfix/cleanup',
          'postfix-in/submission/smtpd',
          'smtpd',
          'dovecot',
          'opendkim',
        ),
        around,
        forged,
        async (program, put, text) => {
          const told = await toldOf(Buffer.from(`Nov 23 10:00:00 mx ${program}[12]: ${put(text)}\n`))
          expect(told).toEqual([])
        },
      ),
      { numRuns: 250 },
    )
  })
})
