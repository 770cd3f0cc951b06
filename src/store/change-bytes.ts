import { decodeRecord, encodeRecordInto, RECORD_SIZE } from '../greylist/record.js'
import type { Change } from './store.js'

/** Of each change, beside its key and its record: the length of the key (2 bytes), of the record (1 byte, 0: a removal). */
const LENGTHS = 3

/** The changes in their order, in memory of its own, which can be handed to a thread. */
export function encodeChanges(changes: readonly Change[]): Buffer<ArrayBuffer> {
  const bytes = Buffer.allocUnsafeSlow(sizeOf(changes))
  encodeChangesInto(bytes, 0, changes)
  return bytes
}

/** Bytes that they take. */
export function sizeOf(changes: readonly Change[]): number {
  let size = 0
  for (const [key, record] of changes) size += LENGTHS + key.length + (record === undefined ? 0 : RECORD_SIZE)
  return size
}

/** The same, into bytes that are there, and large enough. */
export function encodeChangesInto(bytes: Buffer, from: number, changes: readonly Change[]): void {
  let at = from
  for (const [key, record] of changes) {
    bytes[at] = key.length & 0xff
    bytes[at + 1] = key.length >> 8
    bytes[at + 2] = record === undefined ? 0 : RECORD_SIZE
    at += LENGTHS
    at += bytes.write(key, at, 'latin1')
    if (record === undefined) continue
    encodeRecordInto(bytes, at, record)
    at += RECORD_SIZE
  }
}

/** False where the bytes end within a change; those before it are taken. */
export function decodeChanges(bytes: Buffer, into: Change[]): boolean {
  let at = 0
  while (at < bytes.length) {
    if (at + LENGTHS > bytes.length) return false
    const keyEnd = at + LENGTHS + bytes.readUInt16LE(at)
    const end = keyEnd + (bytes[at + 2] ?? 0)
    if (end > bytes.length) return false
    const record = end > keyEnd ? decodeRecord(bytes.subarray(keyEnd, end)) : undefined
    // a record of a version that nobody can read says nothing
    if (record !== undefined || end === keyEnd)
      into.push([bytes.toString('latin1', at + LENGTHS, keyEnd), record])
    at = end
  }
  return true
}
