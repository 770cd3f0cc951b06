import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { lifetime } from '../../../src/store/lifetime.js'
import type { Store } from '../../../src/store/store.js'
import { connect } from '../../../src/store/valkey/connect.js'
import { parseValkey, type ValkeyLocation } from '../../../src/store/valkey/location.js'
import { openShared } from '../../../src/store/valkey/open.js'
import { ValkeyStore } from '../../../src/store/valkey/valkey.js'
import { type Days, days, play, RULES, START } from '../../daemon/fleet.js'
import { eventually } from '../../daemon/spawned.js'
import { serverPrograms } from './programs.js'
import { type Server, Servers } from './servers.js'

const programs = serverPrograms()

function located(text: string): ValkeyLocation {
  const parsed = parseValkey(text)
  if (typeof parsed === 'string') throw new Error(parsed)
  return parsed
}

const bases: string[] = []
const opened: Store[] = []
afterEach(async () => {
  for (const store of opened.splice(0)) await store.close()
  for (const base of bases.splice(0)) rmSync(base, { recursive: true, force: true })
})

const time = { now: START }
const kept = (key: string, record: Parameters<typeof lifetime>[1]) =>
  lifetime(key, record, { ...RULES }, time.now)

/** What a daemon has; `guessing`: when it has merged what it found on its host, which is nothing. */
async function host(text: string, warnings: string[] = [], guessing = true): Promise<Store> {
  const base = mkdtempSync(join(tmpdir(), 'greyctl-trips-'))
  bases.push(base)
  const location = located(`${text}${text.includes('?') ? '&' : '?'}local=${join(base, 'local')}`)
  const warn = (message: string) => warnings.push(message)
  const store = await openShared(location, { lifetime: kept, durability: 'relaxed', warn })
  opened.push(store)
  if (guessing) await eventually(() => store.guesser !== undefined)
  return store
}

