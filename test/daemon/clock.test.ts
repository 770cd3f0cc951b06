import { afterEach, expect, it } from 'vitest'
import { watchClock } from '../../src/daemon/clock.js'
import { client, policyText, type Running, startTestDaemon } from './running.js'

const DAY = 86_400
let running: Running | undefined
afterEach(async () => {
  await running?.stop()
  running = undefined
})

it.each([
  [-DAY, 'back: mails that wait begin to wait anew'],
  [DAY, 'forward: mails that wait pass early'],
])('a clock that is set by %d seconds gets one warning', async (seconds, words) => {
  const lines: string[] = []
  const line = (text: string) => lines.push(text)
  const log = { line, record: line, rarely: () => {}, flush: async () => {} }
  let set = 0
  const stop = watchClock(() => performance.now() + set * 1000, log, 5)
  await new Promise((resolve) => setTimeout(resolve, 30))
  expect(lines).toEqual([])
  set = seconds
  await expect.poll(() => lines.length).toBeGreaterThan(0)
  await new Promise((resolve) => setTimeout(resolve, 30))
  stop()
  expect(lines).toEqual([`warning: the clock was set by ${DAY} seconds ${words}`])
})

it('mail goes on whatever the clock does, and what waited is not forgotten', async () => {
  running = await startTestDaemon()
  const postfix = await client(running.port)
  const ask = async (sender: string) => {
    postfix.send(policyText({ sender }))
    return (await postfix.answers(1))[0]
  }
  expect(await ask('waits@example.org')).toMatch(/try again in 60 seconds/)
  running.now += 30
  await ask('passes@example.org')
  running.now += 60
  expect(await ask('passes@example.org')).toMatch(/^PREPEND/)
  running.now -= DAY
  // nobody can tell for how long it waited: it waits once more, not until the old time comes again
  expect(await ask('waits@example.org')).toMatch(/try again in 60 seconds/)
  expect(await ask('passes@example.org')).toBe('DUNNO')
  running.now += 60
  expect(await ask('waits@example.org')).toMatch(/^PREPEND/)
  await ask('other@example.org')
  running.now += DAY
  expect(await ask('other@example.org')).toMatch(/^PREPEND/)
  postfix.socket.destroy()
})
