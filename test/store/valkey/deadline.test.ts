import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { DEADLINE } from '../../../src/store/valkey/fallback.js'
import { within } from '../../../src/store/valkey/link.js'

/** Milliseconds that no mail may wait for a server. */
const BOUND = 250

const turn = () => new Promise((resolve) => setImmediate(resolve))

const never = () => new Promise<never>(() => {})

describe('a server that does not answer', () => {
  // an immediate is a turn of the event loop, and no time
  beforeEach(() => vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] }))
  afterEach(() => vi.useRealTimers())

  it('is given up at the deadline, to the millisecond', async () => {
    const outcome = vi.fn()
    within(never(), DEADLINE).catch((error: Error) => outcome(error.message))
    await vi.advanceTimersByTimeAsync(DEADLINE - 1)
    await turn()
    expect(outcome).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await turn()
    expect(outcome).toHaveBeenCalledWith(`no answer within ${DEADLINE} ms`)
  })

  it('is in time with an answer that came while this process was busy', async () => {
    let answer = (_: string) => {}
    const outcome = within(new Promise<string>((resolve) => (answer = resolve)), DEADLINE)
    // the timer is over, and what the sockets hold is read in the same turn
    setTimeout(() => answer('here'), DEADLINE)
    vi.advanceTimersByTime(DEADLINE)
    expect(await outcome).toBe('here')
  })

  it('holds a mail up for less than a quarter of a second, though it hangs at the read and at the write', async () => {
    const started = Date.now()
    const mail = within(never(), DEADLINE)
      .catch(() => within(never(), DEADLINE))
      .catch(() => Date.now() - started)
    for (let passed = 0; passed < 2 * BOUND; passed += 1) {
      await vi.advanceTimersByTimeAsync(1)
      await turn()
    }
    // what is left is for this host's own disk
    expect(await mail).toBeLessThanOrEqual(BOUND - 50)
  })
})
