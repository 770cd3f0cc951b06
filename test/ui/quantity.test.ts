import { expect, test } from 'vitest'
import { quantity } from '../../src/ui/quantity.js'

test.each([
  [0, 'record', undefined, '0 records'],
  [1, 'record', undefined, '1 record'],
  [2, 'record', undefined, '2 records'],
  [1, 'entry', 'entries', '1 entry'],
  [20, 'entry', 'entries', '20 entries'],
])('%i %s', (count, one, many, text) => {
  expect(quantity(count, one, many)).toBe(text)
})
