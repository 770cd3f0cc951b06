import { statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { LARGEST_REQUEST } from '../../src/daemon/protocol.js'
import { MemoryStore } from '../../src/store/memory.js'
import { type Client, client, policyText, type Running, startTestDaemon } from './running.js'

let running: Running
const clients: Client[] = []

const start = async (...given: Parameters<typeof startTestDaemon>) => {
  running = await startTestDaemon(...given)
  return running
}
const enter = async (to: number | string = running.port) => {
  const made = await client(to)
  clients.push(made)
  return made
}
afterEach(async () => {
  for (const { socket } of clients.splice(0)) socket.destroy()
  await running.stop()
})

const DEFER = (seconds: number) => `DEFER_IF_PERMIT 4.2.0 Greylisted, try again in ${seconds} seconds`

describe('the policy server', () => {
  it('defers, passes with a header once a message, then passes', async () => {
    await start()
    const postfix = await enter()
    postfix.send(policyText())
    expect(await postfix.answers(1)).toEqual([DEFER(60)])
    running.now += 20
    postfix.send(policyText())
    expect(await postfix.answers(1)).toEqual([DEFER(40)])
    postfix.send(policyText({ recipient: 'carol@example.com' }))
    await postfix.answers(1)
    running.now += 80
    postfix.send(policyText({ instance: 'm1' }))
    postfix.send(policyText({ instance: 'm1', recipient: 'carol@example.com' }))
    postfix.send(policyText({ instance: 'm2' }))
    const [first, second, third] = await postfix.answers(3)
    expect(first).toMatch(/^PREPEND X-Greylist: delayed 100 seconds by greyctl-0\.1\.0 at mx\.example\.com; /)
    expect([second, third]).toEqual(['DUNNO', 'DUNNO'])
    expect(running.lines.map((line) => line.split(', client_name')[0])).toEqual([
      'action=greylist, reason=new',
      'action=greylist, reason=early-retry (40s missing)',
      'action=greylist, reason=new',
      'action=pass, reason=triplet found, delay=100',
      'action=pass, reason=triplet found',
      'action=pass, reason=triplet found',
    ])
  })

  it('answers pipelined requests in their order, each knowing what the ones before did', async () => {
    await start()
    const postfix = await enter()
    const count = 2000
    const texts = Array.from({ length: count }, (_, index) =>
      policyText({ sender: `s@${index % 50}.example` }),
    )
    texts.splice(7, 0, 'request=other\n\n')
    postfix.send(texts.join(''))
    const answers = await postfix.answers(count + 1)
    expect(answers[7]).toBe('DUNNO')
    expect(answers.filter((answer) => answer === DEFER(60))).toHaveLength(count)
  })

  it('answers a request that comes byte by byte', async () => {
    await start()
    const postfix = await enter()
    postfix.socket.setNoDelay(true)
    for (const byte of policyText()) {
      postfix.send(byte)
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await postfix.answers(1)).toEqual([DEFER(60)])
  })

  it('answers before it closes a half-closed connection', async () => {
    await start()
    const postfix = await enter()
    postfix.socket.end(policyText() + policyText({ sender: '' }))
    expect(await postfix.answers(2)).toEqual([DEFER(60), DEFER(60)])
    await postfix.closed
  })

  it('is not disturbed by silence, garbage, floods of bytes and clients that vanish', async () => {
    await start()
    const silent = await enter()
    const garbage = await enter()
    garbage.send('\0\xff\r\nEHLO x\r\n\r\n=\n\n')
    garbage.send(policyText({ sender: 'after@garbage.example' }))
    const half = await enter()
    half.send('request=smtpd_access_policy\nsender=')
    half.socket.destroy()
    const huge = await enter()
    huge.send('x'.repeat(LARGEST_REQUEST + 1000))
    const gone = await enter()
    gone.send(policyText())
    gone.socket.resetAndDestroy()
    await huge.closed
    expect(await garbage.answers(1)).toEqual([DEFER(60)])
    silent.send(policyText({ sender: 'late@example.org' }))
    expect(await silent.answers(1)).toEqual([DEFER(60)])
  })

  it('does not read on while its answers are not taken', async () => {
    await start()
    const greedy = await enter()
    greedy.socket.pause()
    for (let count = 0; count < 300; count += 1) greedy.send(policyText().repeat(100))
    await new Promise((resolve) => setTimeout(resolve, 300))
    const other = await enter()
    other.send(policyText({ sender: 'x@y.example' }))
    expect(await other.answers(1)).toEqual([DEFER(60)])
    greedy.socket.resume()
    expect(new Set(await greedy.answers(30_000))).toEqual(new Set([DEFER(60)]))
  })

  it('passes users that authenticated, and addresses that are none', async () => {
    await start()
    const postfix = await enter()
    postfix.send(
      policyText({ sasl_username: 'alice' }) +
        policyText({ client_address: 'unknown' }) +
        policyText({ recipient: '' }),
    )
    expect(await postfix.answers(3)).toEqual(['DUNNO', 'DUNNO', 'DUNNO'])
  })

  it('ignores the time in a request, unless it simulates', async () => {
    await start()
    const postfix = await enter()
    postfix.send(policyText({ policy_test_time: '1000' }) + policyText({ policy_test_time: '5000' }))
    expect(await postfix.answers(2)).toEqual([DEFER(60), DEFER(60)])
    await running.stop()
    await start(['--test-clock'])
    const simulation = await enter()
    simulation.send(policyText({ policy_test_time: '1000' }) + policyText({ policy_test_time: '5000' }))
    expect((await simulation.answers(2))[1]).toMatch(/^PREPEND X-Greylist: delayed 4000 seconds/)
  })

  it('defers nobody while it learns', async () => {
    await start(['--learn'])
    const postfix = await enter()
    postfix.send(policyText())
    expect(await postfix.answers(1)).toEqual(['DUNNO'])
    expect(running.lines[0]).toMatch(/^action=pass, reason=learning: new, client_name=/)
  })

  it('is quiet on demand', async () => {
    await start(['--quiet'])
    const postfix = await enter()
    postfix.send(policyText())
    await postfix.answers(1)
    expect(running.lines).toEqual([])
  })
})

describe('fails open', () => {
  class Broken extends MemoryStore {
    broken: 'read' | 'write' | undefined
    override getMany(keys: readonly string[]) {
      if (this.broken === 'read') throw new Error('disk on fire')
      return super.getMany(keys)
    }
    override putMany(entries: Parameters<MemoryStore['putMany']>[0]) {
      if (this.broken === 'write') throw new Error('no space left on device')
      super.putMany(entries)
    }
  }

  it.each(['read', 'write'] as const)(
    'when the store fails to %s, and goes on when it works again',
    async (how) => {
      const store = new Broken()
      await start([], store)
      const postfix = await enter()
      store.broken = how
      postfix.send(policyText().repeat(3))
      expect(await postfix.answers(3)).toEqual(['DUNNO', 'DUNNO', 'DUNNO'])
      expect(running.lines[0]).toMatch(
        /^warning: not greylisting \(answering DUNNO\): (disk on fire|no space left)/,
      )
      store.broken = undefined
      postfix.send(policyText())
      expect(await postfix.answers(1)).toEqual([DEFER(60)])
    },
  )
})

describe('listening', () => {
  it('on a unix socket with its mode, over one that was left behind', async () => {
    await start()
    const path = join(running.base, 'policy.sock')
    const first = await startTestDaemon([`--unix=${path}`, '--socketmode=0660'])
    expect(statSync(path).mode & 0o777).toBe(0o660)
    const postfix = await enter(path)
    postfix.send(policyText())
    expect(await postfix.answers(1)).toEqual([DEFER(60)])
    await expect(startTestDaemon([`--unix=${path}`])).rejects.toMatchObject({ code: 'port-taken' })
    await first.stop()
  })

  it('says when somebody else does', async () => {
    await start()
    const other = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => other.once('listening', resolve))
    const { port } = other.address() as { port: number }
    await expect(startTestDaemon([`--inet=${port}`])).rejects.toMatchObject({ code: 'port-taken' })
    other.close()
  })
})

describe('reloading', () => {
  it('reads the whitelists again, and keeps the old ones when they cannot be read', async () => {
    await start()
    const file = join(running.base, 'clients.local')
    const postfix = await enter()
    writeFileSync(file, 'example.org\na b\n')
    running.daemon.reload()
    expect(running.lines).toEqual([
      'HUP received: reloading whitelists...',
      `warning: ${file}:2: doesn't look like a hostname`,
    ])
    postfix.send(policyText())
    expect(await postfix.answers(1)).toEqual(['DUNNO'])
    expect(running.lines.at(-1)).toMatch(/^action=pass, reason=client whitelist, /)
  })
})

describe('stopping', () => {
  it('answers what was received, and closes idle connections at once', async () => {
    await start()
    const idle = await enter()
    const busy = await enter()
    busy.send(policyText().repeat(500))
    const begun = performance.now()
    const stopped = running.daemon.stop()
    expect(await busy.answers(500)).toHaveLength(500)
    await Promise.all([stopped, idle.closed, busy.closed])
    expect(performance.now() - begun).toBeLessThan(3000)
    await expect(client(running.port)).rejects.toThrow()
    running.stop = async () => {}
  })
})
