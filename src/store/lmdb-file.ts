import { closeSync, openSync, readSync, statSync } from 'node:fs'

/** `mdb.c`: MDB_MAGIC. */
const MAGIC = 0xbeefc0de
/** lmdb's own build has pages with a longer header than the C library's; both are looked for. */
const META_OFFSETS = [24, 16]
const HEADER = 8192
/** From the magic: version 4, address 8, map size 8, two databases of 48 bytes each, then the last page's number. */
const PAGE_SIZE_AT = 24
const LAST_PAGE_AT = 120

/**
 * What is wrong with a data.mdb, as far as its two meta pages tell; undefined for a sound or a missing one. LMDB maps
 * the file into memory, and a file that is shorter than it claims would end the whole process with SIGBUS.
 */
export function damageOf(path: string): string | undefined {
  const size = statSync(path, { throwIfNoEntry: false })?.size
  if (size === undefined || size === 0) return undefined
  const header = Buffer.alloc(HEADER)
  const descriptor = openSync(path, 'r')
  try {
    if (readSync(descriptor, header, 0, HEADER, 0) < HEADER) return 'shorter than its two first pages'
  } finally {
    closeSync(descriptor)
  }
  return damageOfHeader(header, size)
}

export function damageOfHeader(header: Buffer, size: number): string | undefined {
  const offset = META_OFFSETS.find((at) => header.readUInt32LE(at) === MAGIC)
  if (offset === undefined) return 'no LMDB file'
  const pageSize = header.readUInt32LE(offset + PAGE_SIZE_AT)
  if (pageSize < 512 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0)
    return 'an impossible page size'
  const metas = [offset, pageSize + offset].filter((at) => at + LAST_PAGE_AT + 8 <= header.length)
  if (metas.some((at) => header.readUInt32LE(at) !== MAGIC)) return 'one of its two first pages is damaged'
  const last = Math.max(...metas.map((at) => Number(header.readBigUInt64LE(at + LAST_PAGE_AT))))
  return (last + 1) * pageSize > size ? 'shorter than it says: the end is missing' : undefined
}
