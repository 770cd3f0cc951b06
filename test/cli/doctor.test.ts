import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HEALTHY_MAIN, HEALTHY_MASTER } from '../doctor/scene.js'
import { greyctl } from './run.js'

let root = ''

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'greyctl-doctor-'))
  await mkdir(join(root, 'etc/postfix'), { recursive: true })
})
afterEach(() => rm(root, { recursive: true, force: true }))

async function configure(main: string): Promise<void> {
  await writeFile(join(root, 'etc/postfix/main.cf'), main)
  await writeFile(join(root, 'etc/postfix/master.cf'), HEALTHY_MASTER)
}

describe('greyctl doctor', () => {
  it('judges a tree by its files, and says of the rest that it is not known', async () => {
    await configure(HEALTHY_MAIN)
    const { code, stdout } = await greyctl(['doctor', '--root', root, '--json'])
    const document = JSON.parse(stdout)
    // the tree belongs to whom the tests run as
    const privileged = process.getuid?.() === 0
    const { findings } = document
    expect(findings.filter(({ id }: { id: string }) => privileged || id !== 'main-cf-permissions')).toEqual(
      [],
    )
    const unknown = document.checks.filter((check: { status: string }) => check.status === 'unknown')
    expect(unknown).toContainEqual({
      id: 'policy-daemon-not-running',
      status: 'unknown',
      reason: 'with --root nothing on the running system is asked',
    })
    expect(privileged ? [0, 3] : [1]).toContain(code)
  })

  it('exits 3 and says why where there is nothing to look at', async () => {
    const { code, stdout } = await greyctl(['doctor', '--root', root, '--check', 'policy-daemon-hung'])
    expect(code).toBe(3)
    expect(stdout).toContain('? not known, 1 check')
  })

  it('lists its checks', async () => {
    const { code, stdout } = await greyctl(['doctor', '--list', '--json'])
    expect(code).toBe(0)
    expect(
      JSON.parse(stdout)
        .beyond.map(({ what }: { what: string }) => what)
        .join(),
    ).toContain('another host of the MX records')
    expect(JSON.parse(stdout).checks).toContainEqual(
      expect.objectContaining({ id: 'policy-port-mismatch', severity: 'critical', autofix: 'confirm' }),
    )
  })

  it('refuses a check that there is not', async () => {
    const { code, stderr } = await greyctl(['doctor', '--check', 'port-mismatch'])
    expect(code).toBe(2)
    expect(stderr).toContain('there is no check "port-mismatch"')
    expect(stderr).toContain('do you mean policy-port-mismatch?')
  })
})
