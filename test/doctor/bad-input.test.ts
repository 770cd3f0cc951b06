import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Chalk } from 'chalk'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/doctor/checks/index.js'
import { examine } from '../../src/doctor/examine.js'
import { selectChecks } from '../../src/doctor/select.js'
import type { Host } from '../../src/host/host.js'
import { MemoryHost, type Program } from '../../src/host/memory.js'
import { createRealHost } from '../../src/host/real.js'
import { renderDoctor } from '../../src/ui/doctor.js'
import { run as start } from '../cli/run.js'
import { HEALTHY_MAIN, HEALTHY_MASTER } from './scene.js'

const look = (host: Host, logs: readonly string[] = []) =>
  examine(host, selectChecks(CHECKS, [], []), { configDir: '/etc/postfix', logs, redact: true })

const statusOf = (found: Awaited<ReturnType<typeof look>>, id: string) =>
  found.document.checks.find((check) => check.id === id)

function machine(programs: Readonly<Record<string, Program>> = {}): MemoryHost {
  const host = new MemoryHost()
  host.seed('/etc/postfix/main.cf', HEALTHY_MAIN)
  host.seed('/etc/postfix/master.cf', HEALTHY_MASTER)
  for (const [name, program] of Object.entries(programs)) host.programs.set(name, program)
  return host
}

describe('what cannot be asked', () => {
  it('is unknown where postconf and journalctl are missing; the files are judged', async () => {
    const found = await look(machine())
    expect(statusOf(found, 'postconf-fatal')).toMatchObject({
      status: 'unknown',
      reason: 'there is no postconf program here',
    })
    expect(statusOf(found, 'smtpd-does-not-start')?.status).toBe('unknown')
    expect(statusOf(found, 'duplicate-parameter')?.status).toBe('pass')
  })

  it('is unknown where postconf hangs', async () => {
    const hangs: Program = () => ({ exitCode: undefined, failure: 'timeout' })
    const found = await look(machine({ postconf: hangs, ss: hangs, systemctl: hangs }))
    expect(statusOf(found, 'postconf-fatal')?.reason).toBe('postconf gave no answer within 5 s')
    expect(found.document.checks.filter(({ status }) => status === 'fail').map(({ id }) => id)).not.toContain(
      'postconf-fatal',
    )
  })

  it('is unknown on an empty machine: exit 3', async () => {
    const host = new MemoryHost()
    const found = await examine(host, selectChecks(CHECKS, ['duplicate-parameter', 'greylisting-off'], []), {
      configDir: '/etc/postfix',
      logs: [],
      redact: false,
    })
    expect(found.exitCode).toBe(3)
  })
})

describe('files that nobody would write', () => {
  let root = ''
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'greyctl-bad-'))
    await mkdir(join(root, 'etc/postfix'), { recursive: true })
    await mkdir(join(root, 'var/log'), { recursive: true })
  })
  afterEach(() => rm(root, { recursive: true, force: true }))

  async function judge(main: string, master = HEALTHY_MASTER, log?: string) {
    await writeFile(join(root, 'etc/postfix/main.cf'), main, 'latin1')
    await writeFile(join(root, 'etc/postfix/master.cf'), master, 'latin1')
    if (log !== undefined) await writeFile(join(root, 'var/log/mail.log'), log, 'latin1')
    return look(createRealHost({ root }))
  }

  it('a main.cf of 10 MB', async () => {
    const line = 'some_parameter_of_our_own_with_a_name = a value that is of some length, and another\n'
    const { document } = await judge(line.repeat(10_000_000 / line.length) + HEALTHY_MAIN)
    expect(document.findings.map(({ id }) => id)).toContain('duplicate-parameter')
  })

  it.each(['hash', 'regexp', 'cidr'])('a %s table of a million lines', async (type) => {
    const line = { hash: '192.0.2.1 OK\n', regexp: '/^dhcp1/ DUNNO\n', cidr: '192.0.2.0/24 OK\n' }[type] ?? ''
    await writeFile(join(root, 'etc/postfix/big'), line.repeat(1_000_000))
    const list = `smtpd_client_restrictions = check_client_access ${type}:/etc/postfix/big\n`
    const { document, exitCode } = await judge(HEALTHY_MAIN + list)
    expect(document.checks).toHaveLength(CHECKS.length)
    expect([0, 1]).toContain(exitCode)
  })

  it('a list of twenty thousand entries, and two hundred services', async () => {
    const list = `smtpd_sender_restrictions = ${'permit_mynetworks, '.repeat(20_000)}\n`
    const { document } = await judge(
      HEALTHY_MAIN + list,
      HEALTHY_MASTER + 'x inet n - y - - smtpd\n'.repeat(200),
    )
    expect(document.findings.map(({ id }) => id)).toContain('master-duplicate-service')
  })

  it.each([
    ['names like options and prototypes', '--help = 1\n__proto__ = 2\nconstructor = $__proto__\n-o = x\n'],
    ['a parameter that contains itself', 'smtpd_sender_restrictions = $smtpd_sender_restrictions\n'],
    ['a brace that is never closed', 'smtpd_sender_restrictions = check_policy_service { inet:x\n'],
    ['bytes', '\x00\xff\xfe\x1b[2J = \x07\n\u2028\n'],
    [
      'an endpoint of strange words',
      'smtpd_sender_restrictions = check_policy_service inet:--help:-1, check_policy_service unix:../../x\n',
    ],
    [
      'a class of a class of a class',
      'smtpd_restriction_classes = a, b\na = b\nb = a\nsmtpd_sender_restrictions = a\n',
    ],
    ['nothing', ''],
  ])('%s', async (_, text) => {
    const { document, exitCode } = await judge(text + HEALTHY_MAIN, `${text}\n${HEALTHY_MASTER}`)
    expect(document.checks).toHaveLength(CHECKS.length)
    expect([0, 1]).toContain(exitCode)
  })

  it('a log full of hostile lines', async () => {
    const evil =
      'Nov 24 20:00:00 mx postfix/smtpd[1]: warning: problem talking to server \u001b[2J </pre> `rm -rf /`: x\n'
    const { document } = await judge(HEALTHY_MAIN, HEALTHY_MASTER, evil.repeat(2000) + '\xff'.repeat(100_000))
    expect(document.checks).toHaveLength(CHECKS.length)
    const shown = renderDoctor(document, { style: new Chalk({ level: 0 }), width: 80 })
    expect(shown).toContain('problem talking to server')
    expect(shown).not.toContain('\u001b')
  })
})

describe('without root', () => {
  it('judges what can be seen', async () => {
    if (process.getuid?.() !== 0) return
    const { code, stdout, stderr } = await start(process.execPath, ['bin/run.js', 'doctor', '--json'], {
      uid: 65534,
    })
    expect([0, 1, 3], stderr).toContain(code)
    const { checks } = JSON.parse(stdout)
    expect(checks).toHaveLength(CHECKS.length)
  })
})
