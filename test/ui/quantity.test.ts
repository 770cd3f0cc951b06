import { expect, test } from 'vitest'
import { quantity } from '../../src/ui/quantity.js'

test.each([
  [0, '0 records'],
  [1, '1 record'],
  [2, '2 records'],
])('%i', (count, text) => {
  expect(quantity(count, 'record')).toBe(text)
})
