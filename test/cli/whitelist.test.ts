import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { LogWriter } from '../maillog/log-writer.js'
import { greyctl } from './run.js'

describe('greyctl whitelist lint', () => {
  let root: string
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'greyctl-lint-'))
    for (const directory of ['etc/greyctl', 'etc/default'])
      mkdirSync(join(root, directory), { recursive: true })
    writeFileSync(join(root, 'etc/greyctl/whitelist_clients'), 'example.org\nmail.example.org\nold.example\n')
    writeFileSync(join(root, 'etc/greyctl/whitelist_recipients'), 'postmaster@\n')
    writeFileSync(join(root, 'etc/greyctl/whitelist_recipients.local'), '\u001b[31m@example.org\n')
    writeFileSync(join(root, 'mail.log'), new LogWriter().accepted('A1B2C3D4E5').toString())
  })
  afterAll(() => rmSync(root, { recursive: true, force: true }))

  it('reads what the daemon reads, and says file and line', async () => {
    const { code, stdout } = await greyctl(['whitelist', 'lint', '--root', root])
    expect(code).toBe(0)
    expect(stdout).toContain(
      '/etc/greyctl/whitelist_clients:2: info: mail.example.org: example.org in /etc/greyctl/whitelist_clients:1 covers it',
    )
    expect(stdout).not.toContain('\u001b')
  })

  it('with a log, names entries that no client had; with other lists in the options, the file that is not read', async () => {
    writeFileSync(
      join(root, 'etc/default/greyctl'),
      'GREYCTL_OPTS="--whitelist-recipients=/etc/greyctl/whitelist_recipients"\n',
    )
    const ran = await greyctl(['whitelist', 'lint', '--root', root, '--log', '/mail.log', '--json'])
    expect(ran.code).toBe(1)
    const { findings } = JSON.parse(ran.stdout)
    expect(findings.map(({ id, entry }: Record<string, string>) => [id, entry])).toEqual([
      ['not-read', ''],
      ['shadowed', 'mail.example.org'],
      ['unmatched', 'old.example'],
    ])
  })

  it('with a log, judges addresses and networks by the clients’ addresses', async () => {
    const list = join(root, 'networks')
    writeFileSync(list, '192.0.2.0/24\n192.0.2.10\n198.51.100\n2001:db8::/32\n')
    const ran = await greyctl(['whitelist', 'lint', list, '--log', join(root, 'mail.log'), '--json'])
    const { findings } = JSON.parse(ran.stdout)
    const unmatched = findings.filter(({ id }: { id: string }) => id === 'unmatched')
    expect(unmatched.map(({ entry }: { entry: string }) => entry)).toEqual(['198.51.100', '2001:db8::/32'])
  })

  it('a file that was named and is not there is an error', async () => {
    const { code, stderr } = await greyctl(['whitelist', 'lint', join(root, 'none')])
    expect([code, stderr]).toEqual([3, expect.stringContaining('there is no such file')])
  })
})
