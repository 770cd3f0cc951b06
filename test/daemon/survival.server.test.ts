import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MOST_CONNECTIONS } from '../../src/daemon/server.js'
import { client, policyText } from './running.js'
import { goodClient, type Spawned, spawnDaemon } from './spawned.js'

/**
 * The daemon as a process, under everything that a client may do to it. Meanwhile a client that behaves has each answer
 * within two seconds; afterwards the process is the same, and no larger than its limits say. Needs nothing but Node.
 */
let base: string
let daemon: Spawned

beforeAll(async () => {
  base = mkdtempSync(join(tmpdir(), 'greyctl-survival-'))
  daemon = await spawnDaemon(base, [`--dbdir=${join(base, 'store')}`])
})
afterAll(async () => {
  await daemon?.kill('SIGKILL')
  rmSync(base, { recursive: true, force: true })
})

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

function raw(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(daemon.port, '127.0.0.1')
    socket.once('connect', () => resolve(socket))
    socket.once('error', reject)
    socket.on('error', () => {})
    socket.resume()
  })
}

const closed = (socket: Socket) => new Promise<void>((resolve) => socket.once('close', () => resolve()))

/** Sends, and gives the daemon a moment to choke on it. */
async function fire(bytes: Buffer | string): Promise<void> {
  const socket = await raw()
  socket.write(bytes, 'latin1' as BufferEncoding)
  await pause(5)
  socket.destroy()
}

/** The next number of a row that is the same in each run. */
function generator(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

const ADDRESSES = [
  '',
  'unknown',
  '0',
  '0.0.0.0',
  '255.255.255.255',
  '256.1.1.1',
  '1.2.3',
  '1.2.3.4.5',
  '01.02.03.04',
  '1.2.3.4/24',
  '::',
  '::1',
  '::ffff:192.0.2.1',
  '2001:db8::g',
  '2001:db8::1%eth0',
  'fe80::1%25',
  ':::',
  '1:2:3:4:5:6:7:8:9',
  '[::1]',
  'IPv6:::1',
  '-1',
  '１.2.3.4',
  '1.2.3.4\0',
  ' 1.2.3.4',
  'a'.repeat(5000),
  `${'1:'.repeat(3000)}`,
  '%s%n',
  '../../etc/passwd',
  '0x7f.1',
  '1e3',
]

async function endless(piece: string): Promise<void> {
  const socket = await raw()
  const gone = closed(socket)
  const feed = setInterval(() => {
    if (!socket.writableNeedDrain) socket.write(piece)
  }, 1)
  await gone
  clearInterval(feed)
}

const ATTACKS: Readonly<Record<string, () => Promise<void>>> = {
  async 'random bytes'() {
    for (let round = 0; round < 40; round += 1) await fire(randomBytes(100_000))
  },
  'a line without end': () => endless('x'.repeat(10_000)),
  'a request without end': () => endless('sender=a\n'.repeat(1000)),
  'garbage without end': () => endless('x\n'.repeat(1000)),
  async 'requests cut short'() {
    const text = policyText()
    for (let length = 0; length < text.length; length += 7) await fire(text.slice(0, length))
  },
  async 'mutated requests'() {
    const next = generator(20_261_124)
    for (let round = 0; round < 300; round += 1) {
      const bytes = Buffer.from(policyText().repeat(3), 'latin1')
      for (let count = next(20); count >= 0; count -= 1) bytes[next(bytes.length)] = next(256)
      await fire(bytes)
    }
  },
  async 'a web browser'() {
    await fire('GET / HTTP/1.1\r\nHost: localhost:10023\r\nUser-Agent: x\r\n\r\n')
    await fire(`POST /x HTTP/1.1\r\nContent-Length: 100000\r\n\r\n${'{'.repeat(60_000)}`)
    await fire('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
    await fire('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03')
  },
  async '300 silent connections'() {
    const silent = await Promise.all(Array.from({ length: 300 }, raw))
    await pause(1000)
    for (const socket of silent) socket.destroy()
  },
  async 'half-closed connections'() {
    const halves = await Promise.all(Array.from({ length: 50 }, raw))
    const all = Promise.all(halves.map(closed))
    for (const socket of halves) socket.end('request=smtpd_access_policy\nsender=half')
    await all
    const asked = await client(daemon.port)
    asked.socket.end(policyText({ sender: 'half@closed.example' }))
    expect(await asked.answers(1)).toHaveLength(1)
    await asked.closed
  },
  async 'one byte at a time'() {
    const slow = await client(daemon.port)
    slow.socket.setNoDelay(true)
    for (const byte of policyText()) {
      slow.send(byte)
      await pause(1)
    }
    expect(await slow.answers(1)).toHaveLength(1)
    slow.socket.destroy()
  },
  async '100,000 requests at once'() {
    const socket = await raw()
    let ends = 0
    let before = 0
    socket.on('data', (chunk: Buffer) => {
      for (const byte of chunk) {
        if (byte === 10 && before === 10) ends += 1
        before = byte === 10 && before === 10 ? 0 : byte
      }
    })
    for (let batch = 0; batch < 100; batch += 1) {
      const texts = Array.from({ length: 1000 }, (_, index) =>
        policyText({ sender: `p${(batch * 1000 + index) % 7000}@x.example` }),
      )
      if (!socket.write(texts.join(''))) await new Promise((resolve) => socket.once('drain', resolve))
    }
    await expect.poll(() => ends, { timeout: 60_000 }).toBe(100_000)
    socket.destroy()
  },
  async 'addresses of every odd shape'() {
    const odd = await client(daemon.port)
    for (const address of ADDRESSES) odd.send(policyText({ client_address: address, client_name: address }))
    const answers = await odd.answers(ADDRESSES.length)
    expect(answers.filter((answer) => !/^(?:DUNNO|DEFER_IF_PERMIT [\x20-\x7e]+)$/.test(answer))).toEqual([])
    odd.socket.destroy()
  },
  async 'answers that nobody takes'() {
    const greedy = await raw()
    greedy.pause()
    for (let count = 0; count < 300 && !greedy.writableNeedDrain; count += 1)
      greedy.write(policyText().repeat(100))
    await pause(1000)
    greedy.destroy()
  },
  async 'more silent connections than there are slots'() {
    const silent = await Promise.all(Array.from({ length: MOST_CONNECTIONS + 200 }, raw))
    const late = await client(daemon.port)
    late.send(policyText({ sender: 'late@comer.example' }))
    expect(await late.answers(1)).toHaveLength(1)
    // those that were silent for longest went
    await expect.poll(() => silent.filter(({ closed: gone }) => gone).length).toBeGreaterThanOrEqual(200)
    expect(silent[0]?.closed).toBe(true)
    for (const socket of silent) socket.destroy()
    late.socket.destroy()
  },
}

describe('the daemon survives', () => {
  it.each(Object.keys(ATTACKS))('%s', async (name) => {
    const before = daemon.memory()
    const good = goodClient(daemon.port)
    await ATTACKS[name]?.()
    await pause(100)
    expect(await good.stop()).toBeGreaterThan(2)
    expect(daemon.child.exitCode).toBeNull()
    expect(daemon.log()).not.toContain('internal error')
    // 64 KiB for each connection, a young generation and the log's lines: far from what an attack sends
    expect(daemon.memory() - before).toBeLessThan(150)
  })

  it('and has not grown', async () => {
    expect(daemon.memory()).toBeLessThan(300)
  })
})
