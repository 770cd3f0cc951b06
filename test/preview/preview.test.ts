import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseClientTable } from '../../src/greylist/client-table.js'
import type { Policy } from '../../src/greylist/policy.js'
import { MemoryHost } from '../../src/host/memory.js'
import { type PreviewOptions, previewLog } from '../../src/preview/preview.js'
import { clients, policy } from '../greylist/fixtures.js'
import { LogWriter } from '../maillog/log-writer.js'

const TABLE = parseClientTable('table', readFileSync('templates/check_client_greylist', 'utf8')).table

async function preview(
  log: LogWriter | string,
  rules: Partial<Policy> = {},
  changes: Partial<PreviewOptions> = {},
) {
  const host = new MemoryHost()
  await host.replace('/mail.log', Buffer.from(log.toString()))
  return previewLog(host, {
    files: ['/mail.log'],
    policy: policy({ delay: 60, ...rules }),
    identity: 'pool',
    lines: TABLE,
    ownNetworks: ['10.0.0.0/8'],
    top: 10,
    ...changes,
  })
}

const unknown = (address: string) => `unknown[${address}]`

describe('a log with greylisting', () => {
  it('tells the delay itself: the try that would have passed is in it', async () => {
    const log = new LogWriter().rejected().wait(100).rejected().wait(300).accepted('A1B2C3D4E5')
    expect(await preview(log)).toMatchObject({
      mails: 1,
      delayed: 1,
      basis: { observed: 1, log: 0, published: 0, assumed: 0 },
      delay: { mean: 100, median: 100, max: 100 },
      longest: [{ sender: 'alice@example.org', delay: 100, basis: 'observed' }],
      neverCameBack: { stopped: 0, in: 0 },
    })
    expect(await preview(log, { delay: 200 })).toMatchObject({ delay: { max: 400 } })
  })

  it('both tellers of one attempt count as one', async () => {
    const log = new LogWriter()
      .greylister('action=greylist, reason=new')
      .rejected()
      .wait(100)
      .accepted('A1B2C3D4E5')
    expect(await preview(log)).toMatchObject({ mails: 1, delayed: 1, delay: { max: 100 } })
  })

  it('says what never came back, and would have been kept out or not', async () => {
    const log = new LogWriter()
      .rejected({ client: unknown('203.0.113.5'), sender: 'spam@bot.example' })
      .rejected({ client: 'mx.listed.example[198.51.100.9]', sender: 'x@listed.example' })
      .wait(86_400)
      .other()
    const listed = { clients: clients('listed.example\n').list }
    expect(await preview(log, listed)).toMatchObject({
      mails: 2,
      delayed: 0,
      neverCameBack: { stopped: 1, in: 1 },
      atOnce: { 'client whitelist': 1 },
    })
  })

  it('takes the next mail of the same two, days later, for another one', async () => {
    const log = new LogWriter()
      .rejected()
      .wait(4 * 86_400)
      .rejected()
      .wait(120)
      .accepted('A1B2C3D4E5')
    expect(await preview(log)).toMatchObject({
      mails: 2,
      delayed: 1,
      delay: { max: 120 },
      neverCameBack: { stopped: 1, in: 0 },
    })
  })

  it('leaves open what was deferred right before its end', async () => {
    const log = new LogWriter().rejected().wait(60).other()
    expect(await preview(log)).toMatchObject({ waitingAtEnd: 1, neverCameBack: { stopped: 0 } })
  })
})

