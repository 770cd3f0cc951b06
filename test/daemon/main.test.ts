import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { inheritedSockets } from '../../src/daemon/main.js'
import { client, policyText } from './running.js'
import { BUILT } from './spawned.js'

let base: string
const children: ChildProcess[] = []

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'greyctl-main-'))
  for (const name of ['clients', 'recipients']) writeFileSync(join(base, name), '')
})
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(base, { recursive: true, force: true })
})

const files = () => [
  `--whitelist-clients=${join(base, 'clients')}`,
  `--whitelist-recipients=${join(base, 'recipients')}`,
]
const run = (...argv: string[]) =>
  spawnSync(process.execPath, [BUILT, ...argv], { encoding: 'utf8', timeout: 15_000 })

interface Started {
  readonly child: ChildProcess
  readonly port: number
  readonly exit: Promise<number | string | null>
  stderr(): string
}

async function start(
  argv: readonly string[],
  options: Parameters<typeof spawn>[2] = {},
  shell = false,
): Promise<Started> {
  const command = [process.execPath, BUILT, ...files(), ...argv]
  const child = shell
    ? spawn('sh', ['-c', 'LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"', 'sh', ...command], options)
    : spawn(process.execPath, command.slice(1), { stdio: ['ignore', 'ignore', 'pipe'], ...options })
  children.push(child)
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString()
  })
  const exit = new Promise<number | string | null>((resolve) =>
    child.on('exit', (code, signal) => resolve(code ?? signal)),
  )
  const port = await until(() => /listening on inet:127\.0\.0\.1:(\d+)/.exec(stderr)?.[1])
  return { child, port: Number(port), exit, stderr: () => stderr }
}

