import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { MemoryHost } from '../../src/host/memory.js'
import { createRealHost } from '../../src/host/real.js'
import { Cursor, type CursorState, parseCursor } from '../../src/maillog/cursor.js'
import { verifySources } from '../../src/maillog/verify.js'
import { LogWriter } from './log-writer.js'

const directory = mkdtempSync(join(tmpdir(), 'greyctl-cursor-'))
afterAll(() => rmSync(directory, { recursive: true }))

/** Line number `from` to `to` of a log in which each line is of another sender. */
function lines(from: number, to: number): string {
  let text = ''
  for (let at = from; at < to; at += 1)
    text += new LogWriter()
      .wait(at)
      .rejected({ sender: `s${at}@example.org` })
      .toString()
  return text
}

/** A log directory, read again and again with one cursor. */
class Server {
  private static count = 0
  readonly path = join(directory, `mail-${Server.count++}.log`)
  private state: CursorState | undefined

  async run(...files: readonly string[]) {
    const cursor = new Cursor(this.state, Date.now() / 1000)
    const named = files.length > 0 ? files : [this.path]
    const report = await verifySources(createRealHost(), { files: named, cursor })
    // as from a file
    this.state = parseCursor(JSON.stringify(cursor.state()), 'cursor')
    return report
  }

  async greylisted(...files: readonly string[]): Promise<number> {
    return (await this.run(...files)).counts.greylisted
  }
}

/** One whose log is written, read, and rotated in one way and the other. */
class Rotated extends Server {
  written = 0
  seen = 0
  private old: string[] = []
  private generation = 0

  constructor() {
    super()
    writeFileSync(this.path, '')
  }

  async do(what: 'write' | 'run' | 'rename' | 'copy' | 'pack', count: number): Promise<void> {
    if (what === 'run') this.seen += await this.greylisted(...this.old, this.path)
    else if (what === 'write') this.write(count)
    else if (what === 'pack') this.old = this.old.map(packed)
    else this.rotate(what)
  }

  private write(count: number): void {
    appendFileSync(this.path, lines(this.written, this.written + count))
    this.written += count
  }

  private rotate(how: 'rename' | 'copy'): void {
    this.generation += 1
    const old = `${this.path}.${this.generation}`
    if (how === 'rename') renameSync(this.path, old)
    else copyFileSync(this.path, old)
    writeFileSync(this.path, '')
    this.old.push(old)
  }
}

function packed(file: string): string {
  if (file.endsWith('.gz')) return file
  writeFileSync(`${file}.gz`, gzipSync(readFileSync(file)))
  unlinkSync(file)
  return `${file}.gz`
}

