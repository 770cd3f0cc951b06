import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { GreyRecord } from '../../src/greylist/record.js'
import { type Durability, JournaledStore } from '../../src/store/journaled.js'
import { MemoryStore } from '../../src/store/memory.js'
import { SEGMENT_SIZE } from '../../src/store/segment.js'
import type { Change, LocalStore } from '../../src/store/store.js'

/**
 * A journal on a disk that loses its power: what was flushed is there; of what was written since, each sector is as it was
 * or as any of the writes to it left it, in no order, or the last write is cut after any byte. Whatever is left, the store
 * opens, and knows of each key what was durable, or what was really written to it later. A flush may fail, too: what it was to
 * bring to the disk may never get there, and the next flush says nothing of that (fsync(2), "EIO").
 */
const SECTOR = 512
/** Milliseconds: what `relaxed` may forget. */
const MAY_FORGET = 50

/** The files of a journal, in memory: what the test has for a disk. */
const disk = vi.hoisted(() => ({
  open: new Map<number, string>(),
  read: (_path: string): Buffer => Buffer.alloc(0),
  written: (_path: string, _at: number, _bytes: Buffer) => {},
  flush: (_path: string, done: (error: Error | null) => void) => done(null),
  flushNow: (_path: string) => {},
}))

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>()
  let next = 1_000_000
  return {
    ...fs,
    openSync(path: string, ...rest: [number, number]) {
      if (!/^journal-\d$/.test(path)) return fs.openSync(path, ...rest)
      next += 1
      disk.open.set(next, path)
      return next
    },
    closeSync(descriptor: number) {
      if (!disk.open.delete(descriptor)) fs.closeSync(descriptor)
    },
    readFileSync(descriptor: number, ...rest: ['utf8']) {
      const path = disk.open.get(descriptor)
      return path === undefined ? fs.readFileSync(descriptor, ...rest) : disk.read(path)
    },
    writeSync(descriptor: number, bytes: Buffer, from: number, length: number, at: number) {
      const path = disk.open.get(descriptor)
      if (path === undefined) return fs.writeSync(descriptor, bytes, from, length, at)
      disk.written(path, at, Buffer.from(bytes.subarray(from, from + length)))
      return length
    },
    fdatasync(descriptor: number, done: (error: Error | null) => void) {
      const path = disk.open.get(descriptor)
      if (path === undefined) fs.fdatasync(descriptor, done)
      else disk.flush(path, done)
    },
    fdatasyncSync(descriptor: number) {
      disk.flushNow(disk.open.get(descriptor) ?? '')
    },
    fsyncSync(descriptor: number) {
      disk.flushNow(disk.open.get(descriptor) ?? '')
    },
  }
})

// the lock of the journal is not looked at here, and each flock(1) would take 5 ms
vi.mock('node:child_process', () => ({ spawnSync: () => ({ status: 0 }) }))

interface Write {
  readonly at: number
  readonly bytes: Buffer
}

/** One file: what is on the platter, what was written since, and what is read. */
class File {
  readonly durable: Map<number, Buffer>
  readonly unflushed: Write[]
  readonly cached: Map<number, Buffer>

  constructor(
    durable = new Map<number, Buffer>(),
    unflushed: Write[] = [],
    cached = after(durable, unflushed),
  ) {
    this.durable = durable
    this.unflushed = unflushed
    this.cached = cached
  }

  /** As a process that was killed leaves it: what was written is still there to be read, and no more durable than before. */
  copy(): File {
    return new File(new Map(this.durable), [...this.unflushed], after(this.cached, []))
  }

  write(write: Write): void {
    this.unflushed.push(write)
    apply(this.cached, write)
  }

  flushed(count = this.unflushed.length): void {
    for (const write of this.unflushed.splice(0, count)) apply(this.durable, write)
  }

  /** It is read as before, and some of it will never be on the platter. */
  failed(count: number, pick: (below: number) => number): void {
    for (const write of this.unflushed.splice(0, count)) if (pick(2) === 0) apply(this.durable, write)
  }

