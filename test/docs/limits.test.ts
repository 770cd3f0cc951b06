import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { MOST_WAITING } from '../../src/daemon/log.js'
import { LARGEST_REQUEST, LONGEST_LINE, MOST_ATTRIBUTES } from '../../src/daemon/protocol.js'
import { IDLE_AFTER, MOST_CONNECTIONS } from '../../src/daemon/server.js'

/** The second cell of a row of docs/limits.md, a number and perhaps its unit. */
function limit(what: string): string | undefined {
  const page = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8')
  const cells = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  return cells.find(([, name]) => name === what)?.[2]?.replaceAll(',', '')
}

it.each([
  ['connections', MOST_CONNECTIONS, ''],
  ['silence of a connection', IDLE_AFTER / 60_000, ' minutes'],
  ['bytes of a request', LARGEST_REQUEST, ''],
  ['bytes of a line', LONGEST_LINE, ''],
  ['attributes of a request', MOST_ATTRIBUTES, ''],
  ['lines of log waiting', MOST_WAITING / 1024 ** 2, ' MiB'],
])('docs/limits.md has the %s that the daemon has', (what, value, unit) => {
  expect(limit(what)).toBe(`${value}${unit}`)
})
