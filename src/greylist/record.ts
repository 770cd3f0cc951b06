import { CLIENT, CORRESPONDENT, EXPECTED, isSealed } from './key.js'
import type { Policy } from './policy.js'

/** What is remembered of a triplet or of a client. Times are epoch seconds. */
export interface GreyRecord {
  readonly first: number
  readonly last: number
  /** A triplet: 0 while it waits, 1 once it passed. A client: how often its mails passed. */
  readonly count: number
}

/** Stands for a record that is gone, where one is wanted: too old for every policy. */
export const GONE: GreyRecord = { first: 0, last: 0, count: 0 }

const VERSION = 1
/** Bytes of an encoded record. */
export const RECORD_SIZE = 13
const LARGEST = 0xffff_ffff

/** 13 bytes: version, then first, last and count as unsigned 32 bit numbers, most significant byte first. */
export function encodeRecord(record: GreyRecord): Buffer {
  const bytes = Buffer.allocUnsafe(RECORD_SIZE)
  encodeRecordInto(bytes, 0, record)
  return bytes
}

/** The same, into bytes that are there. */
export function encodeRecordInto(bytes: Buffer, at: number, record: GreyRecord): void {
  bytes[at] = VERSION
  bytes.writeUInt32BE(bounded(record.first), at + 1)
  bytes.writeUInt32BE(bounded(record.last), at + 5)
  bytes.writeUInt32BE(bounded(record.count), at + 9)
}

/** undefined for bytes that no encodeRecord wrote: then nothing is known. */
export function decodeRecord(bytes: Uint8Array): GreyRecord | undefined {
  if (bytes.length !== RECORD_SIZE || bytes[0] !== VERSION) return undefined
  return { first: numberAt(bytes, 1), last: numberAt(bytes, 5), count: numberAt(bytes, 9) }
}

/** A view for each record took as long as looking it up. */
function numberAt(bytes: Uint8Array, at: number): number {
  const [high = 0, upper = 0, lower = 0, low = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]
  return ((high << 24) | (upper << 16) | (lower << 8) | low) >>> 0
}

function bounded(value: number): number {
  return Math.min(LARGEST, Math.max(0, Math.trunc(value)))
}

/**
 * Whether a record says nothing any more: not seen for the maximum age, or a triplet that never passed and whose
 * retry window is over; an expectation whose time is up. Judged at each lookup, so that it does not matter when the store is cleaned.
 */
export function isExpired(
  kind: string,
  record: GreyRecord,
  policy: Pick<Policy, 'maxAge' | 'retryWindow'>,
  nowSeconds: number,
): boolean {
  return nowSeconds > lastSecond(kind, record, policy)
}

/** Until when (epoch seconds) a record says something, if nothing is added to it. */
export function lastSecond(
  kind: string,
  record: GreyRecord,
  policy: Pick<Policy, 'maxAge' | 'retryWindow'>,
): number {
  if (kind === EXPECTED || kind === CORRESPONDENT) return record.last
  const seen = record.last + policy.maxAge
  return kind !== CLIENT && record.count === 0 ? Math.min(seen, record.first + policy.retryWindow) : seen
}

/** What is forgotten when a store is cleaned. A plain value: a thread of its own may do the cleaning. */
export interface Expiry extends Pick<Policy, 'maxAge' | 'retryWindow'> {
  /** Epoch seconds. */
  readonly now: number
  /** Keys are kept sealed: what says in clear who wrote to whom goes, however young. */
  readonly sealed: boolean
}

/** Whether an entry of the store can go: it is expired, or says in clear what is kept sealed now. */
export function isForgettable(key: string, record: GreyRecord, expiry: Expiry): boolean {
  if (expiry.sealed && !isSealed(key)) return true
  return isExpired(key.charAt(0), record, expiry, expiry.now)
}
