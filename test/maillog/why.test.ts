import { describe, expect, it } from 'vitest'
import { History } from '../../src/maillog/history.js'
import { isQueueId } from '../../src/maillog/why.js'

it.each([
  ['907D61C01A1', true],
  ['4K68s31RlGzgf9A', true],
  ['0ABCDEF', true],
  ['alice', false],
  ['alice@example.org', false],
  ['example.org', false],
  ['192.0.2.1', false],
  ['2001:db8::1', false],
  ['', false],
  ['A'.repeat(25), false],
])('is %j a queue id: %s', (text, expected) => {
  expect(isQueueId(text)).toBe(expected)
})

describe('a history', () => {
  const ref = { source: 'log', line: 1 }
  const told = { at: 1000, instance: '', ref, text: '', repeat: 1 }
  const about = { client: { name: 'a', address: '192.0.2.1' }, sender: 's@x', recipient: 'r@y' }

  it('keeps the last moments of a mail that is tried without end, and says how many it left out', () => {
    const history = new History(() => true, 10)
    for (let n = 0; n < 1000; n += 1) {
      history.add({
        ...told,
        at: n * 60,
        event: { kind: 'deferred', by: 'postfix', reason: undefined, ...about },
      })
    }
    const moments = history.end()
    expect(moments.map(({ at }) => at)).toEqual(Array.from({ length: 10 }, (_, n) => (990 + n) * 60))
    expect(history.dropped).toBe(990)
  })

  it('takes two lines of one teller in a second for two attempts, and of two tellers for one', () => {
    const history = new History(() => true)
    const byPostfix = { kind: 'deferred', by: 'postfix', reason: undefined, ...about } as const
    history.add({ ...told, event: byPostfix })
    history.add({ ...told, event: byPostfix })
    history.add({ ...told, event: { kind: 'deferred', by: 'greylister', reason: 'new', wait: 60, ...about } })
    expect(history.end()).toMatchObject([{ reason: undefined }, { reason: 'new', wait: 60 }])
  })

  it('does not remember any number of messages that are never delivered', () => {
    const history = new History(() => true)
    const accept = (n: number) =>
      history.add({
        ...told,
        event: { kind: 'accepted', queueId: `Q${n}`, client: about.client, authenticated: false },
      })
    for (let n = 0; n < 25_000; n += 1) accept(n)
    const deliver = (queueId: string) =>
      history.add({ ...told, event: { kind: 'delivery', queueId, recipient: 'r@y', original: undefined } })
    deliver('Q24999')
    deliver('Q1')
    expect(history.end().map(({ what, client }) => [what, client?.address])).toEqual([
      ['accepted', '192.0.2.1'],
      ['delivery', '192.0.2.1'],
      ['delivery', undefined],
    ])
  })
})
