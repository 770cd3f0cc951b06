import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { greyctl } from '../cli/run.js'
import { client, policyText } from '../daemon/running.js'
import { type Spawned, spawnDaemon } from '../daemon/spawned.js'

/** The store's commands of docs/how-to/backup.md on daemons that run; test/lab follows the whole page. */
let base: string
let daemons: Spawned[]
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'greyctl-backup-'))
  daemons = []
})
afterEach(async () => {
  for (const daemon of daemons) await daemon.kill('SIGTERM')
  rmSync(base, { recursive: true })
})

async function start(name: string): Promise<{ store: string; ask(sender: string): Promise<string> }> {
  const directory = join(base, name)
  mkdirSync(directory)
  const daemon = await spawnDaemon(directory, ['--delay=1', `--dbdir=${join(directory, 'store')}`])
  daemons.push(daemon)
  const connection = await client(daemon.port)
  return {
    store: `lmdb:${join(directory, 'store')}`,
    async ask(sender) {
      connection.send(policyText({ sender }))
      return (await connection.answers(1))[0] ?? ''
    },
  }
}

it('a backup of a running daemon, restored on another one: who was known is known there', async () => {
  const page = readFileSync('docs/how-to/backup.md', 'utf8')
  const saved = await start('saved')
  expect(await saved.ask('known@example.org')).toMatch(/^DEFER_IF_PERMIT/)
  await new Promise((resolve) => setTimeout(resolve, 1100))
  expect(await saved.ask('known@example.org')).toMatch(/^PREPEND/)

  const file = join(base, 'greyctl.jsonl')
  const command = async (line: string, store: string) => {
    expect(page).toContain(line)
    const argv = line.replace('/var/backups/greyctl/triplets.jsonl', file).split(' ').slice(1)
    const { code, stdout, stderr } = await greyctl([...argv, '--store', store])
    expect(code, stderr).toBe(0)
    return stdout
  }
  await command('greyctl store export --output /var/backups/greyctl/triplets.jsonl', saved.store)

  const other = await start('other')
  expect(await other.ask('stranger@example.org')).toMatch(/^DEFER_IF_PERMIT/)
  for (let times = 0; times < 2; times += 1) {
    await command('greyctl store import /var/backups/greyctl/triplets.jsonl', other.store)
    await command('greyctl store stats', other.store)
  }
  expect(await other.ask('known@example.org')).toBe('DUNNO')
  expect(await other.ask('new@example.org')).toMatch(/^DEFER_IF_PERMIT/)
})
