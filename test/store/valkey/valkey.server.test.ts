import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { GreyRecord } from '../../../src/greylist/record.js'
import type { Entry, Store } from '../../../src/store/store.js'
import { connect } from '../../../src/store/valkey/connect.js'
import { parseValkey, type ValkeyLocation } from '../../../src/store/valkey/location.js'
import { hostsBehind } from '../../../src/store/valkey/reach.js'
import { ValkeyStore } from '../../../src/store/valkey/valkey.js'
import { conforms } from '../conformance.js'
import { serverPrograms } from './programs.js'
import { freePort, type Server, Servers } from './servers.js'

const programs = serverPrograms()

const MINUTE = 60

function location(text: string): ValkeyLocation {
  const parsed = parseValkey(text)
  if (typeof parsed === 'string') throw new Error(parsed)
  return parsed
}

async function open(text: string, lifetime = 10 * MINUTE): Promise<ValkeyStore> {
  const where = location(text)
  return new ValkeyStore(await connect(where, 5000), where, () => lifetime)
}

async function listed(store: Store): Promise<Entry[]> {
  const entries: Entry[] = []
  for await (const entry of store.entries()) entries.push(entry)
  return entries
}

const seen = (first: number): GreyRecord => ({ first, last: first, count: 0 })
const TRIPLETS = ['@big.example', '192.0.2.0'].map((network) => `t${network}\na@big.example\nbob@example.com`)

describe.runIf(programs.length > 0).each(programs)('$name: a server', (program) => {
  const servers = new Servers(program)
  let server: Server
  beforeAll(async () => {
    server = await servers.start()
  })
  afterAll(() => servers.end())

  const FEATURES = { ordered: false, forgets: true }
  const emptied = async () => {
    await server.client.flushall()
    return open(`valkey://127.0.0.1:${server.port}`)
  }
  conforms(program.name, emptied, FEATURES)

  it('holds records as long as they say something, and other things beside them', async () => {
    await server.client.flushall()
    await server.client.set('other', 'thing')
    const store = await open(`valkey://127.0.0.1:${server.port}`, 77)
    await store.putMany([[TRIPLETS[1] ?? '', seen(5)]])
    const name = 'grey:t192.0.2.0\n{a@big.example\nbob@example.com}'
    expect(await server.client.ttl(name)).toBeGreaterThan(70)
    expect(await server.client.ttl(name)).toBeLessThanOrEqual(77)
    const found = await listed(store)
    expect(found).toEqual([[TRIPLETS[1], seen(5)]])
    await store.close()
    expect(await server.client.get('other')).toBe('thing')
  })

  it('is asked once for all that a turn needs', async () => {
    const store = await open(`valkey://127.0.0.1:${server.port}`)
    await server.client.config('RESETSTAT')
    await store.getMany(Array.from({ length: 50 }, (_, n) => `t192.0.2.0\n${n}@x.example\nbob@example.com`))
    expect(await server.client.info('commandstats')).toMatch(/cmdstat_mget:calls=1,/)
    await store.close()
  })

  it('takes a database and a prefix of its own', async () => {
    const store = await open(`valkey://127.0.0.1:${server.port}/3?prefix=mx:`)
    await store.putMany([['c192.0.2.25', seen(1)]])
    await server.client.select(3)
    expect(await server.client.keys('*')).toEqual(['mx:c192.0.2.25'])
    await server.client.select(0)
    await store.close()
  })

  it('says why it cannot be used', async () => {
    await expect(open('valkey://127.0.0.1:1')).rejects.toThrow(/ECONNREFUSED/)
  })
})

