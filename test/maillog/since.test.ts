import { describe, expect, it } from 'vitest'
import { parseSince } from '../../src/maillog/since.js'

const NOW = new Date(2026, 10, 24, 12, 30, 0).getTime() / 1000

describe('parseSince', () => {
  it.each([
    ['1h', NOW - 3600],
    ['90m', NOW - 5400],
    ['2 hours ago', NOW - 7200],
    ['1 day ago', NOW - 86_400],
    ['3 weeks', NOW - 3 * 604_800],
    ['now', NOW],
    ['today', new Date(2026, 10, 24).getTime() / 1000],
    ['Yesterday', new Date(2026, 10, 23).getTime() / 1000],
    ['2026-11-23', new Date(2026, 10, 23).getTime() / 1000],
    ['2026-11-23 10:00', new Date(2026, 10, 23, 10).getTime() / 1000],
    ['2026-11-23T10:00:00Z', Date.UTC(2026, 10, 23, 10) / 1000],
    ['2026-11-23T12:00:00+02:00', Date.UTC(2026, 10, 23, 10) / 1000],
    ['@1795000000', 1_795_000_000],
  ])('understands %s', (text, expected) => {
    expect(parseSince(text, NOW)).toBe(expected)
  })

  it.each(['', 'soon', '5 parsecs ago', '2026-13-45', '-1h', '1h; rm'])('does not understand %j', (text) => {
    expect(parseSince(text, NOW)).toBeUndefined()
  })
})
