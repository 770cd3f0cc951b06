import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PrintTable } from '../../src/maillog/print-table.js'

// few values, so that many fall on the same slots and some are equal
const print = fc.record({ a: fc.integer({ min: -20, max: 20 }), b: fc.integer({ min: -20, max: 20 }) })

describe('PrintTable', () => {
  it('says what a map says, also while it grows', () => {
    const entries = fc.array(fc.tuple(print, fc.integer({ min: 1, max: 2 ** 32 - 1 })), {
      minLength: 900,
      maxLength: 2500,
      size: 'max',
    })
    fc.assert(
      fc.property(entries, (all) => {
        const table = new PrintTable()
        const map = new Map<string, number>()
        for (const [{ a, b }, value] of all) {
          expect(table.get({ a, b })).toBe(map.get(`${a} ${b}`) ?? 0)
          expect(table.set({ a, b }, value)).toBe(true)
          map.set(`${a} ${b}`, value)
        }
        expect(table.size).toBe(map.size)
        for (const [{ a, b }] of all) expect(table.get({ a, b })).toBe(map.get(`${a} ${b}`))
      }),
      { numRuns: 10 },
    )
  })

  it('takes no more than it may, and goes on with what it has', () => {
    const table = new PrintTable(3000)
    for (let number = 0; number < 5000; number += 1)
      expect(table.set({ a: number, b: -number }, 1)).toBe(number < 3000)
    expect(table.size).toBe(3000)
    expect(table.set({ a: 7, b: -7 }, 2)).toBe(true)
    expect(table.get({ a: 7, b: -7 })).toBe(2)
    expect(table.get({ a: 4000, b: -4000 })).toBe(0)
  })
})
