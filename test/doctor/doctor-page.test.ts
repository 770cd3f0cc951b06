import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { GATHERERS } from '../../src/doctor/facts.js'

it('docs/doctor.md names every fact, and its limit', () => {
  const rows = [...readFileSync('docs/doctor.md', 'utf8').matchAll(/^\| (`.*`) \| .* \| (\d+) \|$/gm)]
  const told = rows.flatMap(([, names = '', limit]) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name]) => `${name} ${limit}`),
  )
  const facts = Object.entries(GATHERERS).map(([name, { limit }]) => `${name} ${limit}`)
  expect(told.sort()).toEqual(facts.sort())
})