  /** After a power failure. `pick(n)` chooses a number below n. */
  left(pick: (below: number) => number): File {
    const { durable, unflushed } = this
    if (unflushed.length > 0 && pick(2) === 0) {
      const at = pick(unflushed.length)
      const last = unflushed[at] as Write
      const cut = { at: last.at, bytes: last.bytes.subarray(0, pick(last.bytes.length + 1)) }
      return new File(after(durable, [...unflushed.slice(0, at), cut]))
    }
    const versions = unflushed.map((_, index) => after(durable, unflushed.slice(0, index + 1)))
    const sectors = after(durable, [])
    for (const at of after(durable, unflushed).keys()) {
      const version = pick(versions.length + 1)
      const bytes = version === 0 ? undefined : versions[version - 1]?.get(at)
      if (bytes) sectors.set(at, bytes)
    }
    return new File(sectors)
  }
}

function after(before: ReadonlyMap<number, Buffer>, writes: readonly Write[]): Map<number, Buffer> {
  const sectors = new Map([...before].map(([at, bytes]) => [at, Buffer.from(bytes)]))
  for (const write of writes) apply(sectors, write)
  return sectors
}

function apply(sectors: Map<number, Buffer>, { at, bytes }: Write): void {
  // all of it is zeros then: what no sector is kept of reads so
  if (bytes.length === SEGMENT_SIZE) {
    sectors.clear()
    return
  }
  for (let done = 0; done < bytes.length; ) {
    const start = Math.floor((at + done) / SECTOR) * SECTOR
    const within = at + done - start
    const count = Math.min(SECTOR - within, bytes.length - done)
    const sector = sectors.get(start) ?? Buffer.alloc(SECTOR)
    bytes.copy(sector, within, done, done + count)
    sectors.set(start, sector)
    done += count
  }
}

/** A tree whose commits are durable, and come when the test says so; half of them first, as LMDB's transactions do. */
class Tree extends MemoryStore implements LocalStore {
  held: Promise<void> = Promise.resolve()
  #lost = false

  async apply(changes: readonly Change[]): Promise<void> {
    const half = Math.ceil(changes.length / 2)
    for (const part of [changes.slice(0, half), changes.slice(half)]) {
      await this.held
      if (this.#lost) return new Promise(() => {})
      for (const [key, one] of part) {
        if (one) this.putMany([[key, one]])
        else this.removeMany([key])
      }
    }
  }

  /** What is left of it after the process is gone. */
  survivor(): Tree {
    this.#lost = true
    const next = new Tree()
    next.putMany([...this.entries()] as [string, GreyRecord][])
    return next
  }
}

/** Of the long ones, the third frame begins in another sector. */
const KEYS = ['ta', 'tb', `tc${'c'.repeat(450)}`, `td${'d'.repeat(450)}`]

/** What was written to a key, in its order, and when that was answered (milliseconds). */
interface Said {
  readonly value: GreyRecord | undefined
  answered: number | undefined
  /** It was answered with DUNNO. */
  failed?: boolean
}

/** A daemon's store over several lives. */
class World {
  readonly said = new Map<string, Said[]>(KEYS.map((key) => [key, [{ value: undefined, answered: 0 }]]))
  files = new Map<string, File>()
  #tree = new Tree()
  #release: (() => void) | undefined
  #held: (() => void)[] = []
  #store: JournaledStore
  #written = 0
  #failing = false
  /** Of the write that came last. */
  #latest: Promise<void> = Promise.resolve()

