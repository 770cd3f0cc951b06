/** Bytes of the beginning that are looked at. */
export const HEAD = 24

/** Berkeley DB's btree, hash, queue and heap (db_page.h): what postgrey writes is a btree. */
const MAGICS: ReadonlySet<number> = new Set([0x053162, 0x061561, 0x042253, 0x074582])
const MAGIC_AT = 12
const PAGE_SIZE_AT = 20

/**
 * What the first page of a Berkeley DB file says against it; undefined: nothing. A file is written in the byte order of its
 * machine. One that is empty has not been written yet.
 */
export function damageOf(head: Buffer): string | undefined {
  if (head.length === 0) return undefined
  if (head.length < HEAD) return 'is shorter than the head of a database'
  const little = MAGICS.has(head.readUInt32LE(MAGIC_AT))
  if (!little && !MAGICS.has(head.readUInt32BE(MAGIC_AT))) return 'is no Berkeley DB file'
  const size = little ? head.readUInt32LE(PAGE_SIZE_AT) : head.readUInt32BE(PAGE_SIZE_AT)
  const possible = size >= 512 && size <= 65_536 && (size & (size - 1)) === 0
  return possible ? undefined : `has pages of ${size} bytes, which cannot be`
}
