import { describe, expect, it } from 'vitest'
import { MemoryHost } from '../../src/host/memory.js'
import { assertEndpointFree, assertPostfix, assertRoot } from '../../src/setup/checks.js'
import { parseEndpoint } from '../../src/setup/choices.js'
import { installPostfixPackage } from '../../src/setup/postfix-package.js'
import { freshServer } from './fixtures.js'

class Somebody extends MemoryHost {
  override readonly uid = 1000
}

class Image extends Somebody {
  override readonly root = '/image'
}

const listen = parseEndpoint('inet:127.0.0.1:10023')

describe('assertRoot', () => {
  it('lets root through, and anybody for a tree of their own', () => {
    expect(() => assertRoot(new MemoryHost(), 'install')).not.toThrow()
    expect(() => assertRoot(new Image(), 'install')).not.toThrow()
  })

  it('stops everybody else with exit code 3', () => {
    expect(() => assertRoot(new Somebody(), 'install')).toThrow(
      expect.objectContaining({ code: 'needs-root', exitCode: 3 }),
    )
  })
})

describe('assertPostfix', () => {
  it('finds Debian’s postconf, and names the flag where there is none', async () => {
    const host = new MemoryHost()
    await expect(assertPostfix(host)).rejects.toMatchObject({
      code: 'postfix-missing',
      exitCode: 3,
      hints: [expect.stringContaining('--with-postfix')],
    })
    host.seed('/usr/sbin/postconf', '')
    await expect(assertPostfix(host)).resolves.toBeUndefined()
  })
})

describe('assertEndpointFree', () => {
  it('names who holds the port, where that can be told', async () => {
    const host = new MemoryHost()
    host.listening.add('inet:127.0.0.1:10023')
    host.programs.set('ss', () => ({
      stdout: 'LISTEN 0 128 127.0.0.1:10023 0.0.0.0:* users:(("postgrey",pid=4711,fd=5))\n',
    }))
    await expect(
      assertEndpointFree(host, freshServer(), { backend: 'bundled', listen }),
    ).rejects.toMatchObject({
      code: 'port-taken',
      message: expect.stringContaining('postgrey, process 4711'),
    })
    host.programs.delete('ss')
    await expect(
      assertEndpointFree(host, freshServer(), { backend: 'bundled', listen }),
    ).rejects.toMatchObject({
      code: 'port-taken',
    })
  })

  it('lets our own daemon keep its port', async () => {
    const host = new MemoryHost()
    host.listening.add('inet:127.0.0.1:10023')
    const installed = {
      version: '0.1.0',
      backend: 'bundled',
      selective: false,
      delay: 60,
      listen: 'inet:127.0.0.1:10023',
      learn: false,
      instances: [{ configDir: '/etc/postfix' }],
      createdUser: true,
      createdConfigDir: true,
      files: {},
    } as const
    const facts = freshServer({ installed, service: { running: true, enabled: true } })
    await expect(assertEndpointFree(host, facts, { backend: 'bundled', listen })).resolves.toBeUndefined()
  })
})

describe('installPostfixPackage', () => {
  it('answers the questions, installs, and starts what does not run', async () => {
    const host = new MemoryHost()
    host.seed('/usr/bin/apt-get', '')
    host.seed('/etc/init.d/postfix', '')
    const ran: string[] = []
    for (const name of ['debconf-set-selections', 'apt-get', '/etc/init.d/postfix']) {
      host.programs.set(name, (argv) => {
        ran.push(argv.join(' '))
        return {}
      })
    }
    host.programs.set('postfix', () => ({ exitCode: 1 }))
    await installPostfixPackage(host, '/etc/postfix', () => {})
    expect(ran).toEqual([
      'debconf-set-selections',
      'apt-get update -qq',
      'apt-get install --yes -qq postfix',
      '/etc/init.d/postfix start',
    ])
  })

  it('says what apt said', async () => {
    const host = new MemoryHost()
    host.seed('/usr/bin/apt-get', '')
    host.programs.set('debconf-set-selections', () => ({}))
    host.programs.set('apt-get', () => ({ exitCode: 100, stderr: 'E: Unable to locate package postfix\n' }))
    await expect(installPostfixPackage(host, '/etc/postfix', () => {})).rejects.toMatchObject({
      code: 'program-missing',
      message: expect.stringContaining('Unable to locate package postfix'),
    })
  })
})
