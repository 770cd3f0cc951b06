import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Client, client, policyText, type Running, startTestDaemon } from '../daemon/running.js'
import { greyctl } from './run.js'

/** The command beside a daemon that has the store open. */
describe('greyctl expect', () => {
  let base: string
  let daemon: Running
  let postfix: Client

  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), 'greyctl-expect-'))
    daemon = await startTestDaemon([`--store=lmdb:${base}`])
    daemon.now = Math.floor(Date.now() / 1000)
    postfix = await client(daemon.port)
  })
  afterAll(async () => {
    postfix.socket.destroy()
    await daemon.stop()
    rmSync(base, { recursive: true, force: true })
  })

  const ask = async (changes: Readonly<Record<string, string>>) => {
    postfix.send(policyText(changes))
    return (await postfix.answers(1))[0]?.split(' ')[0]
  }
  const json = async (...argv: string[]) => {
    const ran = await greyctl(['expect', ...argv, '--store', `lmdb:${base}`, '--json'])
    return { code: ran.code, document: JSON.parse(ran.stdout) }
  }

  it('acts at once in the daemon that runs, for this sender and recipient alone, and ends by itself', async () => {
    expect(await ask({ sender: 'a@shop.example' })).toBe('DEFER_IF_PERMIT')
    expect(await json('a@shop.example', '--to', 'bob@example.com', '--for', '10m')).toMatchObject({
      code: 0,
      document: {
        expected: { sender: 'a@shop.example', recipient: 'bob@example.com', verified: false },
      },
    })
    expect(await ask({ sender: 'A@shop.example' })).toBe('DUNNO')
    expect(daemon.lines.at(-1)).toContain('action=pass, reason=expected sender, client_name=')
    expect(await ask({ sender: 'a@shop.example', recipient: 'carol@example.com' })).toBe('DEFER_IF_PERMIT')
    expect(await ask({ sender: '', recipient: 'dave@example.com' })).toBe('DEFER_IF_PERMIT')
    daemon.now += 700
    expect(await ask({ sender: 'a@shop.example', client_address: '198.51.100.1' })).toBe('DEFER_IF_PERMIT')
    daemon.now -= 700
  })

  it('lists what holds with who said it, and takes it back', async () => {
    await json('@bank.example', '--for', '3h')
    await json('@bank.example', '--for', '2h')
    const { document } = await json('--list')
    expect(document.expected).toEqual(
      expect.arrayContaining([
        {
          sender: '@bank.example',
          recipient: null,
          verified: false,
          from: expect.any(String),
          until: expect.any(String),
          by: { uid: expect.any(Number), name: expect.any(String) },
        },
      ]),
    )
    const [one] = document.expected.filter(({ sender }: { sender: string }) => sender === '@bank.example')
    expect(Date.parse(one.until) - Date.parse(one.from)).toBe(7_200_000)
    expect(await ask({ sender: 'x@mail.bank.example' })).toBe('DUNNO')
    expect(await json('@bank.example', '--cancel')).toMatchObject({
      document: { cancelled: [{ sender: '@bank.example' }] },
    })
    expect(await ask({ sender: 'y@mail.bank.example' })).toBe('DEFER_IF_PERMIT')
    expect(await json('@bank.example', '--cancel')).toMatchObject({ document: { cancelled: [] } })
  })

  it.each([[[]], [['a@shop.example', '--list']], [['<>']]])('refuses %j', async (argv) => {
    expect(await json(...argv)).toMatchObject({ code: 2, document: { error: { code: 'usage' } } })
  })
})
