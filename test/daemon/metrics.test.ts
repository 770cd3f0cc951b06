import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { parseOptions } from '../../src/daemon/options.js'
import { askConfiguration } from '../../src/store/attendant.js'
import { MemoryStore } from '../../src/store/memory.js'
import { client, policyText, type Running, startTestDaemon } from './running.js'

let running: Running | undefined
afterEach(async () => {
  await running?.stop()
  running = undefined
})

const urlOf = (daemon: Running) =>
  daemon.daemon.listening.map((line) => /http:\S+/.exec(line)?.[0]).find(Boolean) ?? ''

async function scrape(daemon: Running): Promise<string> {
  const answer = await fetch(urlOf(daemon))
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  return answer.text()
}

/** Values by name and labels. */
function samples(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.replace(/ \S+$/, ''), Number(line.split(' ').at(-1))]))
}

describe('metrics', () => {
  it('count what was answered and why, how fast, and how long mail had waited', async () => {
    running = await startTestDaemon(['--metrics=inet:127.0.0.1:0', '--delay=60'])
    const postfix = await client(running.port)
    postfix.send(policyText() + policyText())
    await postfix.answers(2)
    running.now += 90
    postfix.send(policyText() + policyText({ request: 'other' }))
    await postfix.answers(2)
    const found = samples(await scrape(running))
    expect(Object.fromEntries(found)).toMatchObject({
      'greyctl_requests_total{action="defer",reason="new"}': 2,
      'greyctl_requests_total{action="pass",reason="triplet found"}': 1,
      'greyctl_requests_total{action="pass",reason="unrecognized"}': 1,
      'greyctl_request_duration_seconds_bucket{le="+Inf"}': 4,
      greyctl_request_duration_seconds_count: 4,
      'greyctl_wait_seconds_bucket{le="60"}': 0,
      'greyctl_wait_seconds_bucket{le="120"}': 1,
      greyctl_wait_seconds_sum: 90,
      greyctl_fail_open_total: 0,
      greyctl_connections: 1,
      greyctl_connections_total: 1,
      greyctl_store_up: 1,
      greyctl_store_entries: 2,
    })
    expect(running.daemon.summary()).toBe('4 requests: 2 passed, 2 deferred; 1 connections')
  })

  it('count what failed open, and a store that does not answer', async () => {
    const store = new MemoryStore()
    const broken = () => {
      throw new Error('no disk')
    }
    running = await startTestDaemon(
      ['--metrics=inet:127.0.0.1:0'],
      Object.assign(store, { putMany: broken, stats: broken }),
    )
    const postfix = await client(running.port)
    postfix.send(policyText())
    expect(await postfix.answers(1)).toEqual(['DUNNO'])
    running.daemon.reload()
    const found = samples(await scrape(running))
    expect(Object.fromEntries(found)).toMatchObject({ greyctl_fail_open_total: 1, greyctl_store_up: 0 })
    expect(running.daemon.summary()).toContain('1 failed open')
  })

  it('tell which rules hold, since when, and that a reload failed; so does the socket beside the store', async () => {
    const base = mkdtempSync(join(tmpdir(), 'greyctl-metrics-'))
    onTestFinished(() => rmSync(base, { recursive: true, force: true }))
    const file = join(base, 'greyctl.toml')
    const list = join(base, 'clients.local')
    const words = [`--config=${file}`, `--whitelist-clients=${list}`, '--metrics=inet:127.0.0.1:0']
    writeFileSync(file, 'delay = 60\n')
    running = await startTestDaemon([...words, `--store=lmdb:${base}/store`])
    const seen = async (daemon: Running) => {
      const text = await scrape(daemon)
      return {
        hash: /^greyctl_config_info\{hash="([0-9a-f]{12})"\} 1$/m.exec(text)?.[1],
        upToDate: /^greyctl_config_last_reload_successful (\d)$/m.exec(text)?.[1],
        readAt: Number(/^greyctl_config_last_reload_success_timestamp_seconds (\S+)$/m.exec(text)?.[1]),
      }
    }
    const first = await seen(running)
    expect(first).toMatchObject({ hash: expect.any(String), upToDate: '1' })
    expect(Math.abs(first.readAt - Date.now() / 1000)).toBeLessThan(60)
    writeFileSync(file, 'dealy = 30\n')
    running.daemon.reload()
    expect(await seen(running)).toEqual({ ...first, upToDate: '0' })
    expect(running.daemon.summary()).toMatch(
      /; the last reload failed, the rules from before it are in force$/,
    )
    const asked = await askConfiguration(`${base}/store`)
    expect(asked).toEqual({ fingerprint: first.hash, readAt: Math.floor(first.readAt), upToDate: false })
    // what only looks different are the same rules
    writeFileSync(file, '# a remark\ndelay   = 60\n')
    running.daemon.reload()
    const same = await seen(running)
    expect(same).toMatchObject({ hash: first.hash, upToDate: '1' })
    expect(same.readAt).toBeGreaterThan(first.readAt)
    expect(running.daemon.summary()).not.toContain('reload')
    // each of the two files counts
    writeFileSync(file, 'delay = 61\n')
    running.daemon.reload()
    const { hash } = await seen(running)
    writeFileSync(list, 'mail.example.org\n')
    running.daemon.reload()
    expect(new Set([first.hash, hash, (await seen(running)).hash]).size).toBe(3)
    // another host with the same files, another place for its store and another name
    const other = await startTestDaemon([...words, '--hostname=mx2.example.com'])
    onTestFinished(() => other.stop())
    expect((await seen(other)).hash).toBe((await seen(running)).hash)
  })

  it('are the only thing there is', async () => {
    running = await startTestDaemon(['--metrics=inet:127.0.0.1:0'])
    const url = new URL(urlOf(running))
    const status = (path: string, method: string) =>
      new Promise((resolve, reject) => {
        const { port } = url
        const sent = request({ host: '127.0.0.1', port, path, method }, (answer) => {
          answer.resume()
          resolve(answer.statusCode)
        })
        sent.on('error', reject)
        sent.end()
      })
    expect(await status('/', 'GET')).toBe(404)
    expect(await status('/metrics', 'POST')).toBe(404)
    expect(await status('/metrics', 'HEAD')).toBe(200)
  })

  it.each(['inet:0.0.0.0:9323', 'inet:192.0.2.1:9323', 'inet:127.0.0.1:99999', '9323', 'unix:/run/x'])(
    'are not served on %s',
    (listen) => {
      expect(() => parseOptions(['--inet=1', `--metrics=${listen}`])).toThrow("this machine's own")
    },
  )

  it('have the names that the dashboard and the alert rules ask for', async () => {
    // with a shared store, whose server need not be there
    const local = mkdtempSync(join(tmpdir(), 'greyctl-metrics-'))
    // after the daemon has ended
    onTestFinished(() => rmSync(local, { recursive: true, force: true }))
    running = await startTestDaemon([
      '--metrics=inet:127.0.0.1:0',
      `--store=valkey://127.0.0.1:1?local=${local}`,
    ])
    const text = await scrape(running)
    const exist = new Set(
      [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
        type === 'histogram' ? ['_bucket', '_sum', '_count'].map((suffix) => name + suffix) : [name],
      ),
    )
    const rules = readFileSync('templates/monitoring/greyctl-alerts.yml', 'utf8')
    const dashboard = JSON.parse(readFileSync('templates/monitoring/greyctl-dashboard.json', 'utf8'))
    const queries = JSON.stringify([dashboard.panels, dashboard.templating, dashboard.annotations])
    for (const asked of [rules, queries]) {
      const names = asked.match(/\b(?:greyctl|process)_[a-z_]+/g) ?? []
      expect(names.length).toBeGreaterThan(5)
      expect(names.filter((name) => !exist.has(name))).toEqual([])
    }
    expect(new Set(dashboard.panels.map(({ id }: { id: number }) => id)).size).toBe(dashboard.panels.length)
  })
})
