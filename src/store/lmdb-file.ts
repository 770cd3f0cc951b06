import { closeSync, openSync, readSync, statSync, truncateSync } from 'node:fs'

/** `mdb.c`: MDB_MAGIC. */
const MAGIC = 0xbeefc0de
/** lmdb's own build has pages with a longer header than the C library's; both are looked for. */
const META_OFFSETS = [24, 16]
const HEADER = 8192
/** From the magic: version 4, address 8, map size 8, two databases of 48 bytes each, then the last page's number. */
const PAGE_SIZE_AT = 24
const LAST_PAGE_AT = 120

export type FileState =
  | { readonly state: 'sound' }
  /** It ends before its last page. */
  | { readonly state: 'short'; readonly size: number }
  | { readonly state: 'damaged'; readonly why: string }

/**
 * What a data.mdb is, as far as its two meta pages tell; a missing or empty one is sound. LMDB maps the file into
 * memory: a page beyond its end, or a first page of garbage, would end the whole process with a signal.
 */
export function inspectFile(path: string): FileState {
  const size = statSync(path, { throwIfNoEntry: false })?.size
  if (size === undefined || size === 0) return { state: 'sound' }
  const header = Buffer.alloc(HEADER)
  const descriptor = openSync(path, 'r')
  try {
    if (readSync(descriptor, header, 0, HEADER, 0) < HEADER) {
      return { state: 'damaged', why: 'shorter than its two first pages' }
    }
  } finally {
    closeSync(descriptor)
  }
  return inspectHeader(header, size)
}

export function inspectHeader(header: Buffer, size: number): FileState {
  const offset = META_OFFSETS.find((at) => header.readUInt32LE(at) === MAGIC)
  if (offset === undefined) return { state: 'damaged', why: 'no LMDB file' }
  const pageSize = header.readUInt32LE(offset + PAGE_SIZE_AT)
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) {
    return { state: 'damaged', why: 'an impossible page size' }
  }
  const metas = [offset, pageSize + offset].filter((at) => at + LAST_PAGE_AT + 8 <= header.length)
  if (metas.some((at) => header.readUInt32LE(at) !== MAGIC)) {
    return { state: 'damaged', why: 'one of its two first pages is overwritten' }
  }
  const last = Math.max(...metas.map((at) => Number(header.readBigUInt64LE(at + LAST_PAGE_AT))))
  const claimed = (last + 1) * pageSize
  return claimed > size ? { state: 'short', size: claimed } : { state: 'sound' }
}

/**
 * A file may be a little short without damage: LMDB does not write last pages that a transaction took and gave back.
 * With zeros in their place, pages that are really missing are an error that can be caught.
 */
export function lengthen(path: string, size: number): void {
  truncateSync(path, size)
}
