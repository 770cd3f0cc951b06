import type { Client } from './event.js'
import { slotOf } from './fingerprint.js'
import { TextStore } from './text-store.js'

/** Where a line is: a source's name and the line's number in it, from 1. */
export interface LineRef {
  readonly source: string
  readonly line: number
}

export function refText(ref: LineRef): string {
  return `${ref.source}:${ref.line}`
}

/** Who wrote to whom, as the log spells it; an empty sender is the null sender. */
export interface Triplet {
  readonly client: Client
  readonly sender: string
  readonly recipient: string
}

/** Fingerprints of a triplet's network and of its sender and recipient together. */
export interface Key {
  readonly netA: number
  readonly netB: number
  readonly pairA: number
  readonly pairB: number
}

/** The life of one triplet so far. Times in seconds since the epoch; NaN: none. */
const COLUMNS = {
  netA: Int32Array,
  netB: Int32Array,
  pairA: Int32Array,
  pairB: Int32Array,
  /** Deferrals as the greylister's lines tell them, and as Postfix's do: the same events, counted apart. */
  greylisterCount: Uint32Array,
  postfixCount: Uint32Array,
  greylisterLast: Float64Array,
  postfixLast: Float64Array,
  first: Float64Array,
  last: Float64Array,
  /** The present series: a triplet that comes back after days begins anew. */
  seriesStart: Float64Array,
  seriesCount: Uint32Array,
  /** 1: accepted. */
  passed: Uint8Array,
  passedAt: Float64Array,
  /** Seconds, as the greylister said it. */
  saidDelay: Float64Array,
  /** When the same sender's mail to the same recipient came in from another network. */
  elsewhereAt: Float64Array,
  lastLine: Uint32Array,
  lastSource: Uint16Array,
  text: Float64Array,
  /** The life before this one with the same pair, plus one. */
  samePair: Int32Array,
} as const

type Columns = { [Name in keyof typeof COLUMNS]: InstanceType<(typeof COLUMNS)[Name]> }
const UNKNOWN = [
  'greylisterLast',
  'postfixLast',
  'first',
  'last',
  'seriesStart',
  'passedAt',
  'saidDelay',
  'elsewhereAt',
] as const
/** How many lives of one pair are looked at: a sender's pool is smaller, a forger's is not. */
const LONGEST_CHAIN = 64

/**
 * All triplets that are followed, in columns: about 120 bytes each and their text. The
 * columns are as long as the limit from the beginning; the system gives memory to what is touched.
 */
export class Lives {
  size = 0
  readonly columns: Columns
  private readonly texts = new TextStore()
  private readonly sources: string[] = []
  private readonly index: Int32Array
  private readonly pairs: Int32Array
  private readonly mask: number

  constructor(readonly capacity: number) {
    this.columns = Object.fromEntries(
      Object.entries(COLUMNS).map(([name, Column]) => [name, new Column(capacity)]),
    ) as unknown as Columns
    const slots = 2 ** Math.ceil(Math.log2(Math.max(8, capacity * 2)))
    this.mask = slots - 1
    this.index = new Int32Array(slots)
    this.pairs = new Int32Array(slots)
  }

  get isFull(): boolean {
    return this.size >= this.capacity
  }

  /** The number of a life, or -1. */
  find({ netA, netB, pairA, pairB }: Key): number {
    const { columns, index, mask } = this
    for (let slot = slotOf(netA ^ pairA, netB ^ pairB, mask); ; slot = (slot + 1) & mask) {
      const life = (index[slot] as number) - 1
      if (life === -1) return -1
      if (
        columns.pairA[life] === pairA &&
        columns.pairB[life] === pairB &&
        columns.netA[life] === netA &&
        columns.netB[life] === netB
      )
        return life
    }
  }

  /** The latest life with this sender and recipient, of whatever network, or -1. */
  findPair(pairA: number, pairB: number): number {
    const { columns, pairs, mask } = this
    for (let slot = slotOf(pairA, pairB, mask); ; slot = (slot + 1) & mask) {
      const life = (pairs[slot] as number) - 1
      if (life === -1 || (columns.pairA[life] === pairA && columns.pairB[life] === pairB)) return life
    }
  }

