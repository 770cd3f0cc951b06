import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { GreyRecord } from '../../src/greylist/record.js'
import { type Durability, JournaledStore } from '../../src/store/journaled.js'
import { MemoryStore } from '../../src/store/memory.js'
import { readFrames, SEGMENT_SIZE, Segment } from '../../src/store/segment.js'
import type { Change, LocalStore } from '../../src/store/store.js'

const record = (first: number): GreyRecord => ({ first, last: first + 1, count: 2 })

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'greyctl-journal-'))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

describe('a segment', () => {
  const file = () => join(directory, 'journal-0')
  const write = (...frames: (readonly Change[])[]) => {
    const { segment } = Segment.open(file())
    for (const changes of frames) expect(segment.append(7, changes)).toBe(true)
    segment.close()
    return readFileSync(file())
  }
  const change = fc.tuple(
    fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) }),
    fc.option(fc.record({ first: fc.nat(), last: fc.nat(), count: fc.nat() }), { nil: undefined }),
  )

  it('gives back what was appended, in its order', () => {
    fc.assert(
      fc.property(fc.array(fc.array(change, { minLength: 1, maxLength: 5 }), { maxLength: 5 }), (frames) => {
        rmSync(file(), { force: true })
        const bytes = write(...frames)
        expect(readFrames(bytes).changes).toEqual(frames.flat())
        expect(bytes.length).toBe(SEGMENT_SIZE)
      }),
      { numRuns: 20 },
    )
  })

  it('gives back whole frames only, wherever it is cut or a byte is changed', () => {
    const frames: Change[][] = [
      [['ta', record(1)]],
      [
        ['tb', record(2)],
        ['tc', undefined],
      ],
      [['td', record(3)]],
    ]
    const bytes = write(...frames).subarray(0, 200)
    const prefixes = [0, 1, 2, 3].map((count) => frames.slice(0, count).flat())
    for (let at = 0; at < bytes.length; at += 1) {
      expect(prefixes).toContainEqual(readFrames(bytes.subarray(0, at)).changes)
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 0x40
      expect(prefixes).toContainEqual(readFrames(changed).changes)
    }
  })

  it('says nothing that an earlier use left behind', async () => {
    write([['told', record(1)]], [['tolder', record(1)]])
    const { segment, recovered } = Segment.open(file())
    expect(recovered.changes).toHaveLength(2)
    expect(segment.append(8, [['tnew', record(2)]])).toBe(false)
    await segment.clear(8)
    expect(readFrames(readFileSync(file())).changes).toEqual([])
    expect(segment.append(8, [['tnew', record(2)]])).toBe(true)
    segment.close()
    expect(readFrames(readFileSync(file()))).toMatchObject({ generation: 8, changes: [['tnew', record(2)]] })
  })

  it('reads any bytes without complaint', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        readFrames(Buffer.from(bytes))
      }),
    )
  })
})

/** A store whose writes can be held up, or fail. */
class Slow extends MemoryStore implements LocalStore {
  held: Promise<void> | undefined
  broken: string | undefined
  async apply(changes: readonly Change[]): Promise<void> {
    await this.held
    if (this.broken !== undefined) throw new Error(this.broken)
    for (const [key, one] of changes) {
      if (one) this.putMany([[key, one]])
      else this.removeMany([key])
    }
  }
}

