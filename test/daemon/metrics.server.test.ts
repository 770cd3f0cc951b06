import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { prometheus } from '../prometheus.js'
import { alertTests } from './alert-tests.js'
import { startTestDaemon } from './running.js'

const program = prometheus()?.promtool

/** Prometheus' own judge of what it reads. */
describe.runIf(program !== undefined)('promtool', () => {
  let running: Awaited<ReturnType<typeof startTestDaemon>>
  beforeAll(async () => {
    running = await startTestDaemon(['--metrics=inet:127.0.0.1:0'])
  })
  afterAll(() => running.stop())

  it('finds nothing wrong with the metrics', async () => {
    const url = running.daemon.listening.map((line) => /http:\S+/.exec(line)?.[0]).find(Boolean) ?? ''
    const input = await (await fetch(url)).text()
    const { status, stdout, stderr } = spawnSync(program ?? '', ['check', 'metrics'], {
      input,
      encoding: 'utf8',
    })
    expect([status, stdout, stderr]).toEqual([0, '', ''])
  })

  it('takes the alert rules', () => {
    const argv = ['check', 'rules', 'templates/monitoring/greyctl-alerts.yml']
    const { status, stdout, stderr } = spawnSync(program ?? '', argv, { encoding: 'utf8' })
    expect(status, stderr).toBe(0)
    expect(stdout).toContain('SUCCESS: 8 rules found')
  })

  it('is alarmed after a reload that failed, and by it alone', () => {
    const scenario = join(scratch, 'scenario.yml')
    const series = 'greyctl_config_last_reload_successful{instance="mx1"}'
    writeFileSync(
      scenario,
      JSON.stringify({
        rule_files: [RULES],
        evaluation_interval: '1m',
        tests: [
          {
            interval: '1m',
            input_series: [{ series, values: '1 1 0 0 1' }],
            alert_rule_test: [1, 3, 4].map((minute) => ({
              eval_time: `${minute}m`,
              alertname: 'GreyctlReloadFailed',
              exp_alerts:
                minute !== 3
                  ? []
                  : [
                      {
                        exp_labels: { severity: 'warning', instance: 'mx1' },
                        exp_annotations: {
                          summary: 'a reload of the greylisting daemon on mx1 failed',
                          description:
                            'The old configuration is in force. Next: journalctl -t greyctl; greyctl daemon --check',
                        },
                      },
                    ],
            })),
          },
        ],
      }),
    )
    const { status, stdout, stderr } = spawnSync(program ?? '', ['test', 'rules', scenario], {
      encoding: 'utf8',
    })
    expect(status, stdout + stderr).toBe(0)
  })

  it('sees each alert fire for what it is about, and not before', () => {
    const file = join(scratch, 'alerts.json')
    writeFileSync(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: '1m', tests: alertTests }))
    const { status, stdout, stderr } = spawnSync(program ?? '', ['test', 'rules', file], { encoding: 'utf8' })
    expect(status, stdout + stderr).toBe(0)
    const rules = readFileSync(RULES, 'utf8')
    expect([...rules.matchAll(/alert: (\w+)/g)].map(([, name]) => name).sort()).toEqual(
      alertTests.map(({ name }) => name).sort(),
    )
  })
})

const RULES = resolve('templates/monitoring/greyctl-alerts.yml')
const scratch = mkdtempSync(join(tmpdir(), 'greyctl-alerts-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
