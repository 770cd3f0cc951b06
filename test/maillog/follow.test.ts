import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { MemoryHost } from '../../src/host/memory.js'
import { createRealHost } from '../../src/host/real.js'
import { followLog, type News } from '../../src/maillog/follow.js'
import { StoryTeller } from '../../src/maillog/story.js'
import { newsDocument, renderNews } from '../../src/ui/follow.js'
import { terminalFor } from '../../src/ui/print.js'
import { LogWriter } from './log-writer.js'

const directory = mkdtempSync(join(tmpdir(), 'greyctl-follow-'))
afterAll(() => rmSync(directory, { recursive: true }))

const deferral = new LogWriter().rejected().toString()
const retry = new LogWriter().wait(400).accepted('4K68s31RlGzgf9A').toString()
let files = 0

class Followed {
  readonly path = join(directory, `mail-${files++}.log`)
  readonly news: News[] = []
  readonly controller = new AbortController()
  readonly report

  constructor(content: string) {
    writeFileSync(this.path, content)
    this.report = followLog(createRealHost(), {
      files: [this.path],
      signal: this.controller.signal,
      tell: (news) => this.news.push(news),
    })
  }

  async told(what: string): Promise<News> {
    for (;;) {
      const found = this.news.find((one) => newsOf(one) === what)
      if (found) return found
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  /** What was there when it began was read. */
  async begun(): Promise<void> {
    while (this.news.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  async end() {
    this.controller.abort()
    return this.report
  }
}

function newsOf(news: News): string {
  return news.what === 'verdict' ? news.report.verdict : news.what
}

describe('a log that is followed', () => {
  let log: Followed
  afterEach(() => log?.controller.abort())

  it('tells the verdict of what is there, then what comes, and the verdict when it is another', async () => {
    log = new Followed(deferral)
    await log.begun()
    appendFileSync(log.path, retry.slice(0, 100))
    appendFileSync(log.path, retry.slice(100))
    await log.told('working')
    expect(log.news.map(newsOf).slice(1)).toEqual(['accepted', 'working'])
    const { verdict, counts } = await log.end()
    expect([verdict, counts.greylisted, counts.passed]).toEqual(['working', 1, 1])
  })

  it('goes on in the file that takes the name, and reads the old one to its end first', async () => {
    log = new Followed('')
    await log.begun()
    renameSync(log.path, `${log.path}.1`)
    writeFileSync(log.path, '')
    appendFileSync(`${log.path}.1`, deferral)
    await log.told('deferred')
    writeFileSync(log.path, retry)
    await log.told('accepted')
    expect((await log.end()).window.lines).toBe((deferral + retry).trimEnd().split('\n').length)
  })

  it('begins anew in a file that was copied and emptied', async () => {
    log = new Followed(deferral + deferral.replaceAll('alice', 'carol'))
    await log.begun()
    copyFileSync(log.path, `${log.path}.1`)
    truncateSync(log.path)
    appendFileSync(log.path, deferral.replaceAll('alice', 'dave'))
    await log.told('deferred')
    expect((await log.end()).counts.greylisted).toBe(3)
  })

  it('misses nothing when it is copied, emptied and longer than before between two looks', async () => {
    const from = (name: string) => deferral.replaceAll('alice', name)
    log = new Followed(deferral)
    await log.begun()
    // all of it before the next look
    appendFileSync(log.path, from('before') + from('cut').slice(0, 40))
    copyFileSync(log.path, `${log.path}.1`)
    writeFileSync(`${log.path}.2`, from('older').repeat(9))
    truncateSync(log.path)
    appendFileSync(log.path, ['b', 'c', 'd', 'e'].map(from).join(''))
    while ((await log.told('deferred')) && log.news.length < 6) await new Promise((go) => setTimeout(go, 20))
    const { counts } = await log.end()
    expect(log.news.slice(1).map((one) => 'sender' in one && one.sender)).toEqual(
      ['before', 'b', 'c', 'd', 'e'].map((name) => `${name}@example.org`),
    )
    expect([counts.greylisted, counts.earlyRetries]).toEqual([6, 0])
  })

  it('is counted once where the system log has the same lines', async () => {
    const root = mkdtempSync(join(directory, 'root-'))
    mkdirSync(join(root, 'var/log'), { recursive: true })
    const both = new LogWriter().rejected().greylister('action=pass, reason=client whitelist').toString()
    for (const name of ['mail.log', 'syslog']) writeFileSync(join(root, 'var/log', name), both)
    const controller = new AbortController()
    const report = await followLog(createRealHost({ root }), {
      signal: controller.signal,
      tell: () => controller.abort(),
    })
    expect(report.counts).toMatchObject({ greylisted: 1, earlyRetries: 0, whitelisted: 1 })
  })

  it('goes on behind the last entry of the journal that was read', async () => {
    const entry = (body: string, at: number) =>
      `${JSON.stringify({ __CURSOR: `s=1;i=${at}`, __REALTIME_TIMESTAMP: `${at}000000`, SYSLOG_IDENTIFIER: 'postgrey', MESSAGE: body })}\n`
    const about = 'client_name=a, client_address=192.0.2.10, sender=a@x.org, recipient=b@mx.test'
    const host = new MemoryHost()
    const asked: string[] = []
    host.programs.set('journalctl', (argv) => {
      asked.push(argv.filter((word) => /^--(?:since|after|follow|no-tail)/.test(word)).join(' '))
      const first = entry(`action=greylist, reason=new, ${about}`, 1_795_000_000)
      const second = entry(`action=pass, reason=triplet found, delay=400, ${about}`, 1_795_000_400)
      return { stdout: argv.includes('--follow') ? second : first }
    })
    const news: News[] = []
    const report = await followLog(host, {
      journal: true,
      since: 1_794_990_000,
      signal: new AbortController().signal,
      tell: (one) => news.push(one),
    })
    expect(asked).toEqual([
      '--since=@1794990000',
      '--no-tail --follow --after-cursor=s=1;i=1795000000'.split(' ').toSorted().join(' '),
    ])
    expect(news.map(newsOf).slice(1)).toEqual(['accepted', 'working'])
    expect(report.counts.passed).toBe(1)
  })

  it('is not judged anew with each entry of a journal that has many', async () => {
    const host = new MemoryHost()
    const entry = (at: number) =>
      `${JSON.stringify({ __CURSOR: `s=1;i=${at}`, __REALTIME_TIMESTAMP: `${at}000000`, SYSLOG_IDENTIFIER: 'postgrey', MESSAGE: `action=greylist, reason=new, client_name=a, client_address=192.0.2.10, sender=${at}@x.org, recipient=b@mx.test` })}\n`
    const later = Array.from({ length: 500 }, (_, at) => 1_795_000_000 + at)
    const judged = vi.spyOn(StoryTeller.prototype, 'end')
    host.runStream = async function* (argv) {
      for (const at of argv.includes('--follow') ? later : []) yield Buffer.from(entry(at))
    }
    const news: News[] = []
    const report = await followLog(host, {
      journal: true,
      signal: new AbortController().signal,
      tell: (one) => news.push(one),
    })
    expect([report.counts.greylisted, news.filter(({ what }) => what === 'deferred').length]).toEqual([
      500, 500,
    ])
    expect(judged.mock.calls.length).toBeLessThan(20)
    judged.mockRestore()
  })

  it('is said in lines, escaped, and in a JSON document a line', async () => {
    log = new Followed('')
    await log.begun()
    appendFileSync(log.path, deferral.replaceAll('alice', 'al\u001b[31mice'))
    const news = await log.told('deferred')
    const line = renderNews(news, terminalFor({ color: false }))
    expect(line).toMatch(
      /^2026-11-23T10:00:00Z {2}deferred {2}.*\[192\.0\.2\.10\] {2}<al.*ice@example\.org> to </,
    )
    expect(line).not.toContain('\u001b')
    expect(newsDocument(news)).toMatchObject({ event: 'deferred', deferrals: 1, passedAt: null, delay: null })
  })

  it('refuses what has no end to follow', async () => {
    const answer = followLog(createRealHost(), {
      files: ['-'],
      signal: AbortSignal.abort(),
      tell: () => {},
    })
    await expect(answer).rejects.toMatchObject({ code: 'usage' })
  })
})
