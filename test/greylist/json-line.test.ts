import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { jsonLines, jsonMessage } from '../../src/greylist/json-line.js'
import { request } from './fixtures.js'

const lines = jsonLines(() => 1_800_000_000_000)
const time = '2027-01-15T08:00:00.000Z'

describe('JSON lines', () => {
  it('have the fields of a decision', () => {
    const made = lines.action(
      request({ queueId: '4ABC', sender: '' }),
      { action: 'defer', reason: 'early-retry', waitSeconds: 40 },
      false,
    )
    expect(JSON.parse(made)).toEqual({
      time,
      level: 'info',
      event: 'decision',
      action: 'greylist',
      reason: 'early-retry',
      wait_seconds: 40,
      queue_id: '4ABC',
      client_name: 'mail.example.org',
      client_address: '192.0.2.25',
      sender: '',
      recipient: 'bob@example.com',
    })
    const passed = lines.action(
      request(),
      { action: 'pass', reason: 'triplet found', delaySeconds: 70 },
      true,
    )
    expect(JSON.parse(passed)).toMatchObject({ action: 'pass', delay_seconds: 70 })
  })

  it('have a level and a message, or a client', () => {
    expect(JSON.parse(jsonMessage('warning: disk full', 1_800_000_000_000))).toEqual({
      time,
      level: 'warning',
      event: 'message',
      message: 'disk full',
    })
    expect(JSON.parse(lines.whitelisted(request()))).toMatchObject({
      event: 'whitelisted',
      client_address: '192.0.2.25',
    })
  })

  it('show UTF-8 as what it is', () => {
    const sender = Buffer.from('jörg@example.org').toString('latin1')
    expect(
      JSON.parse(lines.action(request({ sender }), { action: 'pass', reason: 'new' }, false)).sender,
    ).toBe('jörg@example.org')
  })

  it('are one line of printable ASCII, whatever was sent', () => {
    const bytes = fc.uint8Array({ maxLength: 50 }).map((values) => Buffer.from(values).toString('latin1'))
    fc.assert(
      fc.property(bytes, bytes, bytes, (sender, recipient, clientName) => {
        const hostile = request({ sender, recipient, clientName })
        for (const made of [
          lines.action(hostile, { action: 'pass', reason: 'new' }, false),
          lines.whitelisted(hostile),
          jsonMessage(sender, 0),
        ]) {
          expect(made).toMatch(/^[\x20-\x7e]+$/)
          expect(JSON.parse(made)).toBeTypeOf('object')
        }
      }),
    )
  })
})