/** The same without guesses: every mail that has to be remembered takes a second round trip. */
function asking(store: Store): Store {
  return new Proxy(store, {
    get: (target, name) => {
      if (name === 'guesser') return undefined
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

const mails = (one: number, sender = 0): Days['happenings'][number] => ({
  kind: 'mails',
  host: one,
  mails: [{ client: 0, sender, recipient: 0 }],
})
const later = (seconds: number): Days['happenings'][number] => ({ kind: 'time', seconds })
const rules = { delay: 60, autoWhitelist: 2, learn: false, outbound: undefined }
const LIFE = [mails(0), mails(0), later(60), mails(0), mails(0), later(3600), mails(0)]
const ANSWERS = ['DEFER_IF_PERMIT', 'DEFER_IF_PERMIT', 'PREPEND', 'DUNNO', 'DUNNO']
const actions = (answers: readonly string[]) => answers.map((one) => /action=(\w+)/.exec(one)?.[1])

describe.runIf(programs.length > 0).each(programs)('$name: one round trip a mail', (program) => {
  const servers = new Servers(program)
  let server: Server
  beforeAll(async () => {
    server = await servers.start()
  })
  afterAll(() => servers.end())

  /** Name, value and seconds of each record with this prefix. */
  async function remembered(prefix: string): Promise<ReadonlyMap<string, readonly [string, number]>> {
    const names = (await server.client.keys(`${prefix}[tceo]*`)).filter((name) => !name.includes('trial:'))
    const found = new Map<string, readonly [string, number]>()
    for (const name of names.sort()) {
      const value = (await server.client.getBuffer(name))?.toString('hex') ?? ''
      found.set(name.slice(prefix.length), [value, await server.client.ttl(name)])
    }
    return found
  }

  it('answers and remembers, and for as long, what two round trips do', async () => {
    const memories = ['one:', 'two:']
    const at = (prefix: string) => `valkey://127.0.0.1:${server.port}?prefix=${prefix}`
    const own = memories.map(async (prefix) => {
      const where = located(at(prefix))
      return new ValkeyStore(await connect(where, 5000), where, kept)
    })
    const [ownOne, ownTwo] = await Promise.all(own)
    if (!ownOne || !ownTwo) throw new Error('two were opened')
    const warnings: string[] = []
    await fc.assert(
      fc.asyncProperty(days, async (of) => {
        await server.client.flushall()
        // what they remember to guess by is of this day alone
        const guessing = await Promise.all([host(at('one:'), warnings), host(at('one:'), warnings)])
        const askers = await Promise.all([host(at('two:'), warnings), host(at('two:'), warnings)])
        time.now = START
        const guessed = await play(of, guessing, ownOne, time)
        time.now = START
        const asked = await play(of, askers.map(asking), ownTwo, time)
        expect(guessed).toEqual(asked)
        const [one, two] = [await remembered('one:'), await remembered('two:')]
        expect([...one].map(([name, [value]]) => [name, value])).toEqual(
          [...two].map(([name, [value]]) => [name, value]),
        )
        // a second may have begun between the two
        for (const [name, [, seconds]] of one)
          expect(Math.abs(seconds - (two.get(name)?.[1] ?? 0))).toBeLessThanOrEqual(5)
        for (const store of opened.splice(0)) await store.close()
      }),
      { numRuns: 8 },
    )
    expect(warnings).toEqual([])
    await ownOne.close()
    await ownTwo.close()
  })

  it('also for a first mail, a retry, and one that is known', async () => {
    const way = await servers.slowWay(server.port)
    await server.client.flushall()
    const store = await host(`valkey://127.0.0.1:${way.port}`)
    time.now = START
    way.pieces = 0
    const { answers } = await play({ rules, happenings: LIFE }, [store], store, time)
    expect(actions(answers)).toEqual(ANSWERS)
    expect(way.pieces).toBe(ANSWERS.length)
  })

  it('and two where another host deferred it', async () => {
    const way = await servers.slowWay(server.port)
    await server.client.flushall()
    const [one, two] = [
      await host(`valkey://127.0.0.1:${server.port}`),
      await host(`valkey://127.0.0.1:${way.port}`),
    ]
    time.now = START
    way.pieces = 0
    const happenings = [mails(0), later(60), mails(1)]
    const { answers } = await play({ rules, happenings }, [one, two], one, time)
    expect(actions(answers)).toEqual(['DEFER_IF_PERMIT', 'PREPEND'])
    expect(way.pieces).toBe(2)
  })

  it('goes on when the server has forgotten the script', async () => {
    await server.client.flushall()
    const warnings: string[] = []
    const store = await host(`valkey://127.0.0.1:${server.port}`, warnings)
    time.now = START
    for (const sender of [0, 1]) {
      await server.client.call('SCRIPT', 'FLUSH')
      const { answers } = await play({ rules, happenings: [mails(0, sender)] }, [store], store, time)
      expect(actions(answers)).toEqual(['DEFER_IF_PERMIT'])
    }
    expect((await remembered('grey:')).size).toBe(2)
    expect(store.alone).toBe(false)
    expect(warnings).toEqual([])
  })

  it('is not for a user who may run no scripts, which is said once', async () => {
    const acl = join(servers.directory, 'users.acl')
    writeFileSync(acl, 'user default on nopass ~* &* +@all -@scripting\nuser admin on >root ~* &* +@all\n')
    const strict = await servers.start(['--aclfile', acl], undefined, { username: 'admin', password: 'root' })
    const way = await servers.slowWay(strict.port)
    const warnings: string[] = []
    const store = await host(`valkey://127.0.0.1:${way.port}`, warnings, false)
    await eventually(() => warnings.length > 0)
    time.now = START
    way.pieces = 0
    const { answers } = await play({ rules, happenings: LIFE }, [store], store, time)
    expect(actions(answers)).toEqual(ANSWERS)
    // three of them have to be remembered
    expect(way.pieces).toBe(ANSWERS.length + 3)
    await strict.client.call('CLIENT', 'KILL', 'USER', 'default')
    // a connection that is lost is noticed when it is used
    await play({ rules, happenings: [mails(0)] }, [store], store, time)
    await eventually(() => store.alone === false)
    expect(warnings.filter((text) => text.includes('runs no scripts for us (NOPERM'))).toHaveLength(1)
    await strict.stop()
  })

  it('reads from a server that is full, and is alone at the first write', async () => {
    const full = await servers.start(['--maxmemory-policy', 'noeviction'])
    const warnings: string[] = []
    const store = await host(`valkey://127.0.0.1:${full.port}`, warnings)
    time.now = START
    await play({ rules, happenings: LIFE }, [store], store, time)
    await full.client.config('SET', 'maxmemory', '1')
    const known = await play({ rules, happenings: [mails(0)] }, [store], store, time)
    expect(actions(known.answers)).toEqual(['DUNNO'])
    expect(store.alone).toBe(false)
    const fresh = await play({ rules, happenings: [mails(0, 1)] }, [store], store, time)
    expect(actions(fresh.answers)).toEqual(['DEFER_IF_PERMIT'])
    expect(store.alone).toBe(true)
    expect(warnings.join()).toContain('OOM')
    await full.stop()
  })

  it('is not for a cluster, where a triplet and its client are on different nodes', async () => {
    const [node] = await servers.cluster()
    const warnings: string[] = []
    const store = await host(`valkey://127.0.0.1:${node?.port}?cluster`, warnings, false)
    time.now = START
    const { answers } = await play({ rules, happenings: LIFE }, [store], store, time)
    expect(actions(answers)).toEqual(ANSWERS)
    expect(store.guesser).toBeUndefined()
    expect(warnings).toEqual([])
  })
})
