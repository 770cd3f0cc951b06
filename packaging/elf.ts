/**
 * An ELF program or library (elf(5), 64 bits, little endian) without what only debuggers read: everything behind the last
 * segment that is loaded, the table of sections included. The same bytes on every machine, and for every architecture,
 * which strip(1) of one machine cannot promise. Throws for a file that is none.
 */
export function strip(file: Buffer): Buffer {
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1) {
    throw new Error('not a 64-bit little-endian ELF file')
  }
  const programHeaders = Number(file.readBigUInt64LE(32))
  const size = file.readUInt16LE(54)
  const count = file.readUInt16LE(56)
  let end = programHeaders + size * count
  for (let at = programHeaders; at < programHeaders + size * count; at += size) {
    end = Math.max(end, Number(file.readBigUInt64LE(at + 8) + file.readBigUInt64LE(at + 32)))
  }
  const stripped = Buffer.from(file.subarray(0, end))
  stripped.writeBigUInt64LE(0n, 40)
  for (const field of [58, 60, 62]) stripped.writeUInt16LE(0, field)
  return stripped
}

/** e_machine, by Debian's names. */
export function architectureOf(file: Buffer): string | undefined {
  return { 62: 'amd64', 183: 'arm64' }[file.readUInt16LE(18)]
}
