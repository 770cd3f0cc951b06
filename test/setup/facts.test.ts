import { describe, expect, it } from 'vitest'
import { MemoryHost } from '../../src/host/memory.js'
import { gatherFacts } from '../../src/setup/facts.js'
import { parseInstalled, recordFile } from '../../src/setup/installed.js'
import { STOCK_MAIN_CF } from './fixtures.js'

const options = { configDir: '/etc/postfix', needsPostfix: false }

function server(): MemoryHost {
  const host = new MemoryHost()
  host.seed('/etc/postfix/main.cf', STOCK_MAIN_CF)
  host.seed(
    '/etc/passwd',
    'root:x:0:0:root:/root:/bin/sh\ngreyctl:x:997:996::/nonexistent:/usr/sbin/nologin\n',
  )
  return host
}

describe('gatherFacts', () => {
  it('tells systemd by /run/systemd/system, and asks it about the units', async () => {
    const host = server()
    host.seedDirectory('/run/systemd/system')
    const asked: string[] = []
    host.programs.set('systemctl', (argv) => {
      asked.push(argv.slice(1).join(' '))
      return { exitCode: argv[1] === 'is-failed' ? 1 : 0 }
    })
    host.programs.set('postfix', () => ({ exitCode: 0 }))
    const facts = await gatherFacts(host, options)
    expect(facts).toMatchObject({
      init: 'systemd',
      service: { running: true, enabled: true },
      user: { uid: 997, gid: 996 },
      postfixRunning: true,
      live: true,
      installed: undefined,
    })
    expect(asked).toContain('is-active --quiet greyctl.socket')
  })

  it('takes a unit that failed for one that does not run', async () => {
    const host = server()
    host.seedDirectory('/run/systemd/system')
    host.programs.set('systemctl', () => ({ exitCode: 0 }))
    expect((await gatherFacts(host, options)).service).toEqual({ running: false, enabled: true })
  })

  it('asks the init script where systemd does not run', async () => {
    const host = server()
    host.seed('/etc/init.d/greyctl', '#!/bin/sh\n')
    host.seed('/etc/rc2.d/S03greyctl', '')
    host.programs.set('/etc/init.d/greyctl', () => ({ exitCode: 3 }))
    expect(await gatherFacts(host, options)).toMatchObject({
      init: 'sysv',
      service: { running: false, enabled: true },
      postfixRunning: false,
    })
  })

  it('needs no main.cf to uninstall', async () => {
    const host = server()
    await host.remove('/etc/postfix/main.cf')
    expect((await gatherFacts(host, options)).mainCf).toBeUndefined()
  })
})

describe('the record of an install', () => {
  const record = {
    version: '0.1.0',
    backend: 'bundled',
    selective: false,
    delay: 60,
    listen: 'inet:127.0.0.1:10023',
    learn: false,
    instances: [{ configDir: '/etc/postfix' }],
    createdUser: true,
    createdConfigDir: false,
    files: { '/etc/default/greyctl': 'abc' },
  } as const

  it('is read back as it was written', () => {
    expect(parseInstalled(Buffer.from(String(recordFile(record).content)), '/x')).toEqual(record)
    expect(parseInstalled(undefined, '/x')).toBeUndefined()
  })

  it.each(['', 'no json', '[]', '{"listen":1}'])('%j is an error that names the file', (text) => {
    expect(() => parseInstalled(Buffer.from(text), '/var/lib/greyctl/installed.json')).toThrow(
      expect.objectContaining({ code: 'config-invalid', where: '/var/lib/greyctl/installed.json' }),
    )
  })
})
