import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TextStore } from '../../src/maillog/text-store.js'

describe('TextStore', () => {
  it('gives back what was put, also after others were let go', () => {
    const texts = fc.array(fc.tuple(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.boolean()), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 400 }), (some, times) => {
        const store = new TextStore()
        const all = Array.from({ length: times }, () => some).flat()
        const put = all.map(([text, kept]) => ({
          text: text.replaceAll('\n', ' ').slice(0, 640),
          kept,
          at: store.put([text, 'b']),
        }))
        store.rewind()
        const kept = put.filter((one) => one.kept).map(({ text, at }) => ({ text, at: store.move(at) }))
        const later = store.put(['later', ''])
        for (const { text, at } of kept) expect(store.get(at)).toEqual([text, 'b'])
        expect(store.get(later)).toEqual(['later', ''])
      }),
      { numRuns: 30 },
    )
  })
})
