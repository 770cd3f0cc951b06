import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import { type Event, summarize, type Told } from '../../src/demo/play.js'
import { scenario } from '../../src/demo/scenario.js'
import { isSound, renderEnd, renderEvent } from '../../src/ui/demo.js'
import { greyctl, PROGRAM } from '../cli/run.js'
import { eventually } from '../daemon/spawned.js'

/** Nobody: it needs no root. */
const NOBODY = process.getuid?.() === 0 ? { uid: 65_534, env: { HOME: '/nonexistent' } } : {}

/** Directories of demos that run now. */
const directories = () => readdirSync('/tmp').filter((name) => name.startsWith('greyctl-demo-'))

/** Whether a process works with such a directory. */
function inUse(directory: string): boolean {
  return readdirSync('/proc').some((pid) => {
    const path = `/proc/${pid}/cmdline`
    try {
      return /^\d+$/.test(pid) && existsSync(path) && readFileSync(path, 'latin1').includes(directory)
    } catch {
      return false
    }
  })
}

describe('greyctl demo', () => {
  it('asks the real daemon, as nobody, and gets every answer that greylisting owes', async () => {
    const { code, stdout, stderr } = await greyctl(['demo', '--json'], NOBODY)
    expect(stderr).toBe('')
    const { events, summary } = JSON.parse(stdout)
    expect(summary).toMatchObject({
      good: { mails: 10, accepted: 10 },
      spam: { mails: 3, accepted: 1 },
      surprises: 0,
    })
    expect(summary.seconds).toBeLessThan(20)
    const told = events.filter((event: Record<string, unknown>) => 'answer' in event) as Told[]
    expect(told).toHaveLength(summary.requests)
    // the daemon's own words: nothing of this stands in the scenario
    expect(told.map(({ reason }) => reason)).toEqual(
      expect.arrayContaining([
        'new',
        'early-retry (57s missing)',
        'triplet found',
        'recipient whitelist',
        'client AWL',
      ]),
    )
    expect(told.find(({ mail, attempt }) => mail === 'newsletter' && attempt === 2)?.reply).toMatch(
      /^PREPEND X-Greylist: delayed 900 seconds/,
    )
    expect(code).toBe(0)
  })

  it('tells the story as plain text where nobody sees colour', async () => {
    const { code, stdout } = await greyctl(['demo', '--speed', '0'], NOBODY)
    expect(code).toBe(0)
    expect(stdout).not.toContain('\u001b')
    expect(stdout).toContain('08:00:00  mail      orders@bakery.example from mail.bakery.example[192.0.2.25]')
    expect(stdout).toMatch(/deferred {2}a mail server nobody knows: asked to come back \(new\)\n/)
    expect(stdout).toContain('10 of 10 good mails arrived')
  })

  it('knows no other speed than a number', async () => {
    for (const speed of ['fast', '-1', '']) {
      const { code, stderr } = await greyctl(['demo', `--speed=${speed}`])
      expect(stderr).toContain('must be a number from 0 on')
      expect(code).toBe(2)
    }
  })

  it('leaves nothing behind when it is interrupted', async () => {
    const before = new Set(directories())
    const child: ChildProcess = spawn(process.execPath, [PROGRAM, 'demo', '--speed=0.2'], { stdio: 'pipe' })
    const ended = new Promise((resolve) => child.once('close', resolve))
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk
    })
    await eventually(() => text.includes('08:00:00'))
    const mine = directories().filter((name) => !before.has(name) && inUse(name))
    child.kill('SIGINT')
    expect(await ended).toBe(1)
    expect(mine.length).toBeGreaterThan(0)
    await eventually(() => mine.every((name) => !directories().includes(name) || inUse(name)))
  })
})

const terminal = { style: new Chalk({ level: 0 }), width: 80, unicode: true, interactive: false }

const play = (answer: (one: Told) => Told['answer']): Event[] =>
  scenario().map((moment) =>
    'accident' in moment
      ? { ...moment, time: moment.at }
      : {
          ...moment,
          time: moment.at,
          answer: answer(moment as Told),
          reply: '',
          reason: 'new',
          waited: moment.at,
        },
  )

describe('the summary', () => {
  it('is no praise when the daemon answers otherwise than it should', () => {
    const summary = summarize(
      play(() => 'deferred'),
      1,
    )
    expect(summary.good).toEqual({ mails: 10, accepted: 0 })
    expect(summary.surprises).toBeGreaterThan(5)
    expect(isSound(summary)).toBe(false)
    expect(renderEnd({ events: [], summary }, terminal)).toContain('answers were not as they should be')
  })

  it('counts a mail by its last try', () => {
    const summary = summarize(
      play(({ expected }) => expected),
      1,
    )
    expect(summary).toMatchObject({ surprises: 0, good: { accepted: 10 }, spam: { accepted: 1 } })
    expect(isSound(summary)).toBe(true)
  })
})

it('fits a terminal of 80 columns, and says what was wrong', () => {
  const [first] = play(() => 'passed')
  expect(first && renderEvent(first, terminal)).toContain('it should have been deferred')
  for (const event of play(({ expected }) => expected)) {
    for (const line of renderEvent(event, terminal).split('\n')) expect(line.length).toBeLessThanOrEqual(80)
  }
})
