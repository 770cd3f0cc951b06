import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hashOfBytes, hashOfText, KeyFilter } from '../../src/store/key-filter.js'

const keys = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) })

describe('a filter of keys', () => {
  it('may hold whatever was added, however little room it has', () => {
    fc.assert(
      fc.property(fc.array(keys), fc.nat({ max: 100 }), (added, room) => {
        const filter = KeyFilter.forKeys(room)
        for (const key of added) filter.add(hashOfText(key))
        for (const key of added) expect(filter.mayHold(hashOfText(key))).toBe(true)
      }),
    )
  })

  it('knows a key by its text and by its bytes, here and where its memory is shared with', () => {
    fc.assert(
      fc.property(keys, (key) => {
        const filter = KeyFilter.forKeys(10)
        new KeyFilter(filter.buffer).add(hashOfBytes(Buffer.from(key, 'latin1')))
        expect(filter.mayHold(hashOfText(key))).toBe(true)
      }),
    )
  })

  it('takes one in fifty for one that is there at most, when it is full', () => {
    const filter = KeyFilter.forKeys(50_000)
    const key = (at: number) =>
      `t${at % 224}.${at % 251}.7.0\nuser${at}@sender.example.org\nr${at % 9}@example.com`
    for (let at = 0; at < 50_000; at += 1) filter.add(hashOfText(key(at)))
    let wrong = 0
    for (let at = 50_000; at < 100_000; at += 1) if (filter.mayHold(hashOfText(key(at)))) wrong += 1
    expect(wrong).toBeLessThan(1000)
  })
})
