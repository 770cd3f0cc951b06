import { readFile } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { parseEndpoint, resolveChoices } from '../../src/setup/choices.js'
import type { Program } from '../../src/setup/program.js'
import {
  readDefaults,
  renderDefaults,
  renderInit,
  renderService,
  renderSocket,
  updateDefaults,
} from '../../src/setup/render.js'
import { testProgram } from './fixtures.js'

const choices = resolveChoices({}, {})

describe('options in /etc/default/greyctl', () => {
  it('are read back as they were written', async () => {
    const program = await testProgram()
    for (const learn of [true, false]) {
      const text = renderDefaults(program, { ...choices, learn })
      expect(readDefaults(text)).toEqual({ delay: 60, learn, listen: 'inet:127.0.0.1:10023' })
    }
  })

  it('change without touching what the administrator added', () => {
    const text = '# mine\nGREYCTL_OPTS="--inet=127.0.0.1:10023 --delay=60 --max-age=70"\nOTHER=1\n'
    expect(updateDefaults(text, { ...choices, delay: 90 })).toBe(
      '# mine\nGREYCTL_OPTS="--inet=127.0.0.1:10023 --delay=90 --max-age=70"\nOTHER=1\n',
    )
  })

  it('say nothing where nothing is set', () => {
    expect(readDefaults('# empty\n')).toEqual({ learn: false })
  })
})

describe('units', () => {
  const at = (program: Program, root: string): Program => ({ ...program, root })

  it('leave no placeholder behind, whatever the place of the program', async () => {
    const program = await testProgram()
    const unix = { ...choices, listen: parseEndpoint('unix:/var/spool/postfix/private/greyctl') }
    const texts = [
      renderService(at(program, '/usr/lib/greyctl')),
      renderService(at(program, '/root/greyctl')),
      renderSocket(program, choices),
      renderSocket(program, unix),
      renderInit(at(program, '/root/greyctl'), 'sysv'),
      renderInit(at(program, '/root/greyctl'), 'openrc'),
    ]
    for (const text of texts) expect(text).not.toMatch(/\{[a-z_]+\}/)
  })

  it('show a checkout to the service at a fixed place, and start a package where it lies', async () => {
    const program = await testProgram()
    expect(renderService(at(program, '/root/greyctl'))).toContain(
      'BindReadOnlyPaths=/root/greyctl:/run/greyctl-daemon/program\n',
    )
    const packaged = renderService(at(program, '/usr/lib/greyctl'))
    expect(packaged).toContain(' /usr/lib/greyctl/dist/daemon/main.js ')
    expect(packaged).not.toContain('BindReadOnlyPaths')
  })

  it('let smtpd reach a unix socket', async () => {
    const unix = { ...choices, listen: parseEndpoint('unix:/var/spool/postfix/private/greyctl') }
    const text = renderSocket(await testProgram(), unix)
    expect(text).toContain('ListenStream=/var/spool/postfix/private/greyctl\nSocketMode=0666\n')
  })
})

it('the templates in the tests are the ones that are shipped', async () => {
  const program = await testProgram()
  expect(program.templates.init).toBe(await readFile('templates/init', 'utf8'))
})