describe('a journaled store', () => {
  const warnings: string[] = []
  const open = (base: LocalStore, durability: Durability = 'strict') =>
    new JournaledStore(base, directory, {
      durability,
      patience: 0,
      warn: (message) => warnings.push(message),
    })
  beforeEach(() => {
    warnings.length = 0
  })

  it('knows what has not arrived in the store yet, and moves it there', async () => {
    const base = new Slow()
    let release = () => {}
    base.held = new Promise((resolve) => {
      release = resolve
    })
    const store = open(base)
    await store.putMany([['ta', record(1)]])
    expect(base.getMany(['ta'])).toEqual([undefined])
    expect(store.getMany(['ta', 'tb'])).toEqual([record(1), undefined])
    await expect.poll(() => readFrames(readFileSync(join(directory, 'journal-0'))).changes).toHaveLength(1)
    const settled = store.stats()
    await store.putMany([['ta', record(2)]])
    await store.removeMany(['tb'])
    expect(store.getMany(['ta'])).toEqual([record(2)])
    release()
    await settled
    await store.close()
    expect(base.getMany(['ta'])).toEqual([record(2)])
  })

  it.each(['strict', 'relaxed'] as const)('after a crash knows all it answered (%s)', async (durability) => {
    const base = new Slow()
    base.held = new Promise(() => {})
    const crashed = open(base, durability)
    await crashed.putMany([
      ['ta', record(1)],
      ['tb', record(2)],
    ])
    void crashed.stats()
    await crashed.putMany([['ta', record(3)]])
    await crashed.removeMany(['tb'])
    const next = new Slow()
    const left = join(directory, 'left')
    for (const name of ['journal-0', 'journal-1']) cpSync(join(directory, name), join(left, name))
    const store = new JournaledStore(next, left, { durability, patience: 0, warn: () => {} })
    expect(store.getMany(['ta', 'tb'])).toEqual([record(3), undefined])
    // nothing is written over what has not moved yet
    await store.putMany([['tc', record(4)]])
    await store.close()
    expect([...next.entries()]).toEqual([
      ['ta', record(3)],
      ['tc', record(4)],
    ])
    expect(readFrames(readFileSync(join(left, 'journal-0'))).changes).toEqual([])
    expect(readFrames(readFileSync(join(left, 'journal-1'))).changes).toEqual([])
  })

  it.each([0, 1])('keeps what is answered while what a crash left in segment %i moves', async (place) => {
    const crash = (from: string, to: string) => {
      for (const name of ['journal-0', 'journal-1']) cpSync(join(from, name), join(directory, to, name))
      return join(directory, to)
    }
    const base = new Slow()
    const first = open(base)
    if (place === 1) {
      await first.putMany([['tmoved', record(1)]])
      await first.stats()
    }
    base.held = new Promise(() => {})
    await first.putMany([['ta', record(1)]])
    const left = crash(directory, 'left')
    expect(readFrames(readFileSync(join(left, `journal-${place}`))).changes).toHaveLength(1)

    const next = new Slow()
    let release = () => {}
    next.held = new Promise((resolve) => {
      release = resolve
    })
    const options = { durability: 'strict', patience: 0, warn: () => {} } as const
    const second = new JournaledStore(next, left, options)
    // one segment is free: nobody waits
    await second.putMany([['tb', record(2)]])
    release()
    await expect.poll(() => next.getMany(['ta'])).toEqual([record(1)])
    next.held = new Promise(() => {})

    const last = new JournaledStore(new Slow(), crash(left, 'again'), options)
    expect(last.getMany(['tb'])).toEqual([record(2)])
    await last.close()
  })

  it('waits when both segments are full, and fails when the store takes nothing', async () => {
    const base = new Slow()
    base.broken = 'no space left on device'
    const store = open(base)
    const many = Array.from(
      { length: 10_000 },
      (_, index) => [`t${index}${'x'.repeat(90)}`, record(1)] as const,
    )
    let failed = 0
    for (let round = 0; round < 10 && failed === 0; round += 1) {
      await Promise.resolve(store.putMany(many)).catch((error: Error) => {
        expect(error.message).toBe('no space left on device')
        failed += 1
      })
      await store.stats()
    }
    expect(failed).toBe(1)
    expect(warnings).toEqual([
      'the store cannot be written, new triplets wait in its journal: no space left on device',
    ])
    expect(store.getMany([many[0]?.[0] ?? ''])).toEqual([record(1)])
    base.broken = undefined
    await store.stats()
    await store.putMany(many)
    expect(warnings.at(-1)).toBe('the store can be written again')
    await store.close()
    expect(base.stats().entries).toBe(10_000)
  })

  it('lets nobody wait for long, and keeps nothing of who did, when the store hangs', async () => {
    const base = new Slow()
    let release = () => {}
    base.held = new Promise((resolve) => {
      release = resolve
    })
    const store = open(base)
    const many = (batch: number) =>
      Array.from(
        { length: 10_000 },
        (_, index) => [`t${batch}-${index}${'x'.repeat(90)}`, record(1)] as const,
      )
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    try {
      for (let batch = 0; batch < 6; batch += 1) await store.putMany(many(batch))
      const refused = Array.from({ length: 5 }, (_, batch) => store.putMany(many(10 + batch))).map((waits) =>
        expect(waits).rejects.toThrow('the journal is full'),
      )
      await vi.advanceTimersByTimeAsync(5000)
      await Promise.all(refused)
    } finally {
      vi.useRealTimers()
    }
    release()
    await store.close()
    expect(base.stats().entries).toBe(60_000)
  })

  it('turns to the other segment before one is full, and flushes the right one', async () => {
    const base = new Slow()
    const store = open(base)
    const written = Array.from({ length: 9 }, (_, batch) =>
      Array.from(
        { length: 10_000 },
        (_, index) => [`t${batch}-${index}${'x'.repeat(90)}`, record(batch)] as const,
      ),
    )
    const flushes: string[] = []
    const flush = Segment.prototype.flush
    const append = Segment.prototype.append
    const last = new WeakMap<Segment, string>()
    Segment.prototype.append = function (generation, changes) {
      const done = append.call(this, generation, changes)
      if (done) last.set(this, changes[0]?.[0] ?? '')
      return done
    }
    Segment.prototype.flush = function () {
      flushes.push(last.get(this) ?? '')
      return flush.call(this)
    }
    try {
      for (const entries of written) {
        flushes.length = 0
        await store.putMany(entries)
        expect(flushes).toContain(entries[0]?.[0])
      }
    } finally {
      Segment.prototype.flush = flush
      Segment.prototype.append = append
    }
    await store.close()
    expect(base.stats().entries).toBe(90_000)
  })

  it('holds a batch that is larger than its segment in no way', async () => {
    const store = open(new Slow())
    const many = Array.from(
      { length: 50_000 },
      (_, index) => [`t${index}${'x'.repeat(90)}`, record(1)] as const,
    )
    await expect(store.putMany(many)).rejects.toThrow('more changes at once than the journal holds')
    await store.close()
  })

  it('expires nothing that changed since', async () => {
    const base = new Slow()
    base.putMany([
      ['told', record(1)],
      ['tseen', record(1)],
    ])
    const store = open(base)
    await store.putMany([['tseen', record(100)]])
    expect(await store.expire({ maxAge: 50, retryWindow: 50, now: 100, sealed: false }, 1000)).toEqual({
      removed: 2,
      done: true,
    })
    expect(store.getMany(['told', 'tseen'])).toEqual([undefined, record(100)])
    await store.close()
    expect([...base.entries()]).toEqual([['tseen', record(100)]])
  })

  it("is one daemon's alone", { timeout: 20_000 }, async () => {
    const store = open(new Slow())
    expect(() => open(new Slow())).toThrow('another daemon uses it')
    await store.close()
    await open(new Slow()).close()
  })

  it('starts with a journal of garbage', async () => {
    for (const name of ['journal-0', 'journal-1'])
      writeFileSync(join(directory, name), Buffer.alloc(5000, name))
    const store = open(new Slow())
    expect(store.getMany(['ta'])).toEqual([undefined])
    await store.putMany([['ta', record(1)]])
    await store.close()
  })
})