  constructor(
    readonly durability: Durability,
    readonly pick: (below: number) => number,
  ) {
    disk.read = (path) => {
      const bytes = Buffer.alloc(SEGMENT_SIZE)
      for (const [at, sector] of this.#file(path).cached) sector.copy(bytes, at)
      return bytes
    }
    disk.flushNow = (path) => this.#file(path).flushed()
    disk.written = (path, at, bytes) => this.#file(path).write({ at, bytes })
    disk.flush = (path, done) => {
      const file = this.#file(path)
      const count = file.unflushed.length
      const complete = () => {
        if (this.#failing) file.failed(count, pick)
        else file.flushed(count)
        done(this.#failing ? new Error('Input/output error') : null)
      }
      // a flush of `relaxed` takes no time here, so that what it may forget is known to the millisecond
      if (durability === 'relaxed') queueMicrotask(complete)
      else this.#held.push(complete)
    }
    this.#store = this.#begin(new Map())
  }

  #file(path: string): File {
    const known = this.files.get(path) ?? new File()
    this.files.set(path, known)
    return known
  }

  #begin(files: Map<string, File>): JournaledStore {
    this.files = files
    return new JournaledStore(this.#tree, '', { durability: this.durability, patience: 0, warn: () => {} })
  }

  write(key: string, removal: boolean): void {
    this.#written += 1
    const value = removal ? undefined : { first: this.#written, last: this.#written, count: 1 }
    const said: Said = { value, answered: undefined }
    this.said.get(key)?.push(said)
    const done = value ? this.#store.putMany([[key, value]]) : this.#store.removeMany([key])
    const answered = () => {
      said.answered = Date.now()
    }
    if (done === undefined) answered()
    else {
      this.#latest = done
      done.then(answered, () => {
        said.failed = true
      })
    }
  }

  /** Somebody is answered by what the last write to a key said: once the last of all writes is durable, as the engine does it. */
  look(key: string): void {
    const said = this.said.get(key)?.at(-1)
    const answered = () => {
      if (said && !said.failed) said.answered ??= Date.now()
    }
    this.#latest.then(answered, () => {})
  }

  async flushes(): Promise<void> {
    for (const complete of this.#held.splice(0)) complete()
    await vi.advanceTimersByTimeAsync(0)
  }

  /** The one that began last ends first: each segment has its own. */
  async overtakes(): Promise<void> {
    this.#held.pop()?.()
    await vi.advanceTimersByTimeAsync(0)
  }

  async fails(): Promise<void> {
    // what `relaxed` may forget is known only where flushes work
    this.#failing = this.durability === 'strict'
    await this.flushes()
    this.#failing = false
  }

  async hold(): Promise<void> {
    this.#release?.()
    this.#release = undefined
    await vi.advanceTimersByTimeAsync(0)
    this.#tree.held = new Promise((resolve) => {
      this.#release = resolve
    })
  }

  async free(): Promise<void> {
    this.#release?.()
    this.#release = undefined
    this.#tree.held = Promise.resolve()
    await vi.advanceTimersByTimeAsync(0)
  }

  /** The process is gone; `how` says what each file is now, `forgets` how many milliseconds may be missing. */
  end(how: (file: File) => File, forgets: number): void {
    const left = new Map([...this.files].map(([path, file]) => [path, how(file)]))
    this.#held = []
    const safe = Date.now() - forgets
    // what the dead process had still to do reaches nothing any more. The clock goes back to where it began
    disk.open.clear()
    vi.clearAllTimers()
    this.#tree = this.#tree.survivor()
    this.#store = this.#begin(left)
    const found = this.#store.getMany(KEYS)
    KEYS.forEach((key, index) => {
      const said = this.said.get(key) ?? []
      const last = said.findLastIndex(({ answered }) => answered !== undefined && answered <= safe)
      const possible = said.slice(last).map(({ value }) => value)
      expect(possible).toContainEqual(found[index])
      // that is what is known from now on, whatever else was tried
      this.said.set(key, [{ value: found[index], answered: 0 }])
    })
  }

  async close(): Promise<void> {
    await this.free()
    const closed = this.#store.close()
    for (let round = 0; round < 20; round += 1) await this.flushes()
    await closed
    this.end((file) => file.copy(), 0)
  }
}

type Act =
  | { readonly do: 'write'; readonly key: string; readonly removal: boolean }
  | { readonly do: 'wait'; readonly milliseconds: number }
  | { readonly do: 'look'; readonly key: string }
  | { readonly do: 'flushes' | 'overtakes' | 'fails' | 'hold' | 'free' | 'kill' | 'power' | 'close' }

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('write' as const),
      key: fc.constantFrom(...KEYS),
      removal: fc.integer({ min: 0, max: 5 }).map((one) => one === 0),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      milliseconds: fc.oneof(fc.integer({ min: 1, max: 120 }), fc.constant(MAY_FORGET), fc.constant(1000)),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant('look' as const), key: fc.constantFrom(...KEYS) }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constantFrom('flushes' as const, 'flushes', 'overtakes', 'fails', 'hold', 'free'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('kill' as const, 'power', 'close') }) },
)