  /** Lives of one pair, the latest first, a bounded number of them. */
  *ofPair(pairA: number, pairB: number): Generator<number> {
    let life = this.findPair(pairA, pairB)
    for (let count = 0; life !== -1 && count < LONGEST_CHAIN; count += 1) {
      yield life
      life = (this.columns.samePair[life] as number) - 1
    }
  }

  add(key: Key, { client, sender, recipient }: Triplet): number {
    return this.begin(key, this.texts.put([client.name, client.address, sender, recipient]))
  }

  /** The same with the words as they lie in the log, in ASCII: where each begins and ends. */
  addAt(key: Key, bytes: Buffer, spans: Int32Array): number {
    return this.begin(key, this.texts.putSpans(bytes, spans))
  }

  private begin(key: Key, text: number): number {
    const life = this.size
    const { columns } = this
    for (const name of UNKNOWN) columns[name][life] = Number.NaN
    columns.netA[life] = key.netA
    columns.netB[life] = key.netB
    columns.pairA[life] = key.pairA
    columns.pairB[life] = key.pairB
    columns.greylisterCount[life] = 0
    columns.postfixCount[life] = 0
    columns.seriesCount[life] = 0
    columns.passed[life] = 0
    columns.text[life] = text
    this.size += 1
    this.enter(life)
    return life
  }

  seenAt(life: number, ref: LineRef): void {
    this.seenIn(life, this.sourceNumber(ref.source), ref.line)
  }

  seenIn(life: number, source: number, line: number): void {
    this.columns.lastLine[life] = line
    this.columns.lastSource[life] = source
  }

  sourceNumber(name: string): number {
    if (this.sources.at(-1) === name) return this.sources.length - 1
    const known = this.sources.indexOf(name)
    return known === -1 ? this.sources.push(name) - 1 : known
  }

  tripletOf(life: number): Triplet {
    const [name = '', address = '', sender = '', recipient = ''] = this.texts.get(
      this.columns.text[life] as number,
    )
    return { client: { name, address }, sender, recipient }
  }

  refOf(life: number): LineRef {
    return {
      source: this.sources[this.columns.lastSource[life] as number] ?? '',
      line: this.columns.lastLine[life] as number,
    }
  }

  /**
   * Lets go of all lives but these; the others move together. A life's triplet can be asked for while it is judged. Moved
   * by runs and columns: value by value it was half of the time that a log without end takes.
   */
  keep(wanted: (life: number) => boolean): void {
    const { columns, texts } = this
    const runs = runsOf(this.size, wanted)
    for (const column of Object.values(columns)) {
      let to = 0
      for (const { from, end } of runs) {
        column.copyWithin(to, from, end)
        to += end - from
      }
    }
    texts.rewind()
    this.index.fill(0)
    this.pairs.fill(0)
    this.size = 0
    const left = runs.reduce((sum, { from, end }) => sum + end - from, 0)
    for (let life = 0; life < left; life += 1) {
      columns.text[life] = texts.move(columns.text[life] as number)
      this.size += 1
      this.enter(life)
    }
  }

  private enter(life: number): void {
    const { columns, index, pairs, mask } = this
    const [netA, netB] = [columns.netA[life] as number, columns.netB[life] as number]
    const [pairA, pairB] = [columns.pairA[life] as number, columns.pairB[life] as number]
    let slot = slotOf(netA ^ pairA, netB ^ pairB, mask)
    while (index[slot] !== 0) slot = (slot + 1) & mask
    index[slot] = life + 1
    slot = slotOf(pairA, pairB, mask)
    for (; pairs[slot] !== 0; slot = (slot + 1) & mask) {
      const other = (pairs[slot] as number) - 1
      if (columns.pairA[other] === pairA && columns.pairB[other] === pairB) break
    }
    columns.samePair[life] = pairs[slot] as number
    pairs[slot] = life + 1
  }
}

/** Numbers that are wanted, from each run's first up to its end. */
function runsOf(size: number, wanted: (number: number) => boolean): readonly { from: number; end: number }[] {
  const runs: { from: number; end: number }[] = []
  let run: { from: number; end: number } | undefined
  for (let number = 0; number < size; number += 1) {
    if (!wanted(number)) continue
    if (run?.end !== number) {
      run = { from: number, end: number }
      runs.push(run)
    }
    run.end = number + 1
  }
  return runs
}
