import { readFileSync } from 'node:fs'
import { Pools } from '../../src/daemon/pools.js'
import { SenderCache } from '../../src/daemon/senders.js'
import { parseClientTable } from '../../src/greylist/client-table.js'
import type { PolicyRequest } from '../../src/greylist/request.js'
import { MemoryStore } from '../../src/store/memory.js'
import { request } from '../greylist/fixtures.js'
import { anEngine } from './an-engine.js'
import { zoneDns } from './zone.js'

const TABLE = parseClientTable('table', readFileSync('templates/check_client_greylist', 'utf8')).table
/** A server that remembers in memory, at a time of its own. `records`: what its DNS says (zone.ts). */
export function server(records: Readonly<Record<string, string>> = {}, gate?: () => Promise<void>) {
  const lines: string[] = []
  const { dns, asked } = zoneDns(records, gate)
  const clock = { now: 1_800_000_000 }
  const senders = new SenderCache(dns, () => clock.now * 1000)
  const note = (text: string) => lines.push(text)
  const engine = anEngine({
    store: new MemoryStore(),
    pools: new Pools(TABLE, senders),
    log: { line: note, record: note, rarely: (_, text) => note(text) },
    clock: () => clock.now * 1000,
  })
  const ask = (changes: Partial<PolicyRequest>) =>
    new Promise<'deferred' | 'passed'>((resolve) =>
      engine.submit({
        requests: [request(changes)],
        answer: (reply) => resolve(/DEFER_IF_PERMIT/.test(reply) ? 'deferred' : 'passed'),
        received: 0,
      }),
    )
  /** The DNS has answered, and what that tells is remembered. */
  const settled = () => new Promise((resolve) => setTimeout(resolve, 20))
  return { ask, asked, clock, settled, lines }
}
