import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Story } from '../../../src/maillog/life.js'
import { CalendarTally } from '../../../src/maillog/report/calendar.js'
import { isLineName, isServerName, registrable } from '../../../src/maillog/report/names.js'
import { RankingTally } from '../../../src/maillog/report/ranking.js'
import { WhitelistTally } from '../../../src/maillog/report/whitelisted.js'

const CLIENT = { name: 'mail.example.org', address: '192.0.2.10' }

function story(deferredAt: number | undefined): Story {
  return {
    client: CLIENT,
    sender: 'a@example.org',
    recipient: 'b@mx.test',
    deferrals: 1,
    deferredAt,
    lastDeferredAt: deferredAt,
    passed: false,
    passedAt: undefined,
    delay: undefined,
    elsewhereAt: undefined,
    series: { count: 1, seconds: 0 },
    lastRef: { source: 'x', line: 1 },
  }
}

describe('RankingTally', () => {
  it('is exact while names are few', () => {
    const tally = new RankingTally(2)
    for (const name of ['a', 'b', 'a', 'c', 'd']) tally.add(name, name, 'cameBack')
    expect(tally.end(1)).toEqual({
      names: 4,
      mayMiss: 0,
      rows: [{ name: 'a', greylisted: 2, cameBack: 2, neverCameBack: 0 }],
    })
    expect(tally.end(0).rows).toHaveLength(4)
  })

  it('keeps within its limit, and never counts too much or further too little than it says', () => {
    const names = fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 400 })
    fc.assert(
      fc.property(names, (all) => {
        const tally = new RankingTally(5)
        const truth = new Map<string, number>()
        for (const name of all.map(String)) {
          tally.add(name, name, 'neverCameBack')
          truth.set(name, (truth.get(name) ?? 0) + 1)
        }
        const { rows, mayMiss, names: kept } = tally.end(0)
        expect(kept).toBeLessThanOrEqual(10)
        const seen = new Map(rows.map((row) => [row.name, row.greylisted]))
        for (const [name, count] of truth) {
          expect(seen.get(name) ?? 0).toBeLessThanOrEqual(count)
          expect(count - (seen.get(name) ?? 0)).toBeLessThanOrEqual(mayMiss)
        }
      }),
    )
  })
})

describe('CalendarTally', () => {
  const at = (text: string) => Date.parse(text) / 1000

  it('shows days without mail between others', () => {
    const tally = new CalendarTally()
    tally.story(story(at('2026-11-20T12:00:00Z')), 'cameBack')
    tally.story(story(at('2026-11-23T12:00:00Z')), 'neverCameBack')
    expect(tally.end().days.map(({ day, greylisted }) => [day.slice(8), greylisted])).toEqual([
      ['20', 1],
      ['21', 0],
      ['22', 0],
      ['23', 1],
    ])
  })

  it('keeps a bounded number of days, loses no count, and fills no gap of years', () => {
    const tally = new CalendarTally()
    for (let day = 0; day < 5000; day += 1) tally.story(story(day * 3 * 86_400), 'waiting')
    tally.story(story(undefined), 'waiting')
    tally.story(story(9e12), 'waiting')
    const { days, undated } = tally.end()
    const sum = days.reduce((total, { greylisted }) => total + greylisted, undated.greylisted)
    expect(sum).toBe(5002)
    expect(days.filter(({ greylisted }) => greylisted > 0).length).toBe(3660)
    const far = new CalendarTally()
    far.story(story(0), 'waiting')
    far.story(story(1_795_000_000), 'waiting')
    expect(far.end().days).toHaveLength(2)
  })
})

describe('WhitelistTally', () => {
  it('counts by reason, the rest together when a log invents too many', () => {
    const tally = new WhitelistTally(new CalendarTally())
    for (let number = 0; number < 100; number += 1) {
      const about = { by: 'greylister', client: CLIENT, sender: 'a@b.test', recipient: 'b@mx.test' } as const
      const event = { kind: 'passed', reason: 'whitelist', said: `whitelist ${number}`, ...about } as const
      tally.add(event, 0, 2)
    }
    const reasons = tally.end()
    expect(reasons).toHaveLength(31)
    expect(reasons[0]).toEqual({ reason: 'other reasons', count: 140 })
  })
})

describe('names', () => {
  it.each([
    ['a8-29.smtp-out.amazonses.com', '54.240.8.29', true, false],
    ['mail-ej1-f65.google.com', '209.85.218.65', true, false],
    ['mx1.praxis.example', '198.51.100.7', true, false],
    ['mout.kundenserver.de', '212.227.126.130', true, false],
    ['dsl-192-0-2-17.provider.example', '192.0.2.17', false, true],
    ['p4fd6a1b2.dip0.t-ipconnect.de', '79.214.161.178', false, false],
    ['17-2-0-192.example.net', '192.0.2.17', false, true],
    ['cable-82-119.example.net', '198.51.100.1', false, true],
    ['vps29.hoster.net', '203.0.113.50', false, false],
    ['email.shop.co.uk', '203.0.113.50', true, false],
  ])('%s [%s]: mail server %s, line %s', (name, address, server, line) => {
    expect([isServerName(name), isLineName({ name, address })]).toEqual([server, line])
  })

  it('knows registrable domains', () => {
    expect(registrable('a.b.Example.CO.UK')).toBe('example.co.uk')
    expect(registrable('localhost')).toBeUndefined()
    expect(registrable(`${'a'.repeat(300)}.com`)).toBeUndefined()
  })
})
