import { spawn } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { isLoopback } from '../../src/daemon/endpoints.js'
import { Gate } from '../../src/daemon/gate.js'
import { bindUnixSocket, openUnixSocket } from '../../src/daemon/unix-socket.js'
import { NetworkSet, parseNetwork } from '../../src/greylist/address.js'
import { type Client, client, policyText, type Running, startTestDaemon } from './running.js'

let base: string
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'greyctl-ask-'))
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const networks = (...texts: string[]) => new NetworkSet(texts.flatMap((text) => parseNetwork(text) ?? []))

describe('who may ask', () => {
  it.each([
    [undefined, true],
    ['127.0.0.1', true],
    ['127.8.9.10', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['192.0.2.7', true],
    ['::ffff:192.0.2.7', true],
    ['fe80::1%eth0', true],
    ['192.0.3.7', false],
    ['::2', false],
    ['2001:db8::1', false],
    ['nonsense', false],
  ])('%s: %s', (peer, expected) => {
    const gate = new Gate(() => networks('192.0.2.0/24', 'fe80::/10'))
    expect(gate.admits(peer)).toBe(expected)
  })

  it.each([
    ['0.0.0.0:0', 'others can reach 0.0.0.0'],
    ['[::]:0', 'others can reach ::'],
    ['*:0', 'others can reach *'],
  ])('nobody may listen on %s without saying who', async (address, hint) => {
    await expect(startTestDaemon([`--inet=${address}`])).rejects.toMatchObject({
      code: 'usage',
      hints: [expect.stringContaining(hint)],
    })
  })

  // an address of this machine that is not loopback: the kernel routes it locally
  const own = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .find(({ family, address }) => family === 'IPv4' && !isLoopback(address))?.address

  it.runIf(own !== undefined)('drops the others, and counts them', async () => {
    const address = own as string
    const closed = await startTestDaemon([
      '--inet=0.0.0.0:0',
      '--may-ask=198.51.100.0/24',
      '--metrics=inet:127.0.0.1:0',
    ])
    try {
      const stranger = await client(closed.port, address)
      await stranger.closed
      expect(await refused(closed)).toBe(1)
      expect(closed.lines.join('\n')).toContain(`warning: ${address} may not ask; connection dropped`)
      const neighbour = await client(closed.port)
      neighbour.send(policyText())
      expect((await neighbour.answers(1))[0]).toMatch(/^DEFER_IF_PERMIT/)
      neighbour.socket.destroy()
    } finally {
      await closed.stop()
    }
    const open = await startTestDaemon(['--inet=0.0.0.0:0', `--may-ask=${address}`])
    try {
      const friend = await client(open.port, address)
      friend.send(policyText())
      expect((await friend.answers(1))[0]).toMatch(/^DEFER_IF_PERMIT/)
      friend.socket.destroy()
    } finally {
      await open.stop()
    }
  })

  it.runIf(own !== undefined)('a reload lets others ask, and sends those away who may no more', async () => {
    const address = own as string
    const file = join(base, 'greyctl.toml')
    const say = (network: string, more = '') => writeFileSync(file, `may-ask = ["${network}"]\n${more}`)
    say('198.51.100.0/24')
    const daemon = await startTestDaemon([
      '--inet=0.0.0.0:0',
      `--config=${file}`,
      '--metrics=inet:127.0.0.1:0',
    ])
    try {
      await (await client(daemon.port, address)).closed
      say(address)
      daemon.daemon.reload()
      const friend = await client(daemon.port, address)
      const neighbour = await client(daemon.port)
      const asks = async (one: Client) => {
        one.send(policyText())
        return (await one.answers(1))[0]
      }
      expect(await asks(friend)).toMatch(/^DEFER_IF_PERMIT/)
      expect(await asks(neighbour)).toMatch(/^DEFER_IF_PERMIT/)
      // a file with a mistake changes nothing
      say('198.51.100.0/24', 'dealy = 3')
      daemon.daemon.reload()
      expect(await asks(friend)).toMatch(/^DEFER_IF_PERMIT/)
      expect(await scrape(daemon)).toContain('greyctl_config_last_reload_successful 0\n')
      say('198.51.100.0/24')
      daemon.daemon.reload()
      await friend.closed
      expect(await asks(neighbour)).toMatch(/^DEFER_IF_PERMIT/)
      await (await client(daemon.port, address)).closed
      expect(await refused(daemon)).toBe(3)
      expect(await scrape(daemon)).toContain('greyctl_config_last_reload_successful 1\n')
      neighbour.socket.destroy()
    } finally {
      await daemon.stop()
    }
  })
})

async function scrape({ daemon }: Running): Promise<string> {
  const url = daemon.listening.map((line) => /http:\S+/.exec(line)?.[0]).find(Boolean) ?? ''
  return (await fetch(url)).text()
}

async function refused(running: Running): Promise<number> {
  const text = await scrape(running)
  return Number(/^greyctl_connections_refused_total\{cause="not allowed"\} (\d+)$/m.exec(text)?.[1])
}

describe('a unix socket', () => {
  it('has no permission at all until it has the right ones', async () => {
    const path = join(base, 'socket')
    const server = createServer()
    const mask = process.umask()
    const listening = new Promise<void>((resolve) => bindUnixSocket(server, { path }, resolve))
    expect(statSync(path).mode & 0o777).toBe(0)
    expect(process.umask()).toBe(mask)
    await listening
    expect(statSync(path).mode & 0o777).toBe(0)
    openUnixSocket({ kind: 'unix', path, mode: 0o660 })
    expect(statSync(path).mode & 0o777).toBe(0o660)
    server.close()
  })

  it.runIf(process.getuid?.() === 0)('lets nobody in who may not, from the first moment on', async () => {
    const path = join(base, 'socket')
    chmodSync(base, 0o755)
    const attempts = spawn(
      process.execPath,
      [
        '-e',
        `process.setgid(65534); process.setuid(65534); const { connect } = require('node:net')
         let told = false, last = false; process.stdin.once('data', () => { told = true })
         const go = () => { const s = connect(${JSON.stringify(path)}); s.on('connect', () => { console.log('in'); process.exit() })
           s.on('error', (e) => { if (last) { console.log(e.code); process.exit() } last = told; setImmediate(go) }) }
         console.log('begun'); go()`,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    )
    onTestFinished(() => void attempts.kill())
    let said = ''
    attempts.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    await expect.poll(() => said).toBe('begun\n')
    const ended = new Promise((resolve) => attempts.once('exit', resolve))
    for (let round = 0; round < 10; round += 1) {
      const daemon = await startTestDaemon([`--unix=${path}`, '--socketmode=0600'])
      await daemon.stop()
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const last = await startTestDaemon([`--unix=${path}`, '--socketmode=0600'])
    attempts.stdin.write('last')
    await ended
    await last.stop()
    expect(said).toBe('begun\nEACCES\n')
  })

  it.runIf(process.getuid?.() === 0)('gets its owner and group, or none is left', async () => {
    const path = join(base, 'socket')
    const open = (owner: string) => {
      const server = createServer()
      return new Promise<void>((resolve, reject) =>
        bindUnixSocket(server, { path }, () => {
          try {
            openUnixSocket({ kind: 'unix', path, mode: 0o640, owner, group: 'nogroup' })
            resolve()
          } catch (error) {
            reject(error as Error)
          } finally {
            server.unref()
          }
        }),
      )
    }
    await open('nobody')
    expect(statSync(path)).toMatchObject({ uid: 65_534, gid: 65_534 })
    rmSync(path)
    await expect(open('nobody-at-all')).rejects.toThrow('there is no user named nobody-at-all')
    expect(() => statSync(path)).toThrow('ENOENT')
  })
})

it.each([
  ['127.0.0.1', true],
  ['127.255.0.1', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['128.0.0.1', false],
  ['::', false],
  ['0.0.0.0', false],
  ['localhost', false],
])('%s is of the loopback interface: %s', (address, expected) => {
  expect(isLoopback(address)).toBe(expected)
})