describe.runIf(programs.length > 0).each(programs)(
  '$name: a server that asks for a password, over TLS',
  (program) => {
    const servers = new Servers(program)
    let files: ReturnType<Servers['certificate']>
    const secret = join(servers.directory, 'password')
    beforeAll(async () => {
      files = servers.certificate()
      const acl = join(servers.directory, 'users.acl')
      // all that the daemon and the command line need, and nothing else, as the page says it
      writeFileSync(
        acl,
        [
          'user default off',
          'user admin on >root ~* &* +@all',
          /^user greyctl .*$/m
            .exec(readFileSync('docs/several-mx.md', 'utf8'))?.[0]
            .replace('PASSWORD', 's3cret:/@') ?? '',
          '',
        ].join('\n'),
      )
      writeFileSync(secret, 's3cret:/@\n', { mode: 0o600 })
      const tlsPort = await freePort()
      await servers.start(
        [
          '--aclfile',
          acl,
          '--tls-port',
          String(tlsPort),
          '--tls-cert-file',
          files.cert,
          '--tls-key-file',
          files.key,
          '--tls-ca-cert-file',
          files.ca,
          '--tls-auth-clients',
          'no',
        ],
        undefined,
        { username: 'admin', password: 'root' },
      )
      port = tlsPort
    })
    let port = 0
    afterAll(() => servers.end())

    const where = (user = 'greyctl', file = secret) =>
      `valkeys://${user}@127.0.0.1:${port}?ca=${files.ca}&password-file=${file}`

    it('is used with the rights of a user of its own', async () => {
      const store = await open(where())
      expect(await store.whyNoGuesses()).toBeUndefined()
      await store.putMany([['c192.0.2.25', seen(1)]])
      expect(await store.getMany(['c192.0.2.25'])).toEqual([seen(1)])
      expect(await store.stats()).toMatchObject({ entries: 1 })
      expect((await listed(store)).length).toBe(1)
      await store.close()
      await expect(open(where('greyctl', files.ca))).rejects.toThrow(/WRONGPASS/)
      await expect(open(where('nobody'))).rejects.toThrow(/WRONGPASS/)
    })

    it('must have a certificate that the authority vouches for', async () => {
      await expect(open(`valkeys://greyctl@127.0.0.1:${port}?password-file=${secret}`)).rejects.toThrow(
        /certificate/,
      )
    })

    it('takes the password from the environment', async () => {
      process.env.GREYCTL_STORE_PASSWORD = 's3cret:/@'
      try {
        const store = await open(`valkeys://greyctl@127.0.0.1:${port}?ca=${files.ca}`)
        await store.assertWritable()
        await store.close()
      } finally {
        delete process.env.GREYCTL_STORE_PASSWORD
      }
    })
  },
)

describe.runIf(programs.length > 0).each(programs)('$name: a cluster', (program) => {
  const servers = new Servers(program)
  let nodes: readonly Server[]
  beforeAll(async () => {
    nodes = await servers.cluster()
  })
  afterAll(() => servers.end())

  const where = () => `valkey://127.0.0.1:${nodes[0]?.port}?cluster`

  const emptied = async () => {
    for (const { client } of nodes) await client.flushall()
    return open(where())
  }
  conforms(`${program.name} cluster`, emptied, { ordered: false, forgets: true })

  it('keeps all that is known of a mail on one node, and mails on all of them', async () => {
    const store = await open(where())
    const keys = Array.from({ length: 60 }, (_, n) => TRIPLETS.map((key) => key.replace('a@', `a${n}@`)))
    await store.putMany(keys.flat().map((key) => [key, seen(1)]))
    const counts = await Promise.all(nodes.map(({ client }) => client.dbsize()))
    expect(Math.min(...counts)).toBeGreaterThan(10)
    expect(counts.every((count) => count % 2 === 0)).toBe(true)
    for (const { client } of nodes) await client.config('RESETSTAT')
    await store.getMany(keys[0] ?? [])
    const stats = await Promise.all(nodes.map(({ client }) => client.info('commandstats')))
    expect(stats.join('').match(/cmdstat_mget:calls=1,/g)).toHaveLength(1)
    await store.removeMany(keys.flat())
    await store.close()
  })

  it('tells all of its hosts, also those that nobody named', async () => {
    const named = location(`valkey://localhost:${nodes[0]?.port}?cluster`)
    expect([...(await hostsBehind(named, 5000))].sort()).toEqual(['127.0.0.1', 'localhost'])
    await expect(hostsBehind(location('valkey://127.0.0.1:1?cluster'), 500)).rejects.toThrow()
  })
})

describe.runIf(programs.length > 0).each(programs.slice(0, 1))('$name: sentinels', (program) => {
  const servers = new Servers(program)
  afterAll(() => servers.end())

  it('tell all servers that may be the master', async () => {
    const master = await servers.start()
    await servers.start([
      ...['--replicaof', '127.0.0.1', String(master.port)],
      // another host, as far as this one can have one
      ...['--bind', '127.0.0.1', '127.0.0.9', '--replica-announce-ip', '127.0.0.9'],
    ])
    const [first = 0, second = 0] = await servers.sentinels(master)
    const through = (ports: readonly number[]) =>
      hostsBehind(
        location(`valkey://${ports.map((port) => `127.0.0.1:${port}`).join(',')}?sentinel=mail`),
        2000,
      )
    expect([...(await through([first, second]))].sort()).toEqual(['127.0.0.1', '127.0.0.9'])
    // one of them is enough
    expect(await through([1, second])).toContain('127.0.0.9')
    await expect(through([1])).rejects.toThrow('ECONNREFUSED')
    await expect(hostsBehind(location(`valkey://127.0.0.1:${first}?sentinel=other`), 2000)).rejects.toThrow(
      /No such master/,
    )
  })
})
