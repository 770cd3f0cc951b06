import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prometheus } from '../prometheus.js'
import { freePort } from '../store/valkey/servers.js'
import { client, policyText, type Running, startTestDaemon } from './running.js'

const MONITORING = resolve('templates/monitoring')

interface Panel {
  readonly title: string
  readonly targets?: readonly { readonly expr: string }[]
}
const dashboard = JSON.parse(readFileSync(join(MONITORING, 'greyctl-dashboard.json'), 'utf8'))
const questions = (dashboard.panels as Panel[]).flatMap(({ title, targets = [] }) =>
  targets.map(({ expr }) => [title, expr] as const),
)
const annotations: readonly [string, string][] = dashboard.annotations.list.map(
  ({ name, expr }: { name: string; expr: string }) => [name, expr],
)

/** As Grafana fills them in. */
const filledIn = (expr: string) =>
  expr.replaceAll('$instance', '.*').replaceAll('$__rate_interval', '4s').replaceAll('$__range', '1m')

const program = prometheus()?.server

describe.runIf(program !== undefined)('the dashboard and the alerts, asked of a real Prometheus', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'greyctl-prometheus-'))
  let running: Running
  let server: ChildProcess
  let base: string

  const api = async (path: string) => {
    const answer = await fetch(`${base}/api/v1/${path}`)
    const { status, data, error } = (await answer.json()) as { status: string; data: never; error?: string }
    expect([status, error]).toEqual(['success', undefined])
    return data as { result: readonly Series[]; groups: readonly { rules: readonly Rule[] }[] }
  }
  const query = async (expr: string) =>
    (await api(`query?query=${encodeURIComponent(filledIn(expr))}`)).result

  /** Mail new and known, until Prometheus has seen enough of it to say what changed. */
  const mailUntilSeen = async () => {
    const connection = await client(running.port)
    const end = performance.now() + 60_000
    const seen = async (expr: string) => {
      const answer = await query(expr).catch(() => [])
      return answer.some(({ value }) => Number(value[1]) > 0)
    }
    for (let n = 0; performance.now() < end; n += 1) {
      for (const later of [0, 100]) {
        running.now += later
        connection.send(policyText({ sender: `a${n}x@sender.example` }))
        await connection.answers(1)
      }
      if (
        (await seen('rate(greyctl_wait_seconds_count[4s])')) &&
        (await seen('count_over_time(up{job="greyctl"}[1m]) > 3'))
      )
        return connection.socket.destroy()
      await new Promise((later) => setTimeout(later, 100))
    }
    throw new Error('Prometheus did not scrape the daemon')
  }

  beforeAll(async () => {
    running = await startTestDaemon(['--metrics=inet:127.0.0.1:0', '--delay=60'])
    const target = running.daemon.listening.map((line) => /http:\/\/([^/]+)/.exec(line)?.[1]).find(Boolean)
    const config = {
      global: { scrape_interval: '500ms', scrape_timeout: '400ms', evaluation_interval: '500ms' },
      rule_files: [join(MONITORING, 'greyctl-alerts.yml')],
      scrape_configs: [{ job_name: 'greyctl', static_configs: [{ targets: [target] }] }],
    }
    // JSON is YAML
    writeFileSync(join(scratch, 'prometheus.yml'), JSON.stringify(config))
    const port = await freePort()
    base = `http://127.0.0.1:${port}`
    server = spawn(
      program ?? '',
      [
        `--config.file=${join(scratch, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(scratch, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    )
    await mailUntilSeen()
  })
  afterAll(async () => {
    const gone = once(server, 'exit')
    server.kill()
    await gone
    await running.stop()
    rmSync(scratch, { recursive: true, force: true })
  })

  it.each(questions)('%s: %s', async (_, expr) => {
    const result = await query(expr)
    expect(result.length).toBeGreaterThan(0)
    for (const { value } of result) expect(Number(value[1])).not.toBeNaN()
  })

  it.each(annotations)('%s: %s', async (_, expr) => {
    expect(await query(expr.replace(/ > 0$/, ''))).not.toEqual([])
  })

  it('fills in the variable of the instances', async () => {
    const { query: variable } = dashboard.templating.list.find(
      ({ name }: { name: string }) => name === 'instance',
    )
    const [, metric, label] = /^label_values\((\w+), (\w+)\)$/.exec(variable.query) ?? []
    expect((await query(metric ?? '')).map(({ metric: labels }) => labels[label ?? ''])).toHaveLength(1)
  })

  it('evaluates every alert, and none is firing for a daemon that is well', async () => {
    const rules = (await api('rules')).groups.flatMap((group) => group.rules)
    expect(rules.length).toBe(8)
    for (const { name, health, state, lastError } of rules)
      expect([name, health, state, lastError]).toEqual([name, 'ok', 'inactive', undefined])
  })
})

interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [number, string]
}

interface Rule {
  readonly name: string
  readonly health: string
  readonly state: string
  readonly lastError?: string
}
