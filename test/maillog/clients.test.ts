import { expect, it } from 'vitest'
import { ClientCounts } from '../../src/maillog/clients.js'

const about = { client: { name: 'mail.example.org', address: '192.0.2.1' }, sender: 'a@b', recipient: 'c@d' }

it('counts by Postfix’s lines, and by the greylister’s only where there are no others', () => {
  const counts = new ClientCounts()
  counts.add({ kind: 'deferred', by: 'greylister', reason: 'new', ...about }, 1)
  counts.add({ kind: 'passed', by: 'greylister', reason: 'triplet', said: 'triplet found', ...about }, 2)
  counts.add({ kind: 'trouble', what: 'connect' }, 1)
  expect(counts.list()).toEqual([{ name: 'mail.example.org', count: 3 }])
  counts.add({ kind: 'deferred', by: 'postfix', reason: undefined, ...about }, 1)
  const other = { name: 'a.example', address: '192.0.2.2' }
  counts.add({ kind: 'accepted', queueId: 'A', client: other, authenticated: false }, 1)
  counts.add({ kind: 'accepted', queueId: 'B', client: other, authenticated: true }, 1)
  expect(counts.list()).toEqual([
    { name: 'a.example', count: 1 },
    { name: 'mail.example.org', count: 1 },
  ])
})

it('does not remember any number of names', () => {
  const counts = new ClientCounts()
  for (let n = 0; n < 200_005; n += 1) {
    const client = { name: `h${n}.example`, address: '192.0.2.2' }
    counts.add({ kind: 'accepted', queueId: 'A', client, authenticated: false }, 1)
  }
  expect(counts.list()).toHaveLength(200_000)
  expect(counts.others).toBe(5)
})
