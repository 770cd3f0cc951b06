import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startCleaning } from '../../src/daemon/cleaning.js'
import { createLog, syslogSink } from '../../src/daemon/log.js'
import { MemoryStore } from '../../src/store/memory.js'
import { policy } from '../greylist/fixtures.js'

let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'greyctl-log-'))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

/** A stand-in for logger(1), which needs a syslog daemon. */
function logger(script: string): string {
  const path = join(base, 'logger')
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

describe('the log', () => {
  it('writes many lines at once, in order', async () => {
    const writes: string[] = []
    const log = createLog((bytes, done) => {
      writes.push(bytes.toString('latin1'))
      done()
    })
    for (let line = 0; line < 100; line += 1) log.line(`line ${line}`)
    await log.flush(1000)
    expect(writes).toHaveLength(1)
    expect(writes[0]?.split('\n').slice(0, -1)).toEqual(
      Array.from({ length: 100 }, (_, line) => `line ${line}`),
    )
  })

  it('does not write again as soon as a write has ended, but lets lines gather', async () => {
    vi.useFakeTimers()
    try {
      const writes: string[] = []
      const release: (() => void)[] = []
      const log = createLog((bytes, done) => {
        writes.push(bytes.toString('latin1'))
        release.push(done)
      })
      log.line('one')
      vi.advanceTimersByTime(50)
      log.line('two')
      release.pop()?.()
      log.line('three')
      expect(writes).toEqual(['one\n'])
      vi.advanceTimersByTime(50)
      expect(writes).toEqual(['one\n', 'two\nthree\n'])
      release.pop()?.()
      vi.advanceTimersByTime(1000)
      expect(writes).toHaveLength(2)
    } finally {
      vi.useRealTimers()
    }
  })

  it('says what happens often only once a minute', async () => {
    let text = ''
    const log = createLog((more, done) => {
      text += more.toString('latin1')
      done()
    })
    for (let time = 0; time < 5; time += 1) log.rarely('store', 'store failed')
    log.rarely('other', 'other failed')
    await log.flush(1000)
    expect(text).toBe('store failed\nother failed\n')
  })

  it('drops lines, and says how many, when its reader hangs', async () => {
    const writes: string[] = []
    const release: (() => void)[] = []
    const log = createLog((bytes, done) => {
      writes.push(bytes.toString('latin1'))
      release.push(done)
    })
    log.line('first')
    await log.flush(10)
    for (let line = 0; line < 100; line += 1) log.line('x'.repeat(100_000))
    expect(writes).toEqual(['first\n'])
    release[0]?.()
    expect(writes[1]).toMatch(/warning: \d+ log lines dropped: the log's reader is too slow\n$/)
    expect(writes[1]?.length).toBeLessThan(5_000_000)
  })
})

describe('syslog', () => {
  it('goes through logger, with name and facility', async () => {
    const out = join(base, 'out')
    const sink = syslogSink('mail', logger(`echo "$@" >${out}; cat >>${out}`))
    const log = createLog(sink)
    log.line('action=pass')
    await log.flush(2000)
    sink.close?.()
    await expect
      .poll(() => existsSync(out) && readFileSync(out, 'utf8'))
      .toBe(`-t greyctl[${process.pid}] -p mail.info\naction=pass\n`)
  })

  it.each([
    ['is missing', () => join(base, 'nowhere')],
    ['ends at once', () => logger('exit 1')],
  ])('drops lines while logger %s', async (_, program) => {
    const sink = syslogSink('mail', program())
    const log = createLog(sink)
    for (let round = 0; round < 5; round += 1) {
      log.line('lost '.repeat(10_000))
      const begun = performance.now()
      await log.flush(3000)
      expect(performance.now() - begun).toBeLessThan(2500)
    }
  })
})

describe('cleaning', () => {
  it('removes what is expired, round after round, and outlives a store that fails', async () => {
    const store = new MemoryStore()
    const lines: string[] = []
    const log = {
      line: (text: string) => lines.push(text),
      record: (text: string) => lines.push(text),
      rarely: (_: string, text: string) => lines.push(text),
      flush: async () => {},
    }
    const now = 1_800_000_000
    const old = { first: now - 36 * 86_400, last: now - 36 * 86_400, count: 1 }
    const fresh = { first: now, last: now, count: 0 }
    store.putMany([
      ['told', old],
      ['cold', old],
      ['tfresh', fresh],
    ])
    const stop = startCleaning(
      store,
      () => policy(),
      () => now * 1000,
      log,
      { first: 10, round: 10, pause: 1 },
    )
    await expect.poll(() => store.stats().entries).toBe(1)
    expect(store.getMany(['tfresh'])).toEqual([fresh])
    expect(lines).toEqual(['cleaning finished: 2 expired entries removed'])
    store.expire = () => {
      throw new Error('disk on fire')
    }
    await expect.poll(() => lines.at(-1)).toBe('warning: cleaning the store failed: disk on fire')
    stop()
  })
})
