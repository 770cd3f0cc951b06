import { describe, expect, it } from 'vitest'
import { readExpectation, readTime } from '../../src/store/said.js'

describe('what is typed about expected mail', () => {
  it('is a sender, and perhaps a recipient', () => {
    expect(readExpectation('Code@Shop.example', undefined)).toEqual({
      sender: 'code@shop.example',
      recipient: '',
    })
    expect(readExpectation('@shop.example', '@example.com').recipient).toBe('@example.com')
  })

  it.each([[''], ['<>'], ['shop.example'], ['@com'], ['a b@shop.example'], ['a@shop.example\nx']])(
    'is refused: %j',
    (text) => {
      expect(() => readExpectation(text, undefined)).toThrow('is neither a mail address nor a domain')
      expect(() => readExpectation('a@shop.example', text)).toThrow('is neither a mail address nor a domain')
    },
  )

  it.each([['@co.uk'], ['@github.io'], ['@CO.UK']])('nobody expects everybody: %s', (text) => {
    expect(() => readExpectation(text, undefined)).toThrow('is a public suffix')
  })

  it.each([
    ['', 'bounces'],
    ['bank.example', 'say @bank.example for all of it and below'],
    ['co.uk', 'say alice@example.org'],
    ['a b@shop.example', 'say alice@example.org'],
  ])('%j: the hint can be typed', (text, hint) => {
    expect(() => readExpectation(text, undefined)).toThrow(
      expect.objectContaining({ hints: [expect.stringContaining(hint)] }),
    )
  })

  it.each([
    ['15m', 900],
    ['7d', 604_800],
  ])('a time: %s', (text, seconds) => {
    expect(readTime(text)).toBe(seconds)
  })

  it.each([['8d'], ['0s'], ['soon'], [''], ['-1m'], ['15']])('no time: %j', (text) => {
    expect(() => readTime(text)).toThrow('not a time of at most 7 days')
  })
})
