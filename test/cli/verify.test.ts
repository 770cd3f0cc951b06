import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { LogWriter } from '../maillog/log-writer.js'
import { type Ended, greyctl } from './run.js'

const directory = mkdtempSync(join(tmpdir(), 'greyctl-cli-verify-'))
afterAll(() => rmSync(directory, { recursive: true }))

let files = 0

function logFile(content: string | Buffer | LogWriter): string {
  const path = join(directory, `mail-${files++}.log`)
  writeFileSync(path, content instanceof LogWriter ? content.toString() : content)
  return path
}

function verify(...argv: readonly string[]): Promise<Ended> {
  return greyctl(['verify', ...argv])
}

const healthy = () => new LogWriter().rejected().wait(400).accepted('4K68s31RlGzgf9A')

describe('greyctl verify', () => {
  it('says that it works, of a packed log, and exits 0', async () => {
    const ended = await verify('--log', logFile(gzipSync(healthy().toString())))
    expect(ended.stderr).toBe('')
    expect(ended.stdout).toMatch(/^✓ greylisting works/)
    expect(ended.stdout).toContain('alice@example.org')
    expect(ended.code).toBe(0)
  })

  it('takes the name of a log as it is called from where one stands', async () => {
    const path = logFile(healthy())
    const ended = await verify('--log', relative(process.cwd(), path), '--json')
    expect(JSON.parse(ended.stdout).window.sources).toEqual([path])
  })

  it('prints one JSON document in the promised shape, of several logs', async () => {
    const first = logFile(new LogWriter().rejected())
    const second = logFile(new LogWriter().wait(400).accepted('4K68s31RlGzgf9A'))
    const ended = await verify('--log', first, '--log', second, '--json')
    expect(ended.stderr).toBe('')
    expect(ended.code).toBe(0)
    const report: unknown = JSON.parse(ended.stdout)
    expect(report).toEqual({
      verdict: 'working',
      counts: {
        greylisted: 1,
        passed: 1,
        neverRetried: 0,
        earlyRetries: 0,
        whitelisted: 0,
        unreachable: 0,
        acceptedElsewhere: 0,
      },
      delay: { median: 400, p90: 400, p99: 400, max: 400 },
      window: {
        from: '2026-11-23T10:00:00Z',
        to: '2026-11-23T10:06:40Z',
        lines: 6,
        sources: [first, second],
      },
      examples: [
        {
          client: 'mail.example.org[192.0.2.10]',
          sender: 'alice@example.org',
          recipient: 'bob@mx.test',
          deferredAt: '2026-11-23T10:00:00Z',
          passedAt: '2026-11-23T10:06:40Z',
          delay: 400,
        },
      ],
      problems: [],
    })
  })

  it('reads on with --cursor-file, which no failed run moves', async () => {
    const log = logFile(new LogWriter().rejected())
    const cursor = join(directory, 'cursor')
    const run = async (...argv: string[]) => {
      const { code, stdout } = await verify('--log', log, '--cursor-file', cursor, '--json', ...argv)
      return { code, answer: JSON.parse(stdout) }
    }
    expect((await run()).answer.counts.greylisted).toBe(1)
    const after = readFileSync(cursor, 'utf8')
    appendFileSync(log, new LogWriter().rejected({ sender: 'carol@example.org' }).toString())
    expect((await run('--since', 'soon')).code).toBe(2)
    expect(readFileSync(cursor, 'utf8')).toBe(after)
    expect((await run()).answer.counts.greylisted).toBe(1)
    const nothing = await run()
    expect([nothing.code, nothing.answer.problems[0].title]).toEqual([4, 'the log has nothing new'])
    writeFileSync(cursor, 'no cursor')
    expect((await run()).answer.error).toMatchObject({ code: 'config-unreadable', where: cursor })
  })

  it('exits 1 for off and broken, 4 for waiting', async () => {
    const off = await verify('--log', logFile(new LogWriter().accepted('4K68s31RlGzgf9A')))
    expect([off.code, off.stdout]).toEqual([1, expect.stringContaining('[greylisting-off]')])
    const down = new LogWriter().smtpd('warning: connect to 127.0.0.1:10023: Connection refused')
    const broken = await verify('--log', logFile(down), '--json')
    expect([broken.code, JSON.parse(broken.stdout).verdict]).toEqual([1, 'broken'])
    const waiting = await verify('--log', logFile(new LogWriter().rejected()))
    expect([waiting.code, waiting.stdout]).toEqual([4, expect.stringMatching(/^\? greylisting defers/)])
  })

  it('exits 3 for a log that is not there, with the error as JSON where asked', async () => {
    const path = join(directory, 'absent')
    const ended = await verify('--log', path, '--json')
    expect(ended.code).toBe(3)
    expect(JSON.parse(ended.stdout)).toMatchObject({ error: { code: 'log-unreadable', where: path } })
  })

  it('exits 2 for a time that is none, and for --live with a log', async () => {
    const since = await verify('--log', logFile(healthy()), '--since', 'soon')
    expect([since.code, since.stdout]).toEqual([2, ''])
    expect(since.stderr).toContain('--since soon: not a time')
    const live = await verify('--live', '--log', logFile(healthy()))
    expect([live.code, live.stdout]).toEqual([2, ''])
  })

  it('prints no terminal escapes of a log', async () => {
    const log = new LogWriter().rejected({ sender: '\u001b]0;owned\u0007@example.org' })
    const ended = await verify('--log', logFile(log))
    expect(ended.stdout).not.toContain('\u001b')
    expect(ended.stdout).toContain('\\x1b')
  })

  it('looks below --root where that system keeps its log', async () => {
    const root = mkdtempSync(join(directory, 'root-'))
    mkdirSync(join(root, 'var/log'), { recursive: true })
    writeFileSync(join(root, 'var/log/maillog'), healthy().toString())
    const ended = await verify('--root', root, '--json')
    expect(JSON.parse(ended.stdout)).toMatchObject({
      verdict: 'working',
      window: { sources: ['/var/log/maillog'] },
    })
  })

  it('answers monitoring in one line, with its own exit codes', async () => {
    const plugin = async (...argv: string[]) => {
      const { code, stdout } = await verify('--nagios', ...argv)
      return `${code} ${stdout}`
    }
    expect(await plugin('--log', logFile(healthy()))).toBe(
      '0 GREYCTL OK - working: greylisting works | greylisted=1 passed=1 never_retried=0 whitelisted=0 unreachable=0 median_delay=400s\n',
    )
    expect(await plugin('--log', logFile(new LogWriter().rejected()))).toMatch(
      /^1 GREYCTL WARNING - waiting: .* \|/,
    )
    expect(await plugin('--log', logFile(new LogWriter().accepted('4K68s31RlGzgf9A')))).toMatch(
      /^2 GREYCTL CRITICAL - off: /,
    )
    expect(await plugin('--log', '/nowhere')).toMatch(/^3 GREYCTL UNKNOWN - .*\n$/)
    expect(await plugin('--since', 'nonsense')).toMatch(/^3 GREYCTL UNKNOWN - .*\n$/)
  })
})
