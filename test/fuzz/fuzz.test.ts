import { expect, it } from 'vitest'
import { SEED } from '../seed.js'
import { Random } from './random.js'
import { fuzz, TARGETS } from './targets.js'

/** A short run (test/seed.ts says where it begins); `npm run fuzz` goes on for longer. A failure names its seed. */
it.each(Object.entries(TARGETS))('%s takes whatever comes', async (_, target) => {
  const seed = SEED
  expect(await fuzz(target, seed, 1000, (one) => new Random(one))).toBeGreaterThan(0)
})
