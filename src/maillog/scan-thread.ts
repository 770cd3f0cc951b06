import type { Host, Thread } from '../host/host.js'
import { LONGEST_LINE, wholeLines } from './blocks.js'
import { PLACES_OF_LINE, type Scanned } from './scanner.js'
import type { LogSource } from './sources.js'

/** What the thread is given: memory that both see, a slot of it for each block that is on its way. */
export interface ScanData {
  readonly texts: readonly Uint8Array[]
  readonly places: readonly Int32Array[]
  readonly since: number | undefined
}

export interface ScanOrder {
  readonly slot: number
  /** Bytes of it. */
  readonly from: number
  readonly length: number
}

export interface ScanAnswer {
  readonly slot: number
  readonly scanned: Scanned | undefined
}

export interface ScanOptions {
  /** What the thread runs. */
  readonly script?: URL
  /** Bytes of a log from which on it is started. */
  readonly worth?: number
  /** Waits until it runs, instead of reading on meanwhile. */
  readonly waits?: boolean
}

/** A block of whole lines, and what was found in it; undefined where nobody has looked. */
export interface ScannedBlock {
  readonly bytes: Buffer
  readonly scanned: (Scanned & { readonly places: Int32Array }) | undefined
}

/** A block on its way; one that no slot holds (-1) is read as it is. */
interface Sent {
  readonly bytes: Buffer
  readonly slot: number
  readonly scanned: Promise<Scanned | undefined>
}

/** Bytes of a log from which on a second thread is worth its start (40 ms, in which this one reads 15 MB). */
const WORTH = 32 << 20
/** Blocks on their way: one is read from the disk, one waits for that, one is scanned, one waits, one is looked at. */
const SLOTS = 5
/** Bytes: what host.stream reads at once. */
const SLOT = 2 << 20
/** Lines of a block that may matter; a log that has more of them gains nothing by being scanned. */
const MOST_FOUND = 16 * 1024
/** The thread makes next to no garbage: it gets a small heap (MiB). */
const LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1 }

/**
 * A second thread that scans the blocks of a long log ahead of the one that reads them, in memory that both see. Where
 * there is none (a short or packed log, one processor, a thread that died) the blocks come as they are.
 */
export class ScanThread {
  private readonly script: URL
  private readonly worth: number
  private readonly waits: boolean
  private texts: readonly Buffer[] = []
  private places: readonly Int32Array[] = []
  private readonly waiting = new Map<number, (scanned: Scanned | undefined) => void>()
  private thread: Thread | undefined
  private state: 'none' | 'begun' | 'ready' | 'over' = 'none'

  constructor(
    private readonly host: Host,
    /** Seconds since the epoch; what is older does not count. */
    private readonly since: number | undefined,
    { script = new URL('./scan-worker.js', import.meta.url), worth = WORTH, waits = false }: ScanOptions = {},
  ) {
    this.waits = waits
    this.script = script
    this.worth = worth
  }

  /** Blocks of the source's lines in their order, each good until the next one is asked for. */
  async *read(source: LogSource): AsyncGenerator<ScannedBlock> {
    const isWorth = (source.size ?? 0) >= this.worth
    const sent: Sent[] = []
    try {
      for await (const block of wholeLines(source.open(isWorth ? this.buffers() : undefined))) {
        const slot = this.texts.findIndex(({ buffer }) => buffer === block.buffer)
        if (slot !== -1 && (await this.isReady())) sent.push(this.send(block, slot))
        else if (sent.length > 0 && block.length <= LONGEST_LINE) sent.push(unscanned(block))
        else {
          yield* this.answered(sent, 0)
          yield { bytes: block, scanned: undefined }
        }
        yield* this.answered(sent, SLOTS - 2)
      }
    } catch (error) {
      yield* this.answered(sent, 0)
      throw error
    }
    yield* this.answered(sent, 0)
  }

  async end(): Promise<void> {
    this.stop()
    await this.thread?.end()
  }

  /** The oldest blocks, until no more than so many slots are in use. */
  private async *answered(sent: Sent[], most: number): AsyncGenerator<ScannedBlock> {
    const inUse = () => sent.filter(({ slot }) => slot !== -1).length
    for (let next = sent[0]; next !== undefined && (most === 0 || inUse() > most); next = sent[0]) {
      const scanned = await next.scanned
      const places = this.places[next.slot]
      yield { bytes: next.bytes, scanned: scanned && places && { ...scanned, places } }
      sent.shift()
    }
  }

  /** What a file is read into. Memory that nobody touches costs nothing. */
  private buffers(): readonly Buffer[] {
    if (this.texts.length === 0)
      this.texts = Array.from({ length: SLOTS }, () => Buffer.from(new SharedArrayBuffer(SLOT)))
    return this.texts
  }

  /** Starts the thread with the first block that it could scan. */
  private async isReady(): Promise<boolean> {
    if (this.state === 'none') {
      this.state = 'begun'
      const begun = new Promise<void>((resolve) => this.begin(resolve))
      if (this.waits) await begun
    }
    return this.state === 'ready'
  }

  private begin(begun: () => void): void {
    const places = () => new Int32Array(new SharedArrayBuffer(4 * PLACES_OF_LINE * MOST_FOUND))
    this.places = this.texts.map(places)
    const data: ScanData = { texts: this.texts, places: this.places, since: this.since }
    this.thread = this.host.thread(this.script, data, LIMITS, {
      heard: (message) => {
        if (message !== 'ready') this.take(message as ScanAnswer)
        else if (this.state === 'begun') this.state = 'ready'
        begun()
      },
      ended: () => {
        this.stop()
        begun()
      },
    })
    if (this.thread === undefined) begun()
  }

  private send(bytes: Buffer, slot: number): Sent {
    const scanned = new Promise<Scanned | undefined>((resolve) => {
      this.waiting.set(slot, resolve)
    })
    this.thread?.post({ slot, from: bytes.byteOffset, length: bytes.length } satisfies ScanOrder)
    return { bytes, slot, scanned }
  }

  private take({ slot, scanned }: ScanAnswer): void {
    this.waiting.get(slot)?.(scanned)
    this.waiting.delete(slot)
  }

  /** What nobody will answer any more is read without. */
  private stop(): void {
    this.state = 'over'
    for (const resolve of this.waiting.values()) resolve(undefined)
    this.waiting.clear()
  }
}

/** A line between two chunks is too little to look for anything in it. */
function unscanned(block: Buffer): Sent {
  return { bytes: Buffer.from(block), slot: -1, scanned: Promise.resolve(undefined) }
}
