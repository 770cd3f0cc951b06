import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { KEY_FILE, sealer } from '../../src/daemon/privacy.js'
import { isForgettable } from '../../src/greylist/record.js'
import { MemoryStore } from '../../src/store/memory.js'
import { openStore } from '../../src/store/open.js'
import { client, policyText, startTestDaemon } from './running.js'
import { eventually } from './spawned.js'

let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'greyctl-privacy-'))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const store = () => ({ kind: 'lmdb', directory: join(base, 'store') }) as const

describe('--privacy', () => {
  it('makes a key once, for its user alone', () => {
    const first = sealer(store())
    const path = join(base, 'store', KEY_FILE)
    expect(statSync(path)).toMatchObject({
      mode: expect.toSatisfy((mode) => (mode & 0o777) === 0o600),
      size: 32,
    })
    expect(sealer(store())('x')).toBe(first('x'))
    expect(first('x')).toMatch(/^[\w-]{43}$/)
    expect(first('x')).not.toBe(first('y'))
    rmSync(path)
    expect(sealer(store())('x')).not.toBe(first('x'))
  })

  it('does not take half a key for one', () => {
    sealer(store())
    const path = join(base, 'store', KEY_FILE)
    writeFileSync(path, 'short')
    expect(() => sealer(store())).toThrow('the key of --privacy has 5 bytes, not 32')
    expect(readFileSync(path, 'utf8')).toBe('short')
  })

  it('leaves nothing to read in the store, and knows a triplet all the same', async () => {
    const memory = new MemoryStore()
    const daemon = await startTestDaemon(['--privacy', '--auto-whitelist-clients=1'], memory)
    try {
      const postfix = await client(daemon.port)
      postfix.send(policyText())
      expect((await postfix.answers(1))[0]).toMatch(/^DEFER_IF_PERMIT/)
      daemon.now += 100
      postfix.send(policyText())
      expect((await postfix.answers(1))[0]).toMatch(/delayed 100 seconds/)
      const keys = [...memory.entries()].map(([key]) => key)
      expect(keys).toHaveLength(2)
      for (const key of keys) expect(key).toMatch(/^[tc]#[\w-]{43}$/)
      postfix.socket.destroy()
    } finally {
      await daemon.stop()
    }
  })

  it('without its key answers DUNNO, writes nothing in clear, and begins when the key is there', async () => {
    sealer(store())
    const path = join(base, 'store', KEY_FILE)
    const secret = readFileSync(path)
    writeFileSync(path, 'short')
    const daemon = await startTestDaemon(['--privacy', `--store=lmdb:${base}/store`])
    try {
      expect(daemon.lines).toContainEqual(
        expect.stringMatching(
          /^warning: the key of --privacy has 5 bytes.*nobody is greylisted until it can$/,
        ),
      )
      const postfix = await client(daemon.port)
      postfix.send(policyText())
      expect(await postfix.answers(1)).toEqual(['DUNNO'])
      writeFileSync(path, secret)
      await eventually(() => daemon.lines.includes('warning: the store is open, greylisting begins'))
      postfix.send(policyText())
      expect((await postfix.answers(1))[0]).toMatch(/^DEFER_IF_PERMIT/)
      postfix.socket.destroy()
    } finally {
      await daemon.stop()
    }
    const kept = openStore(store())
    for await (const [key] of kept.entries()) expect(key).toMatch(/^t#[\w-]{43}$/)
    expect(await kept.stats()).toMatchObject({ entries: 1 })
    await kept.close()
  })

  it('forgets what was stored in clear at the next cleaning', () => {
    const record = { first: 1000, last: 1000, count: 1 }
    const expiry = (sealed: boolean, now: number) => ({ maxAge: 1000, retryWindow: 1000, sealed, now })
    expect(isForgettable('t192.0.2.0\na\nb', record, expiry(false, 1500))).toBe(false)
    expect(isForgettable('t192.0.2.0\na\nb', record, expiry(true, 1500))).toBe(true)
    expect(isForgettable('t#hash', record, expiry(true, 1500))).toBe(false)
    expect(isForgettable('t#hash', record, expiry(true, 2500))).toBe(true)
  })
})
