import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { createRealHost } from '../../src/host/real.js'
import { readLog } from '../../src/maillog/read.js'
import { StoryTeller } from '../../src/maillog/story.js'
import { YearScan } from '../../src/maillog/year-scan.js'
import { address, client, line, stamp } from './any-lines.js'

const directory = mkdtempSync(join(tmpdir(), 'greyctl-lane-'))
afterAll(() => rmSync(directory, { recursive: true }))
const host = createRealHost()

async function storiesOf(path: string, fast: boolean) {
  const teller = new StoryTeller({ triplets: 100, queued: 100 })
  const read = await readLog(host, { files: [path], fast }, fast ? teller : (told) => teller.add(told))
  const { totals, lives, ...stories } = teller.end()
  // its data alone: what stories are made with has no value to compare
  return structuredClone({
    read,
    counts: Object.entries(stories).filter(([, value]) => typeof value !== 'function'),
    lives: [...lives],
    examples: totals.examples,
  })
}

describe('the fast lane', () => {
  it('tells the same as the parsers, of any lines', async () => {
    const path = join(directory, 'mail.log')
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 40 }), async (lines) => {
        writeFileSync(path, `${lines.join('\n')}\n`)
        utimesSync(path, 1_795_600_000, 1_795_600_000)
        expect(await storiesOf(path, true)).toEqual(await storiesOf(path, false))
      }),
      { numRuns: 150 },
    )
  })

  it('tells the same as the parsers, of one mail told in the right order with anything between', async () => {
    const path = join(directory, 'one-mail.log')
    const mail = fc
      .tuple(stamp, stamp, client, client, address, address)
      .map(([one, two, first, second, from, to]) => [
        `${one}mx postfix/smtpd[12]: NOQUEUE: reject: RCPT from ${first}: 450 4.2.0 <${to}>: Recipient address rejected: Greylisted; from=<${from}> to=<${to}> proto=ESMTP helo=<h>`,
        `${two}mx postfix/smtpd[12]: 4K68s31RlGzgf9W: client=${second}`,
        `${two}mx postfix/qmgr[12]: 4K68s31RlGzgf9W: from=<${from}>, size=550, nrcpt=1 (queue active)`,
        `${two}mx postfix/lmtp[12]: 4K68s31RlGzgf9W: to=<${to}>, relay=local, delay=1, status=sent (x)`,
      ])
    await fc.assert(
      fc.asyncProperty(mail, fc.array(line, { maxLength: 3 }), async (lines, others) => {
        const mixed = lines.flatMap((one, at) => [one, ...(others[at] === undefined ? [] : [others[at]])])
        writeFileSync(path, mixed.join('\n'))
        utimesSync(path, 1_795_600_000, 1_795_600_000)
        expect(await storiesOf(path, true)).toEqual(await storiesOf(path, false))
      }),
      { numRuns: 150 },
    )
  })
})

describe('the first year of a large log', () => {
  it('is found at places of it as by reading it all', async () => {
    const path = join(directory, 'large.log')
    const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
    const rest = ` 10:00:00 mx postfix/smtpd[1]: connect from ${'x'.repeat(900)}\n`
    // from March 2024 to November 2026, the last two years and a half in a hundredth of the file
    const early = `Mar  1${rest}`.repeat(9000)
    const late = months
      .concat(months, months)
      .slice(3, 35)
      .map((month) => `${month}  7${rest}`.repeat(3))
      .join('')
    writeFileSync(path, early + late)
    const written = new Date(2026, 10, 24).getTime() / 1000
    utimesSync(path, written, written)
    const scan = new YearScan()
    scan.read(early + late)
    expect(scan.year(written)).toBe(2024)
    const { window } = await readLog(host, { files: [path] }, () => {})
    expect(new Date((window.from ?? 0) * 1000).getFullYear()).toBe(2024)
    expect(new Date((window.to ?? 0) * 1000).getFullYear()).toBe(2026)
  })
})
