import { describe, expect, it, vi } from 'vitest'
import { Followed } from '../../src/maillog/followed.js'

const DAY = 86_400

/** So many mails, a minute after the other, and of two one is accepted; `letGo`: who else is told of those that go. */
function follow(mails: number, limit: number, letGo?: () => void) {
  const followed = new Followed(limit, letGo ? { letGo } : {})
  const stories = vi.spyOn(followed.lives, 'tripletOf')
  for (let mail = 0; mail < mails; mail += 1) {
    const at = 1_796_000_000 + mail * 60
    const triplet = {
      client: { name: `mail${mail}.example.org`, address: '192.0.2.10' },
      sender: `alice${mail}@example.org`,
      recipient: 'bob@mx.test',
    }
    const life = followed.begin({ netA: 1, netB: 1, pairA: mail, pairB: 1 }, triplet, at)
    followed.defer(life, 'postfix', at, 1)
    if (mail % 2 === 0) followed.pass(life, at + 400, undefined)
  }
  return { followed, stories }
}

describe('triplets that are let go', () => {
  it('are counted without an object for each', () => {
    const { followed, stories } = follow(20_000, 1000)
    const { totals, lives } = followed
    expect(totals.greylisted).toBe(20_000 - lives.size)
    expect(totals.greylisted).toBeGreaterThanOrEqual(19_000)
    // ten each time that room is made for an eighth, 125
    expect(stories.mock.calls.length).toBeLessThanOrEqual((10 * 20_000) / 125)
  })

  it('leave the newest of them as examples', () => {
    const { totals } = follow(20_000, 1000).followed
    const { examples, earliestDeferral } = totals
    expect(earliestDeferral).toBe(1_796_000_000)
    const times = examples.map(({ passedAt }) => passedAt)
    expect(times).toHaveLength(5)
    expect(times).toEqual([...times].sort((a, b) => (b ?? 0) - (a ?? 0)))
    expect(times[0]).toBeGreaterThan(1_796_000_000 + 19_000 * 60 - DAY)
  })

  it('are told to whoever wants each', () => {
    const told = vi.fn()
    const { followed } = follow(5000, 1000, told)
    expect(told).toHaveBeenCalledTimes(followed.totals.greylisted)
  })
})
