import { describe, expect, it } from 'vitest'
import { damageOf, HEAD } from '../../src/doctor/facts/database-head.js'

function head(magic: number, pageSize: number, order: 'LE' | 'BE' = 'LE'): Buffer {
  const bytes = Buffer.alloc(HEAD)
  const write = (value: number, at: number) =>
    order === 'LE' ? bytes.writeUInt32LE(value, at) : bytes.writeUInt32BE(value, at)
  write(magic, 12)
  write(pageSize, 20)
  return bytes
}

describe('the head of a Berkeley DB file', () => {
  it.each([
    ['a btree', head(0x053162, 4096), undefined],
    ['one of a machine with the other byte order', head(0x053162, 8192, 'BE'), undefined],
    ['a hash', head(0x061561, 512), undefined],
    ['one that is not written yet', Buffer.alloc(0), undefined],
    ['zeros', Buffer.alloc(HEAD), 'is no Berkeley DB file'],
    ['text', Buffer.from('# this is a text, not a database'), 'is no Berkeley DB file'],
    ['a few bytes', Buffer.from('abc'), 'is shorter than the head of a database'],
    ['impossible pages', head(0x053162, 4095), 'has pages of 4095 bytes, which cannot be'],
  ])('%s', (_, bytes, expected) => {
    expect(damageOf(bytes)).toBe(expected)
  })
})
