import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Timeline } from '../../src/preview/timeline.js'

it('gives everything back in the order of its time, and of its coming where times are equal', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 20 })), (times) => {
      const timeline = new Timeline<number>()
      for (const [index, at] of times.entries()) timeline.add(at, index)
      const taken: [number, number][] = []
      for (let until = 0; until <= 20; until += 1) {
        for (;;) {
          const next = timeline.takeUntil(until)
          if (next === undefined) break
          expect(next.at).toBeLessThanOrEqual(until)
          taken.push([next.at, next.value])
        }
      }
      const wanted = times.map((at, index): [number, number] => [at, index])
      expect(taken).toEqual(wanted.sort(([a, i], [b, j]) => a - b || i - j))
      expect(timeline.size).toBe(0)
    }),
  )
})
