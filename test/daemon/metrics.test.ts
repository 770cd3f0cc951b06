import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { parseOptions } from '../../src/daemon/options.js'
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
