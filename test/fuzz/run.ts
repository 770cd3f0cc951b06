/**
 * npm run fuzz [-- --seconds=60] [--target=NAME] [--seed=N]: feeds what reads other people's bytes with changed ones, each
 * target for so many seconds. Ends with 1 and the seed when one does not do as it should.
 */
import { parseArgs } from 'node:util'
import { Random } from './random.js'
import { fuzz, TARGETS } from './targets.js'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    target: { type: 'string', multiple: true, default: Object.keys(TARGETS) },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})

for (const name of values.target) {
  const target = TARGETS[name]
  if (target === undefined) {
    console.error(`no target ${name}; there are ${Object.keys(TARGETS).join(', ')}`)
    process.exit(2)
  }
  try {
    const count = await fuzz(
      target,
      Number(values.seed),
      Number(values.seconds) * 1000,
      (seed) => new Random(seed),
    )
    console.log(`${name}: ${count} inputs from seed ${values.seed}`)
  } catch (error) {
    console.error(`${name}: ${(error as Error).message}`)
    process.exit(1)
  }
}
process.exit(0)
