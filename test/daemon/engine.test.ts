import { expect, it, vi } from 'vitest'
import { Metrics } from '../../src/daemon/metrics.js'
import { MemoryStore } from '../../src/store/memory.js'
import type { Store } from '../../src/store/store.js'
import { request } from '../greylist/fixtures.js'
import { anEngine } from './an-engine.js'

/** An engine whose log does what it is told to. */
function engineWith(record: (text: string) => void, store: Store = new MemoryStore()) {
  const warnings: string[] = []
  const metrics = new Metrics()
  const log = { record, rarely: (_: string, text: string) => warnings.push(text) }
  const engine = anEngine({ store, metrics, log })
  return { engine, metrics, warnings }
}

it('answers DUNNO when an answer cannot be written, and the others as ever', async () => {
  let lines = 0
  const { engine, metrics, warnings } = engineWith(() => {
    lines += 1
    if (lines === 2) throw new Error('no line')
  })
  const requests = ['a@x.example', 'b@x.example', 'c@x.example'].map((sender) => request({ sender }))
  const replies = await new Promise<string>((answer) => engine.submit({ requests, answer, received: 0 }))
  expect(replies.split('\n\n').filter(Boolean)).toEqual([
    expect.stringContaining('DEFER_IF_PERMIT'),
    'action=DUNNO',
    expect.stringContaining('DEFER_IF_PERMIT'),
  ])
  expect(metrics.failedOpen).toBe(1)
  expect(warnings).toEqual(['warning: not greylisting (answering DUNNO): no line'])
})

it('gives the others their answers when one connection cannot take its own', async () => {
  const { engine, warnings } = engineWith(() => {})
  const broken = () => {
    throw new Error('gone')
  }
  engine.submit({ requests: [request({ sender: 'a@x.example' })], answer: broken, received: 0 })
  const replies = await new Promise<string>((answer) =>
    engine.submit({ requests: [request({ sender: 'b@x.example' })], answer, received: 0 }),
  )
  expect(replies).toContain('DEFER_IF_PERMIT')
  expect(warnings).toEqual(['warning: an answer could not be sent: gone'])
})

it('answers DUNNO when a commit hangs, once, whatever comes of it', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  try {
    const release: (() => void)[] = []
    class Hanging extends MemoryStore {
      override putMany() {
        return new Promise<void>((resolve) => release.push(resolve)) as unknown as undefined
      }
    }
    const { engine, metrics, warnings } = engineWith(() => {}, new Hanging())
    const answers: string[] = []
    const submit = (sender: string) =>
      engine.submit({
        requests: [request({ sender })],
        answer: (replies) => answers.push(replies),
        received: performance.now(),
      })
    submit('a@x.example')
    await vi.advanceTimersByTimeAsync(3000)
    submit('b@x.example')
    await vi.advanceTimersByTimeAsync(2500)
    expect(answers).toEqual(['action=DUNNO\n\n'])
    release[1]?.()
    await vi.advanceTimersByTimeAsync(0)
    expect(answers).toEqual(['action=DUNNO\n\n', expect.stringContaining('DEFER_IF_PERMIT')])
    release[0]?.()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(answers).toHaveLength(2)
    expect(metrics.failedOpen).toBe(1)
    expect(warnings).toEqual([expect.stringContaining('did not take it within 5 s')])
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})
