import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { parseOptions } from '../../src/daemon/options.js'
import { controlPath } from '../../src/store/control.js'
import { parseSubject } from '../../src/store/known.js'
import { openStore } from '../../src/store/open.js'
import { allow, forget, listRecords, type Query, summarize } from '../../src/store/query.js'
import { type Client, client, policyText } from '../daemon/running.js'
import { type Spawned, spawnDaemon } from '../daemon/spawned.js'

let base: string
let daemon: Spawned | undefined
const prepare = () => {
  base = mkdtempSync(join(tmpdir(), 'greyctl-shared-'))
}
const cleanUp = async () => {
  await daemon?.kill('SIGTERM')
  daemon = undefined
  rmSync(base, { recursive: true, force: true })
}

const directory = () => join(base, 'store')
/** Seconds: as long as it may be, so that what is left of it tells a first try's time. */
const DELAY = 604_800
const start = async () => {
  daemon = await spawnDaemon(base, [
    `--store=lmdb:${directory()}`,
    `--delay=${DELAY}`,
    '--retry-window=30',
    '--greylist-text=%s',
    '--test-clock',
    '--quiet',
  ])
  return daemon
}
const query = (): Query => ({
  store: { kind: 'lmdb', directory: directory() },
  rules: parseOptions(['--inet=10023', '--config=/dev/null', `--delay=${DELAY}`, '--retry-window=30']).policy,
  now: Math.floor(Date.now() / 1000),
})
const subject = (text: string) => parseSubject(text, query().rules)

/** Seconds that are left, 0 for a mail that passes. */
async function ask(connection: Client, time: number, changes: Record<string, string> = {}): Promise<number> {
  connection.send(policyText({ policy_test_time: String(time), ...changes }))
  const [answer = ''] = await connection.answers(1)
  return Number(/^DEFER_IF_PERMIT 4\.2\.0 (\d+)$/.exec(answer)?.[1] ?? 0)
}

describe('a change of the store beside a running daemon', () => {
  beforeAll(async () => {
    prepare()
    await start()
  })
  afterAll(cleanUp)
  const port = () => daemon?.port ?? 0

  it('holds, although the same triplet is asked about and written all the time', async () => {
    const began = query().now
    const connections = await Promise.all(Array.from({ length: 8 }, () => client(port())))
    const [one] = connections as [Client]
    for (let round = 0; round < 8; round += 1) {
      const sender = `round${round}@example.org`
      expect(await ask(one, began, { sender })).toBe(DELAY)
      let forgotten = false
      const late: number[] = []
      const asking = connections.map(async (connection, index) => {
        for (let turn = 0, after = 0; after < 5; turn += 1) {
          const sentLater = forgotten
          // two times far apart: each is news to the record, and is written
          const left = await ask(connection, began + 10_000 + 4000 * ((turn + index) % 2), { sender })
          if (!sentLater) continue
          after += 1
          late.push(left)
        }
      })
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(await forget(query(), subject(sender))).toHaveLength(1)
      forgotten = true
      await Promise.all(asking)
      expect(late).toHaveLength(5 * connections.length)
      expect(Math.min(...late), 'known from before it was forgotten').toBeGreaterThanOrEqual(DELAY - 4000)
    }
    for (const { socket } of connections) socket.destroy()
  })

  it('is seen by the next request, and by who reads', async () => {
    await forget(query(), undefined)
    const connection = await client(port())
    const { now } = query()
    expect(await ask(connection, now)).toBe(DELAY)
    // learned a moment ago, and read from its file
    expect(await summarize(query())).toMatchObject({ entries: 1, triplets: 1 })
    expect(await allow(query(), subject('alice@example.org') ?? expect.fail())).toMatchObject({
      triplets: [{ sender: 'alice@example.org' }],
    })
    expect(await ask(connection, now)).toBe(0)
    expect(await forget(query(), undefined)).toHaveLength(1)
    expect(await ask(connection, now)).toBe(DELAY)
    connection.socket.destroy()
  })

  it('does not end the daemon with whatever is written to that socket', async () => {
    const connection = await client(controlPath(directory()))
    for (const text of [
      'nonsense',
      '{}',
      '{"do":"remove","keys":["x"]}',
      '{"do":"merge","entries":[["ta",{}]]}',
      '{"do":"erase"}',
    ])
      connection.send(`${text}\n`)
    connection.socket.end()
    await connection.closed
    const asking = await client(port())
    expect(await ask(asking, query().now, { sender: 'after@example.org' })).toBe(DELAY)
    asking.socket.destroy()
  })

  it('is asked for over a socket of the store’s owner alone, which goes with the daemon', async () => {
    expect(statSync(controlPath(directory())).mode & 0o777).toBe(0o600)
    await daemon?.kill('SIGTERM')
    daemon = undefined
    expect(statSync(controlPath(directory()), { throwIfNoEntry: false })).toBeUndefined()
  })
})

describe('a change of the store while no daemon runs', () => {
  beforeEach(prepare)
  afterEach(cleanUp)

  it('includes what a killed one had not written to its file', async () => {
    const { port } = await start()
    const connection = await client(port)
    const { now } = query()
    expect(await ask(connection, now)).toBe(DELAY)
    await daemon?.kill('SIGKILL')
    const wanted = subject('alice@example.org') ?? expect.fail()
    expect((await listRecords(query(), () => true, 9)).total).toBe(1)
    expect(await forget(query(), wanted)).toHaveLength(1)
    const again = await client((await start()).port)
    expect(await ask(again, now + 5)).toBe(DELAY)
    again.socket.destroy()
  })

  it('says so when a daemon has the store open that cannot be asked', async () => {
    mkdirSync(directory())
    const store = openStore({ kind: 'lmdb', directory: directory() }, { durability: 'strict' })
    await store.putMany([['ta', { first: 1, last: 1, count: 0 }]])
    await expect(forget(query(), undefined)).rejects.toThrow('cannot be asked to change it')
    await store.close()
    writeFileSync(controlPath(directory()), '')
    expect(await forget(query(), undefined)).toHaveLength(1)
  })
})