async function until<T>(look: () => T | undefined | false): Promise<T> {
  const end = performance.now() + 10_000
  for (;;) {
    const found = look()
    if (found !== undefined && found !== false) return found
    if (performance.now() > end) throw new Error('it did not happen in ten seconds')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

describe('the daemon as a process', () => {
  it('ends with 0 soon after SIGTERM: what was received is answered, idle connections are closed', async () => {
    const { port, child, exit, stderr } = await start(['--inet=0', `--dbdir=${join(base, 'store')}`])
    const idle = await client(port)
    const busy = await client(port)
    busy.send(policyText().repeat(300))
    await busy.answers(1)
    const begun = performance.now()
    child.kill('SIGTERM')
    expect(await busy.answers(299)).toHaveLength(299)
    await Promise.all([idle.closed, busy.closed])
    expect(await exit).toBe(0)
    expect(performance.now() - begun).toBeLessThan(5000)
    expect(stderr()).toContain('Server closing!')
    expect(stderr().match(/action=greylist/g)).toHaveLength(300)
  })

  it('still knows after it was killed', async () => {
    const store = `--dbdir=${join(base, 'store')}`
    const first = await start(['--inet=0', '--test-clock', store])
    const before = await client(first.port)
    before.send(policyText({ policy_test_time: '1000' }))
    await before.answers(1)
    first.child.kill('SIGKILL')
    await first.exit
    const second = await start(['--inet=0', '--test-clock', store])
    const after = await client(second.port)
    after.send(policyText({ policy_test_time: '1100' }))
    expect((await after.answers(1))[0]).toMatch(/delayed 100 seconds/)
  })

  it('reads the whitelists again at SIGHUP', async () => {
    const { port, child, stderr } = await start(['--inet=0', '--store=memory:'])
    writeFileSync(join(base, 'clients'), 'example.org\n')
    child.kill('SIGHUP')
    await until(() => stderr().includes('HUP received'))
    const postfix = await client(port)
    postfix.send(policyText())
    expect(await postfix.answers(1)).toEqual(['DUNNO'])
  })

  it('takes a new configuration as a whole at SIGHUP, or keeps the old one and says why', async () => {
    const config = join(base, 'greyctl.toml')
    writeFileSync(config, '')
    const { port, child, stderr } = await start(['--inet=0', '--store=memory:', `--config=${config}`])
    const postfix = await client(port)
    const ask = async () => {
      postfix.send(policyText())
      return (await postfix.answers(1))[0]
    }
    const reload = async (text: string, until_: string) => {
      writeFileSync(config, text)
      child.kill('SIGHUP')
      await until(() => stderr().includes(until_))
    }
    const rules = 'greylist-text = "later"\n[recipients]\n"example.com" = '
    expect(await ask()).toMatch(/^DEFER_IF_PERMIT 4.2.0 Greylisted/)
    await reload(`${rules}"of"`, 'stay as they were')
    expect(stderr()).toContain(`warning: ${config}:3: recipients."example.com": must be "off"`)
    expect(await ask()).toMatch(/^DEFER_IF_PERMIT 4.2.0 Greylisted/)
    await reload(`exim = true\n${rules}600`, 'changes at the next start')
    expect(stderr()).toContain(`warning: ${config}: exim changes at the next start of the daemon only`)
    expect(await ask()).toBe('DEFER_IF_PERMIT 4.2.0 later')
    writeFileSync(config, `${rules}"off"`)
    child.kill('SIGHUP')
    await expect.poll(ask).toBe('DUNNO')
  })

  it('serves the socket that it inherits', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle
    const { port } = server.address() as { port: number }
    const started = await start(
      ['--inet=1', '--store=memory:'],
      { stdio: ['ignore', 'ignore', 'pipe', fd] },
      true,
    )
    server.close()
    expect(started.port).toBe(port)
    const postfix = await client(port)
    postfix.send(policyText())
    expect((await postfix.answers(1))[0]).toMatch(/^DEFER_IF_PERMIT/)
  })

  it('goes to the background when it listens, and says why when it cannot', async () => {
    const pidfile = join(base, 'pid')
    const common = [...files(), `--pidfile=${pidfile}`, '--daemonize']
    const started = run(...common, '--inet=0', `--dbdir=${join(base, 'store')}`)
    expect([started.status, started.stderr]).toEqual([0, ''])
    const pid = Number(readFileSync(pidfile, 'utf8'))
    const port = Number(/:(\d+)\n/.exec(started.stdout)?.[1])
    try {
      const postfix = await client(port)
      postfix.send(policyText())
      expect((await postfix.answers(1))[0]).toMatch(/^DEFER_IF_PERMIT/)
      const taken = run(...files(), '--daemonize', `--inet=${port}`, '--store=memory:')
      expect(taken.status).toBe(1)
      expect(taken.stderr).toContain(`cannot listen on 127.0.0.1:${port}: somebody else does`)
    } finally {
      process.kill(pid, 'SIGTERM')
    }
    await until(() => !existsSync(pidfile))
  })

  it.runIf(process.getuid?.() === 0)('gives its rights up, and owns its store', async () => {
    const store = join(base, 'deep', 'store')
    spawnSync('chmod', ['755', base])
    const { port, child } = await start(['--inet=0', '--user=nobody', '--group=nogroup', `--dbdir=${store}`])
    const postfix = await client(port)
    postfix.send(policyText())
    expect((await postfix.answers(1))[0]).toMatch(/^DEFER_IF_PERMIT/)
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8')
    expect(status).toMatch(/^Uid:(\t65534){4}$/m)
    expect(status).toMatch(/^CapEff:\t0+$/m)
  })

  it('checks options and whitelists', () => {
    expect(run(...files(), '--check', '--inet=1')).toMatchObject({ status: 0 })
    writeFileSync(join(base, 'clients'), 'fine.org\n/(/\n')
    const found = run(...files(), '--check', '--inet=1')
    expect(found.status).toBe(2)
    expect(found.stderr).toContain(`${join(base, 'clients')}:2: not a regular expression`)
    const config = join(base, 'greyctl.toml')
    writeFileSync(join(base, 'clients'), '')
    writeFileSync(config, 'delay = 5\n')
    const fine = run(...files(), '--check', '--inet=1', '--delay=6', `--config=${config}`)
    expect(fine).toMatchObject({ status: 0, stdout: `options, ${config} and whitelists are fine\n` })
    expect(fine.stderr).toBe(`greyctl: ${config}:1: delay counts for nothing: --delay=6 wins\n`)
    writeFileSync(config, '\ndelay = -5\nlearn = 1\n')
    const bad = run(...files(), '--check', '--inet=1', `--config=${config}`)
    expect(bad.status).toBe(2)
    expect(bad.stderr).toMatch(
      /greyctl\.toml:2: delay: .*\n.*greyctl\.toml:3: learn: must be true or false\n/,
    )
    expect(run('--check', '--inet=x')).toMatchObject({ status: 2 })
    expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringContaining('--inet') })
    expect(run('--version').stdout).toMatch(/^greyctl \d+\.\d+\.\d+\n$/)
  })
})

it('inherited sockets are those that are meant for this process', () => {
  expect(inheritedSockets({ LISTEN_PID: '7', LISTEN_FDS: '2' }, 7)).toEqual([3, 4])
  expect(inheritedSockets({ LISTEN_PID: '8', LISTEN_FDS: '2' }, 7)).toEqual([])
  expect(inheritedSockets({ LISTEN_PID: '7', LISTEN_FDS: 'x' }, 7)).toEqual([])
  const environment = { LISTEN_PID: '7', LISTEN_FDS: '1', LISTEN_FDNAMES: 'a', HOME: '/' }
  inheritedSockets(environment, 7)
  expect(environment).toEqual({ HOME: '/' })
})
