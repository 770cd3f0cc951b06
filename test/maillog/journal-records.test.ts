import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MemoryHost } from '../../src/host/memory.js'
import { JournalRecords } from '../../src/maillog/journal-records.js'
import { verifySources } from '../../src/maillog/verify.js'
import { LogWriter } from './log-writer.js'

const log = () => new LogWriter().rejected().wait(400).accepted('4K68s31RlGzgf9A')

type Entry = Readonly<Record<string, string>>

/** As `journalctl -o FORM` writes them. */
const FORMS: Readonly<Record<string, (entry: Entry) => string>> = {
  'json-pretty': (entry) => `${JSON.stringify(entry, undefined, '\t')}\n`,
  'json-seq': (entry) => `\u001e${JSON.stringify(entry)}\n`,
  'json-sse': (entry) => `data: ${JSON.stringify(entry)}\n\n`,
  export: (entry) => `${lines(entry, '')}\n`,
  verbose: (entry) => `${verboseHead(entry)}\n${lines(entry, '    ')}`,
}

function lines(entry: Entry, indent: string): string {
  return Object.entries(entry)
    .map(([name, value]) => `${indent}${name}=${value}\n`)
    .join('')
}

function verboseHead({ __REALTIME_TIMESTAMP: at = '0' }: Entry): string {
  const [day, time] = new Date(Number(at) / 1000).toISOString().slice(0, 19).split('T')
  return `Mon ${day} ${time} UTC [s=4a;i=1;b=2;m=3;t=4;x=5]`
}

describe('journalctl', () => {
  it.each(Object.keys(FORMS))('-o %s tells the same as -o json', async (form) => {
    const entries = log()
      .journal()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Entry)
    const host = new MemoryHost()
    host.seed('/log', entries.map((entry) => FORMS[form]?.(entry)).join(''))
    const report = await verifySources(host, { files: ['/log'] })
    expect(report).toMatchObject({
      verdict: 'working',
      counts: { greylisted: 1, passed: 1 },
      delay: { median: 400 },
      window: { from: '2026-11-23T10:00:00Z', to: '2026-11-23T10:06:40Z' },
    })
  })

  it('has entries that never end, and field names of its own', () => {
    const records = new JournalRecords()
    const taken = ['{', ...Array.from({ length: 400 }, () => '\t"a" : "b",'), 'Nov 23 x'].map((line) =>
      records.take(line),
    )
    expect(taken.at(-1)).toBe('none')
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.constantFrom('{', '}', '', '__CURSOR=x', '    MESSAGE=x', 'MESSAGE=a=b', verboseHead({})),
            fc.string(),
          ),
        ),
        (some) => {
          const others = new JournalRecords()
          for (const line of some) others.take(line)
          others.end()
        },
      ),
    )
  })
})
