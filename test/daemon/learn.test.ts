import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { client, policyText, type Running, startTestDaemon } from './running.js'

let base: string
let daemon: Running
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'greyctl-learn-'))
})
afterEach(async () => {
  await daemon.stop()
  rmSync(base, { recursive: true, force: true })
})

async function start(toml: string, ...argv: string[]) {
  const file = join(base, 'greyctl.toml')
  writeFileSync(file, toml)
  daemon = await startTestDaemon([`--config=${file}`, ...argv])
}

async function ask(recipient: string) {
  const postfix = await client(daemon.port)
  postfix.send(policyText({ recipient }))
  const [answer] = await postfix.answers(1)
  postfix.socket.destroy()
  return answer?.split(' ')[0]
}

it('one domain and one recipient defer already, while all others learn', async () => {
  await start(
    '[recipients]\n"pilot.example" = { learn = false }\n"me@example.com" = { learn = false }\n',
    '--learn',
  )
  expect(await ask('bob@example.com')).toBe('DUNNO')
  expect(daemon.lines.at(-1)).toContain('action=pass, reason=learning: new')
  expect(await ask('bob@pilot.example')).toBe('DEFER_IF_PERMIT')
  expect(await ask('me@example.com')).toBe('DEFER_IF_PERMIT')
  // what was learned counts as a first try: no mail of the past waits again
  daemon.now += 100
  expect(await ask('bob@example.com')).toBe('PREPEND')
})

it('one domain still learns, while all others defer', async () => {
  await start('[recipients]\n"new.example" = "learn"\n')
  expect(await ask('bob@example.com')).toBe('DEFER_IF_PERMIT')
  expect(await ask('bob@sub.new.example')).toBe('DUNNO')
  expect(daemon.lines.at(-1)).toContain('reason=learning: new')
})
