import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { MemoryStore } from '../../src/store/memory.js'
import { client, policyText, type Running, startTestDaemon } from './running.js'

const DAY = 86_400

describe('[outbound] learn', () => {
  let base: string
  let daemon: Running
  let store: MemoryStore

  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'greyctl-outbound-'))
    store = new MemoryStore()
  })
  afterEach(async () => {
    await daemon.stop()
    rmSync(base, { recursive: true, force: true })
  })

  const start = async (toml: string, ...argv: string[]) => {
    const file = join(base, 'greyctl.toml')
    writeFileSync(file, `[outbound]\n${toml}\n`)
    daemon = await startTestDaemon([`--config=${file}`, ...argv], store)
  }
  const ask = async (changes: Readonly<Record<string, string>>) => {
    const postfix = await client(daemon.port)
    postfix.send(policyText(changes))
    const answer = (await postfix.answers(1))[0]?.split(' ')[0]
    postfix.socket.destroy()
    return answer
  }
  const learned = () => [...store.entries()].filter(([key]) => key.startsWith('o'))
  const alice = { sasl_username: 'alice', sender: 'alice@example.com' }
  const answer = { sender: 'bob@else.example', recipient: 'alice@example.com', client_address: '203.0.113.9' }

  it('expects the answer of whomever a user who logged in wrote to, in that user’s domain, for a time', async () => {
    await start('learn = true\nfor = "10d"\nverified = false')
    expect(await ask(answer)).toBe('DEFER_IF_PERMIT')
    expect(await ask({ ...alice, recipient: 'Bob+list@Else.example' })).toBe('DUNNO')
    expect(await ask(answer)).toBe('DUNNO')
    expect(daemon.lines.at(-1)).toContain('action=pass, reason=correspondent, ')
    expect(await ask({ ...answer, recipient: 'carol@example.com' })).toBe('DUNNO')
    expect(await ask({ ...answer, recipient: 'x@tenant.example' })).toBe('DEFER_IF_PERMIT')
    expect(await ask({ ...answer, sender: 'eve@else.example' })).toBe('DEFER_IF_PERMIT')
    daemon.now += 10 * DAY + 1
    expect(await ask({ ...answer, recipient: 'dave@example.com' })).toBe('DEFER_IF_PERMIT')
  })

  it('writes the same correspondent once a day', async () => {
    await start('learn = true\nverified = false')
    await ask({ ...alice, recipient: 'bob@else.example' })
    daemon.now += 3600
    await ask({ ...alice, recipient: 'bob@else.example' })
    expect(learned()).toMatchObject([[expect.any(String), { count: 1 }]])
    daemon.now += DAY
    await ask({ ...alice, recipient: 'bob@else.example' })
    expect(learned()).toMatchObject([[expect.any(String), { count: 2, last: daemon.now + 30 * DAY }]])
  })

  it('learns nothing of strangers, bounces, mail within a domain, and when it is off', async () => {
    await start('learn = true')
    await ask({ sender: 'x@stranger.example', recipient: 'alice@example.com' })
    await ask({ ...alice, sender: '', recipient: 'bob@else.example' })
    await ask({ ...alice, recipient: 'carol@example.com' })
    await ask({ ...alice, recipient: '' })
    expect(learned()).toEqual([])
    await daemon.stop()
    await start('learn = false')
    await ask({ ...alice, recipient: 'bob@else.example' })
    expect(learned()).toEqual([])
  })

  it('a check with the context "outbound" never refuses anybody, and learns of own networks', async () => {
    await start('learn = true\nverified = false\nnetworks = ["192.0.2.0/24"]')
    const context = { policy_context: 'outbound' }
    expect(await ask({ ...context, ...answer })).toBe('DUNNO')
    expect(learned()).toEqual([])
    expect(
      await ask({
        ...context,
        client_address: '192.0.2.7',
        sender: 'alice@example.com',
        recipient: 'bob@else.example',
      }),
    ).toBe('DUNNO')
    expect(learned()).toHaveLength(1)
    // nothing was decided: the log has no line for it
    expect(daemon.lines).toEqual([])
    expect(await ask(answer)).toBe('DUNNO')
  })

  it('by default the answer has to come from the correspondent’s own servers', async () => {
    await start('learn = true', '--identity=pool', '--resolver=127.0.0.1:9')
    await ask({ ...alice, recipient: 'bob@else.example' })
    expect(await ask(answer)).toBe('DEFER_IF_PERMIT')
    expect(await ask({ ...answer, client_address: '198.51.100.9', client_name: 'mx.else.example' })).toBe(
      'DUNNO',
    )
  })

  it('keeps no address in the store with privacy', async () => {
    await start('learn = true\nverified = false', '--privacy')
    await ask({ ...alice, recipient: 'bob@else.example' })
    expect(learned()).toMatchObject([[expect.stringMatching(/^o#[\w-]{43}$/), {}]])
    expect(await ask(answer)).toBe('DUNNO')
  })

  it('stops learning when an account writes to everybody', async () => {
    await start('learn = true\nverified = false')
    const postfix = await client(daemon.port)
    const text = (index: number) => policyText({ ...alice, recipient: `r${index}@else.example` })
    for (let batch = 0; batch < 21; batch += 1) {
      postfix.send(Array.from({ length: 500 }, (_, index) => text(batch * 500 + index)).join(''))
      await postfix.answers(500)
    }
    postfix.socket.destroy()
    expect(learned()).toHaveLength(10_000)
    expect(daemon.lines).toContain(
      'warning: 10000 new correspondents within an hour: no more are learned in this one',
    )
  })
})
