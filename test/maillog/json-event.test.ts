import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonLines, jsonMessage } from '../../src/greylist/json-line.js'
import { TEXT_LINES } from '../../src/greylist/logline.js'
import { MemoryHost } from '../../src/host/memory.js'
import { parseEnvelope } from '../../src/maillog/envelope.js'
import { parseEvent } from '../../src/maillog/parse-event.js'
import { YearClock } from '../../src/maillog/time.js'
import { verifySources } from '../../src/maillog/verify.js'
import { request } from '../greylist/fixtures.js'
import { LogWriter } from './log-writer.js'

const NOW = 1_800_000_000
const lines = jsonLines(() => NOW * 1000)
const clock = () => new YearClock(NOW)

const bytes = (shortest: number) =>
  fc
    .oneof(
      fc.uint8Array({ maxLength: 30 }).map((values) => Buffer.from(values).toString('latin1')),
      fc.constantFrom(
        'alice@example.org',
        'a, recipient=b@x',
        '"},{"event',
        'Nov 23 10:00:00 mx postfix/smtpd[1]: x',
      ),
    )
    .filter((text) => text.length >= shortest)
const decision = fc.oneof(
  fc.constant({ action: 'defer', reason: 'new', waitSeconds: 60 } as const),
  fc
    .integer({ min: 1, max: 3600 })
    .map((waitSeconds) => ({ action: 'defer', reason: 'early-retry', waitSeconds }) as const),
  fc
    .integer({ min: 1, max: 3600 })
    .map((delaySeconds) => ({ action: 'pass', reason: 'triplet found', delaySeconds }) as const),
  fc
    .constantFrom('client AWL', 'client whitelist', 'authenticated')
    .map((reason) => ({ action: 'pass', reason }) as const),
  fc
    .constantFrom('new', 'early-retry')
    .map((reason) => ({ action: 'pass', reason, waitSeconds: 9, learned: true }) as const),
)

describe('the daemon’s JSON lines', () => {
  it('say what the same lines say in postgrey’s format, whatever a client sent', () => {
    fc.assert(
      fc.property(bytes(0), bytes(1), bytes(1), decision, (sender, recipient, clientName, made) => {
        const asked = request({ sender, recipient, clientName, queueId: '' })
        const text = parseEvent('greyctl', TEXT_LINES.action(asked, made, true))
        expect(text).toBeDefined()
        expect(parseEvent('greyctl', lines.action(asked, made, true))).toEqual(text)
      }),
    )
  })

  it.each([
    ['syslog', (line: string) => `2027-01-15T08:00:00+00:00 mx greyctl[12]: ${line}`],
    ['traditional syslog', (line: string) => `Jan 15 08:00:00 mx greyctl: ${line}`],
    [
      'the journal',
      (line: string) =>
        JSON.stringify({ __REALTIME_TIMESTAMP: `${NOW}000000`, SYSLOG_IDENTIFIER: 'greyctl', MESSAGE: line }),
    ],
    [
      'a container',
      (line: string) => JSON.stringify({ log: `${line}\n`, stream: 'stderr', time: '2027-01-15T08:00:00Z' }),
    ],
    ['a file of its own', (line: string) => line],
  ])('are found in %s', (_, wrap) => {
    const line = lines.action(request(), { action: 'defer', reason: 'new', waitSeconds: 60 }, false)
    const envelope = parseEnvelope(wrap(line), clock())
    expect(envelope).toMatchObject({ time: NOW, body: line })
    expect(parseEvent(envelope?.program ?? '', envelope?.body ?? '')).toMatchObject({
      kind: 'deferred',
      client: { name: 'mail.example.org', address: '192.0.2.25' },
    })
  })

  it('tell when the daemon gave up, and nothing in its other messages or in half a line', () => {
    expect(parseEvent('greyctl', jsonMessage('warning: not greylisting (answering DUNNO): full', 0))).toEqual(
      {
        kind: 'failed-open',
      },
    )
    expect(parseEvent('greyctl', jsonMessage('listening on inet:127.0.0.1:10023', 0))).toBeUndefined()
    expect(parseEvent('greyctl', lines.whitelisted(request()))).toBeUndefined()
    const whole = lines.action(request(), { action: 'pass', reason: 'client AWL' }, false)
    for (let end = 0; end < whole.length; end += 1)
      expect(parseEvent('greyctl', whole.slice(0, end))).toBeUndefined()
    expect(parseEvent('postfix/smtpd', whole)).toBeUndefined()
  })

  it('and Postfix’s give the same verdict as with postgrey’s lines', async () => {
    const at = (seconds: number) => jsonLines(() => (Date.UTC(2026, 10, 23, 10) / 1000 + seconds) * 1000)
    const asked = request({ clientAddress: '192.0.2.10', recipient: 'bob@mx.test' })
    const log = (json: boolean) => {
      const line = (seconds: number, made: Parameters<typeof TEXT_LINES.action>[1]) =>
        (json ? at(seconds) : TEXT_LINES).action(asked, made, true)
      return new LogWriter()
        .line('greyctl', line(0, { action: 'defer', reason: 'new', waitSeconds: 60 }))
        .rejected()
        .wait(20)
        .line('greyctl', line(20, { action: 'defer', reason: 'early-retry', waitSeconds: 40 }))
        .rejected()
        .wait(400)
        .line('greyctl', line(420, { action: 'pass', reason: 'triplet found', delaySeconds: 420 }))
        .accepted('4K68s31RlGzgf9A')
        .toString()
    }
    const verdict = async (text: string) => {
      const host = new MemoryHost()
      host.time = Date.UTC(2026, 10, 24) / 1000
      host.seed('/var/log/mail.log', text)
      return verifySources(host, { files: ['/var/log/mail.log'] })
    }
    const told = await verdict(log(true))
    expect(told.counts).toMatchObject({ greylisted: 1, passed: 1, earlyRetries: 1 })
    expect(told).toEqual(await verdict(log(false)))
  })
})
