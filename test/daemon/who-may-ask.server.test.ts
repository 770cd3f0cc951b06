import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'

const runnable = process.getuid?.() === 0 && spawnSync('unshare', ['-n', 'true']).status === 0
if (!runnable) console.log('skipped: a network namespace needs root and CAP_SYS_ADMIN')

/** Most test machines have loopback addresses alone: there the questions of a stranger are asked in a network of its own. */
it.runIf(runnable)('who may ask, on a machine with an address that others can reach', () => {
  const script = `ip link set lo up && ip address add 192.0.2.1/32 dev lo &&
    exec npx vitest run --project unit --reporter=json test/daemon/who-may-ask.test.ts`
  const { stdout, stderr, status } = spawnSync('unshare', ['-n', 'sh', '-c', script], {
    encoding: 'utf8',
    timeout: 60_000,
  })
  expect(status, stderr).toBe(0)
  const tests: { title: string; status: string }[] = JSON.parse(stdout.slice(stdout.indexOf('{')))
    .testResults[0].assertionResults
  const asked = tests.filter(({ title }) => /^(drops the others|a reload lets others)/.test(title))
  expect(asked).toMatchObject([{ status: 'passed' }, { status: 'passed' }])
})