describe('a log that is read on', () => {
  it('begins with all there is, and then has what is new, once', async () => {
    const server = new Server()
    writeFileSync(server.path, lines(0, 3))
    expect(await server.greylisted()).toBe(3)
    expect(await server.greylisted()).toBe(0)
    appendFileSync(server.path, lines(3, 5))
    const report = await server.run()
    expect(report.counts.greylisted).toBe(2)
    expect(report.window.from).toBe('2026-11-23T10:00:03Z')
  })

  it('leaves a line that is still being written for the next run', async () => {
    const server = new Server()
    const next = lines(1, 2)
    writeFileSync(server.path, lines(0, 1) + next.slice(0, -10))
    expect(await server.greylisted()).toBe(1)
    appendFileSync(server.path, next.slice(-10))
    expect(await server.greylisted()).toBe(1)
  })

  it('finds what was added before a rotation in the renamed file, and reads the new one from its beginning', async () => {
    const server = new Server()
    const old = `${server.path}.1`
    writeFileSync(server.path, lines(0, 3))
    await server.run()
    appendFileSync(server.path, lines(3, 4))
    renameSync(server.path, old)
    writeFileSync(server.path, lines(4, 6))
    expect(await server.greylisted(old, server.path)).toBe(3)
    expect(await server.greylisted(old, server.path)).toBe(0)
  })

  it('finds it also when the old one was copied and emptied, or packed since', async () => {
    const server = new Server()
    const old = `${server.path}.1`
    writeFileSync(server.path, lines(0, 30))
    await server.run()
    appendFileSync(server.path, lines(30, 34))
    copyFileSync(server.path, old)
    // in the middle of it both are there
    expect(await server.greylisted(old, server.path)).toBe(4)
    truncateSync(server.path)
    appendFileSync(server.path, lines(34, 35))
    expect(await server.greylisted(old, server.path)).toBe(1)
    appendFileSync(old, lines(35, 37))
    writeFileSync(`${server.path}.2.gz`, gzipSync(lines(0, 34) + lines(35, 37)))
    unlinkSync(old)
    expect(await server.greylisted(`${server.path}.2.gz`, server.path)).toBe(2)
  })

  it('takes a file that shrank for another one', async () => {
    const server = new Server()
    writeFileSync(server.path, lines(0, 40))
    await server.run()
    truncateSync(server.path, lines(0, 20).length)
    expect(await server.greylisted()).toBe(20)
  })

  it('keeps the year of stamps without one', async () => {
    const server = new Server()
    const line = (stamp: string, sender: string) =>
      `${stamp} mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from a.test[192.0.2.1]: 450 4.2.0 <b@mx.test>: Recipient address rejected: Greylisted, see http://x; from=<${sender}@a.test> to=<b@mx.test> proto=ESMTP helo=<a>\n`
    const written = (text: string) => {
      writeFileSync(server.path, text)
      utimesSync(server.path, new Date(), new Date('2026-01-02T10:00:00Z'))
    }
    const first = line('Dec 30 10:00:00', 'old')
    written(first)
    await server.run()
    // last written long before the run before: not looked at again
    expect((await server.run()).window.lines).toBe(0)
    writeFileSync(server.path, first + line('Dec 31 10:00:00', 'one') + line('Jan  1 10:00:00', 'two'))
    const { window } = await server.run()
    const days = (Date.parse(window.to ?? '') - Date.parse(window.from ?? '')) / 86_400_000
    expect([window.lines, days]).toEqual([2, 1])
  })

  it('has each line once, however runs, lines and rotations follow each other', async () => {
    const step = fc.oneof(
      fc.record({ what: fc.constant('write' as const), count: fc.integer({ min: 1, max: 4 }) }),
      fc.constant({ what: 'run' as const, count: 0 }),
      fc
        .constantFrom('rename' as const, 'copy' as const, 'pack' as const)
        .map((what) => ({ what, count: 0 })),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const server = new Rotated()
        for (const { what, count } of steps) await server.do(what, count)
        await server.do('run', 0)
        expect(server.seen).toBe(server.written)
      }),
      { numRuns: 30 },
    )
  })

  it('goes on behind the last entry of the journal, and stays there when there is none', async () => {
    const host = new MemoryHost()
    const asked: string[] = []
    let number = 0
    host.programs.set('journalctl', (argv) => {
      asked.push(argv.filter((word) => /^--(?:since|after)/.test(word)).join(' '))
      number += 1
      if (number === 2) return { stdout: '' }
      const about = 'client_name=a, client_address=192.0.2.10, sender=a@x.org, recipient=b@mx.test'
      return {
        stdout: `${JSON.stringify({ __CURSOR: `s=1;i=${number}`, __REALTIME_TIMESTAMP: '1795000000000000', SYSLOG_IDENTIFIER: 'postgrey', MESSAGE: `action=greylist, reason=new, ${about}` })}\n`,
      }
    })
    let state: CursorState | undefined
    const counts: number[] = []
    for (let run = 0; run < 4; run += 1) {
      const cursor = new Cursor(state, 1_795_000_100)
      counts.push(
        (await verifySources(host, { journal: true, since: 1_794_000_000, cursor })).counts.greylisted,
      )
      state = cursor.state()
    }
    const since = '--since=@1794000000'
    expect(asked).toEqual([
      since,
      '--after-cursor=s=1;i=1',
      '--after-cursor=s=1;i=1',
      '--after-cursor=s=1;i=3',
    ])
    expect(counts).toEqual([1, 0, 1, 1])
  })

  it('refuses what is piped in, and a file that is no cursor', async () => {
    const cursor = new Cursor(undefined, 0)
    const piped = verifySources(createRealHost(), { files: ['-'], cursor })
    await expect(piped).rejects.toMatchObject({ code: 'usage' })
    for (const text of ['{', '[]', 'null', '{"version":1}', '{"version":1,"takenAt":1,"files":[{}]}'])
      expect(() => parseCursor(text, '/c')).toThrow('is no cursor of greyctl')
  })
})
