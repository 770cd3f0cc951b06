import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { LogWriter } from '../maillog/log-writer.js'
import { type Ended, greyctl, PROGRAM } from './run.js'

const directory = mkdtempSync(join(tmpdir(), 'greyctl-cli-report-'))
afterAll(() => rmSync(directory, { recursive: true }))

function file(name: string, content: string | LogWriter): string {
  const path = join(directory, name)
  writeFileSync(path, content.toString())
  return path
}

const log = file(
  'mail.log',
  new LogWriter()
    .rejected()
    .rejected({ client: 'dsl-1-2.provider.example[203.0.113.9]', sender: 'x@spam.example' })
    .wait(400)
    .accepted('4K68s31RlGzgf9A')
    .wait(86_400)
    .other(),
)

function report(...argv: readonly string[]): Promise<Ended> {
  return greyctl(['report', '--log', log, ...argv], { env: { TZ: 'UTC' } })
}

describe('greyctl report', () => {
  it('says what happened, in ASCII where the locale has no more', async () => {
    const ended = await report()
    expect([ended.code, ended.stderr]).toEqual([0, ''])
    expect(ended.stdout).toMatch(/^2 first mails were asked to come back\./)
    expect(ended.stdout).toContain('1  never came back (50 %)')
    expect(ended.stdout).not.toMatch(/[^\x00-\x7f]/)
    const unicode = await greyctl(['report', '--log', log], { env: { LANG: 'C.UTF-8' } })
    expect(unicode.stdout).toContain('█')
  })

  it('prints one JSON document with the promised fields', async () => {
    const ended = await report('--json')
    const { counts, outcome, zone, neverCameBack, ...rest } = JSON.parse(ended.stdout)
    expect(counts).toMatchObject({ greylisted: 2, passed: 1, neverRetried: 1 })
    expect(outcome).toEqual({ cameBack: 1, elsewhere: 0, waiting: 0, neverCameBack: 1 })
    expect(zone).toBe('UTC')
    expect(neverCameBack.listed).toEqual([
      {
        look: 'spam',
        marks: ['confirmed-name', 'dial-up-name'],
        name: 'dsl-1-2.provider.example',
        address: '203.0.113.9',
        sender: 'x@spam.example',
        recipient: 'bob@mx.test',
        tries: 1,
        firstAt: '2026-11-23T10:00:00Z',
        lastAt: '2026-11-23T10:00:00Z',
      },
    ])
    expect(Object.keys(rest).sort()).toEqual(
      [
        ...['accepted', 'balance', 'calendar', 'delay', 'delays', 'greylistingSeen', 'learned', 'pools'],
        ...['problems', 'top', 'untracked', 'verdict', 'whitelisted', 'window'],
      ].sort(),
    )
  })

  it('prints CSV, all of it or one table', async () => {
    const all = await report('--csv')
    expect(all.stdout).toMatch(/^table,row,column,value\r\nsummary,1,measure,greylisted\r\n/)
    const one = await report('--csv', '--table', 'never-came-back')
    expect(one.stdout).toMatch(
      /^look,name,address,sender,recipient,tries,firstAt,lastAt,marks\r\nspam,dsl-1-2\.provider\.example,203\.0\.113\.9,/,
    )
    const both = await report('--csv', '--json')
    expect(both.code).toBe(2)
  })

  it('takes and leaves clients that a file lists', async () => {
    const list = file('clients', 'provider.example\n')
    const only = await report('--json', '--match-clients', list)
    expect(JSON.parse(only.stdout).counts).toMatchObject({ greylisted: 1, passed: 0 })
    const without = await report('--json', '--skip-clients', list)
    expect(JSON.parse(without.stdout).counts).toMatchObject({ greylisted: 1, passed: 1 })
    const broken = await report('--skip-clients', file('broken', 'fine.example\ntwo words\n'))
    expect([broken.code, broken.stderr]).toEqual([2, expect.stringContaining('broken:2')])
    const absent = await report('--skip-clients', join(directory, 'absent'))
    expect(absent.code).toBe(2)
  })

  it('writes a page, whole or not at all', async () => {
    const page = join(directory, 'page.html')
    const ended = await report('--html', page, '--json')
    expect([ended.code, JSON.parse(ended.stdout).counts.greylisted]).toEqual([0, 2])
    expect(readFileSync(page, 'utf8')).toMatch(/^<!doctype html>[\s\S]*-->\n$/)
    const said = await report('--html', page)
    expect(said.stdout).toBe(`2 first mails were asked to come back.\nthe page: ${page}\n`)
    const before = readdirSync(directory)
    const nowhere = await report('--html', join(directory, 'absent', 'page.html'))
    expect([nowhere.code, nowhere.stdout]).toEqual([1, ''])
    const failed = await greyctl(['report', '--log', join(directory, 'no.log'), '--html', page])
    expect(failed.code).toBe(3)
    expect(readdirSync(directory)).toEqual(before)
  })

  it('goes on with --follow until it is interrupted, and ends with the page', async () => {
    const followed = file('followed.log', new LogWriter().rejected())
    const page = join(directory, 'followed.html')
    const child = spawn(process.execPath, [PROGRAM, 'report', '--follow', '--log', followed, '--html', page])
    let said = ''
    let interrupted = false
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (/may still come back|never came back/.test(said) && !said.includes('deferred  '))
        appendFileSync(followed, new LogWriter().rejected({ sender: 'next@example.org' }).toString())
      // a second one ends it at once
      if (said.includes('<next@example.org>') && !interrupted) interrupted = child.kill('SIGINT')
    })
    const [code] = await once(child, 'close')
    expect([code, said.split('\n').slice(-4)]).toEqual([
      0,
      ['', '2 first mails were asked to come back.', `the page: ${page}`, ''],
    ])
    expect(readFileSync(page, 'utf8').match(/next@/)).not.toBeNull()
  })

  it('ends where nobody reads any more what it follows', async () => {
    const followed = file('unread.log', new LogWriter().rejected())
    for (const command of ['report', 'verify']) {
      const child = spawn(process.execPath, [PROGRAM, command, '--follow', '--log', followed, '--json'])
      const writing = setInterval(() => appendFileSync(followed, new LogWriter().rejected().toString()), 100)
      child.stdout.once('data', () => child.stdout.destroy())
      const [code, signal] = await once(child, 'close')
      clearInterval(writing)
      expect([command, typeof code, signal]).toEqual([command, 'number', null])
    }
  })

  it('follows nothing that has an end, and prints no tables while it follows', async () => {
    for (const argv of [
      ['report', '--follow', '--log', '-'],
      ['report', '--follow', '--csv', '--log', log],
      ['report', '--follow', '--cursor-file', join(directory, 'cursor'), '--log', log],
    ])
      expect((await greyctl(argv)).code).toBe(2)
  })

  it('says of a log without greylisting that it has none, and exits 0', async () => {
    const none = file('none.log', new LogWriter().accepted('4K68s31RlGzgf9A'))
    const ended = await greyctl(['report', '--log', none])
    expect([ended.code, ended.stdout]).toEqual([0, expect.stringContaining('holds no greylisting')])
  })

  it('exits 3 for a log that cannot be read, 2 for a time that is none', async () => {
    const absent = await greyctl(['report', '--log', join(directory, 'absent.log'), '--json'])
    expect([absent.code, JSON.parse(absent.stdout).error.code]).toEqual([3, 'log-unreadable'])
    expect((await report('--since', 'soon')).code).toBe(2)
  })
})