describe('a log without greylisting', () => {
  it('has no second try: it is assumed, and said to be', async () => {
    const log = new LogWriter().accepted('A1B2C3D4E5', { client: 'mx.small.example[198.51.100.9]' })
    expect(await preview(log)).toMatchObject({
      mails: 1,
      delayed: 1,
      basis: { assumed: 1 },
      delay: { max: 300 },
    })
    // Postfix's own schedule: the second retry after 300 + 600 s
    expect(await preview(log, { delay: 400 })).toMatchObject({ delay: { max: 900 } })
  })

  it('a large sender’s schedule was published', async () => {
    const client = 'mail-am6eur05on2046.outbound.protection.outlook.com[203.0.113.7]'
    const log = new LogWriter().accepted('A1B2C3D4E5', { client, sender: 'a@hotmail.example' })
    expect(await preview(log)).toMatchObject({ basis: { published: 1 }, delay: { max: 61 } })
    expect(await preview(log, { delay: 300 })).toMatchObject({ delay: { max: 306 } })
  })

  it('the same sender’s habit, where the log shows it, counts more', async () => {
    const client = 'mx.small.example[198.51.100.9]'
    const log = new LogWriter()
      .rejected({ client, sender: 'one@small.example' })
      .wait(130)
      .accepted('A1B2C3D4E5', { client, sender: 'one@small.example' })
      .wait(100)
      .accepted('A1B2C3D4E6', { client, sender: 'two@small.example' })
    expect(await preview(log)).toMatchObject({
      delayed: 2,
      basis: { observed: 1, log: 1 },
      delay: { max: 130 },
    })
  })

  it('a second mail of a known triplet passes at once, and a client earns its place', async () => {
    const log = new LogWriter()
    for (let mail = 0; mail < 8; mail += 1) {
      log.accepted(`A1B2C3D4E${mail}`, { sender: `s${mail}@example.org` }).wait(7200)
    }
    log.accepted('B1B2C3D4E0', { sender: 's0@example.org' })
    const { delayed, atOnce } = await preview(log)
    expect([delayed, atOnce]).toEqual([5, { 'client AWL': 4 }])
  })

  it('does not ask about own users and own networks', async () => {
    const log = new LogWriter()
      .accepted('A1B2C3D4E1', { authenticated: true })
      .accepted('A1B2C3D4E2', { client: 'pc.example.com[10.1.2.3]' })
      .accepted('A1B2C3D4E3', { client: 'localhost[127.0.0.1]' })
    expect(await preview(log)).toMatchObject({ mails: 3, notAsked: 3, delayed: 0 })
  })

  it('with --selective asks about households alone', async () => {
    const log = new LogWriter()
      .accepted('A1B2C3D4E1', { client: 'mx.small.example[198.51.100.9]' })
      .accepted('A1B2C3D4E2', {
        client: 'dsl-203-0-113-7.provider.example[203.0.113.7]',
        sender: 'b@x.example',
      })
    expect(await preview(log, {}, { selective: TABLE })).toMatchObject({ notAsked: 1, delayed: 1 })
  })
})

describe('a pool of machines in different networks', () => {
  const machines = ['198.51.100.1', '203.0.113.1', '192.0.2.1', '198.18.0.1']
  const log = () => {
    const writer = new LogWriter()
    machines.forEach((address, index) => {
      const client = `out${index}.pool.example[${address}]`
      writer.accepted(`A1B2C3D4E${index}`, {
        client,
        sender: 's0@pool.example',
        recipient: `r${index}@mx.test`,
      })
      writer.wait(30)
    })
    writer.wait(4000)
    const client = `out0.pool.example[${machines[0]}]`
    return writer.accepted('F1B2C3D4E0', { client, sender: 'late@pool.example' })
  }

  it('waits for one retry where its machines are one client', async () => {
    const { longest, pools } = await preview(log())
    expect(Math.max(...longest.map(({ delay }) => delay))).toBe(300)
    expect(pools).toMatchObject([{ organisation: 'pool.example', networks: 4, mails: 5, longest: 300 }])
  })

  it('waits for a machine to come a second time where they are not, as with postgrey', async () => {
    const { pools } = await preview(log(), {}, { identity: 'subnet' })
    expect(pools).toMatchObject([{ organisation: 'pool.example', networks: 4 }])
    expect(pools[0]?.longest).toBeGreaterThan(2000)
  })
})

it('an empty log, one without times and other people’s lines end in nothing', async () => {
  expect(await preview('')).toMatchObject({ mails: 0, delayed: 0, longest: [], pools: [] })
  const noise =
    'garbage\n\u0000\u0001\nNov 23 10:00:00 mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from x[1.2.3.4\n'
  expect(await preview(noise)).toMatchObject({ mails: 0 })
})