async function live(world: World, acts: readonly Act[]): Promise<void> {
  for (const one of acts) {
    if (one.do === 'write') world.write(one.key, one.removal)
    else if (one.do === 'look') world.look(one.key)
    else if (one.do === 'wait') await vi.advanceTimersByTimeAsync(one.milliseconds)
    else if (one.do === 'kill') world.end((file) => file.copy(), 0)
    else if (one.do === 'power')
      world.end((file) => file.left(world.pick), world.durability === 'strict' ? 0 : MAY_FORGET)
    else await world[one.do]()
  }
}

describe('two segments', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }))
  afterEach(() => void vi.useRealTimers())

  it('are flushed in their order: who waits for the last write waits for all', async () => {
    const world = new World('strict', () => 0)
    const write = (key: string) => ({ do: 'write', key, removal: false }) as const
    await live(world, [{ do: 'hold' }, write('ta'), { do: 'wait', milliseconds: 120 }, write('tb')])
    await live(world, [{ do: 'look', key: 'ta' }, { do: 'overtakes' }, { do: 'power' }, { do: 'close' }])
    vi.clearAllTimers()
  })

  it('are not taken for what they were in a use of which nothing is left but the end', async () => {
    // of what was not flushed, the sectors from the second on reach the disk
    let asked = 0
    const world = new World('strict', (below) => {
      asked += 1
      return asked === 2 ? 0 : below - 1
    })
    const [first = '', second = ''] = KEYS.slice(2)
    const write = (key: string, removal = false) => ({ do: 'write', key, removal }) as const
    await live(world, [write(first), write(first), write(second), { do: 'power' }])
    expect(world.said.get(second)?.at(-1)?.value).toBeUndefined()
    await live(world, [write(first), write(first), { do: 'flushes' }, { do: 'kill' }])
    expect(world.said.get(second)?.at(-1)?.value).toBeUndefined()
    await world.close()
    vi.clearAllTimers()
  })

  it('are not written behind what a flush failed for', async () => {
    const world = new World('strict', (below) => below - 1)
    const write = (key: string) => ({ do: 'write', key, removal: false }) as const
    await live(world, [
      write('ta'),
      { do: 'fails' },
      write('tb'),
      { do: 'flushes' },
      { do: 'wait', milliseconds: 1 },
    ])
    await live(world, [{ do: 'flushes' }, { do: 'power' }, { do: 'close' }])
    vi.clearAllTimers()
  })
})

describe.each(['strict', 'relaxed'] as const)('a power failure (%s)', (durability) => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }))
  afterEach(() => void vi.useRealTimers())

  it('takes nothing that was durable, brings nothing back, and leaves a store that opens', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(act, { minLength: 10, maxLength: 60 }),
        fc.infiniteStream(fc.nat()),
        async (acts, numbers) => {
          const world = new World(durability, (below) => (numbers.next().value ?? 0) % below)
          await live(world, [...acts, { do: 'power' }, { do: 'close' }])
          vi.clearAllTimers()
        },
      ),
      { numRuns: Number(process.env.GREYCTL_POWER_RUNS ?? 60) },
    )
  })
})
