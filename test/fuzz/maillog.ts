import { deepStrictEqual } from 'node:assert/strict'
import { wholeLines } from '../../src/maillog/blocks.js'
import { LogReader } from '../../src/maillog/log-reader.js'
import type { ScannedBlock } from '../../src/maillog/scan-thread.js'
import { LineScanner } from '../../src/maillog/scanner.js'
import type { LogSource } from '../../src/maillog/sources.js'
import { StoryTeller } from '../../src/maillog/story.js'
import { LogWriter } from '../maillog/log-writer.js'
import type { Random } from './random.js'
import type { Target } from './targets.js'

const MAIL = () =>
  new LogWriter()
    .greylister('action=greylist, reason=new')
    .rejected()
    .other()
    .wait(400)
    .greylister('action=pass, reason=triplet found, delay=400')
    .accepted('4K68s31RlGzgf9A')
    .line('postfix/smtpd', 'message repeated 2 times: [ connect from a[192.0.2.1]]')

const LOGS = [MAIL().toString(), MAIL().traditional(), MAIL().journal()].map((text) => Buffer.from(text))
const TOKENS = [
  '\n',
  '\r\n',
  '\0',
  '\xff',
  '\xc3',
  '>, size=',
  '> to=<',
  '; from=<',
  ', status=',
  ']: 450 4.2.0 <',
  'Greylisted',
  'postgrey[1]: action=pass, reason=triplet found, delay=400, client_name=x, client_address=192.0.2.10',
  'Nov 23 10:00:01 mx postfix/smtpd[1]: ',
  'NOQUEUE: reject: RCPT from a[192.0.2.10]',
  '4K68s31RlGzgf9A: ',
  'last message repeated 999999 times',
  'message repeated 2 times: [ ',
  '{"MESSAGE":"',
  '{\n',
  '__CURSOR=',
  '[',
]

/** How a log is read. */
type Way = 'parsers' | 'fast lane' | 'scanner'

async function toldBy(way: Way, bytes: Buffer, cut: number): Promise<unknown> {
  const source: LogSource = {
    name: 'fuzzed',
    modified: 1_796_000_000,
    shadow: false,
    again: false,
    async *open() {
      for (let from = 0; from < bytes.length; from += cut) yield bytes.subarray(from, from + cut)
    },
  }
  const scanner = new LineScanner(undefined)
  const ahead = {
    async *read(): AsyncGenerator<ScannedBlock> {
      for await (const block of wholeLines(source.open())) {
        const places = new Int32Array(3000)
        const scanned = scanner.scan(block, places)
        yield { bytes: block, scanned: scanned && { ...scanned, places } }
      }
    },
  }
  const teller = new StoryTeller({ triplets: 50, queued: 50 })
  const listener = way === 'parsers' ? { add: teller.add.bind(teller) } : teller
  const reader = new LogReader(
    listener,
    undefined,
    () => {},
    way !== 'parsers',
    undefined,
    way === 'scanner' ? ahead : undefined,
  )
  await reader.read({ source, year: 2026 })
  const { lives, totals, each: _, ...stories } = teller.end()
  return { lines: reader.lines, window: reader.window, stories, lives: [...lives], examples: totals.examples }
}

/** Any bytes are a log, which says the same in whatever way it is read. */
export const maillog: Target = {
  async once(random: Random) {
    const bytes = random.mutate(random.pick(LOGS), TOKENS)
    const cut = 1 + random.below(1 << (4 + random.below(13)))
    const expected = await toldBy('parsers', bytes, cut)
    deepStrictEqual(await toldBy('fast lane', bytes, cut), expected)
    deepStrictEqual(await toldBy('scanner', bytes, cut), expected)
  },
}
