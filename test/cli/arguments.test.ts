import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PROGRAM } from './run.js'

const COMMANDS = join(import.meta.dirname, '../../src/commands')
const files = readdirSync(COMMANDS, { recursive: true })
  .filter((name) => String(name).endsWith('.ts'))
  .map(String)

describe('an argument that is not given', () => {
  it.each(files)('is not taken from what is piped in: %s', async (file) => {
    const { default: command } = await import(join(COMMANDS, file))
    for (const [name, arg] of Object.entries(command.args ?? {})) {
      expect(arg, name).toMatchObject({ ignoreStdin: true })
    }
  })

  it('rollback in a script that is itself piped in takes the latest change, not the next lines', () => {
    const root = mkdtempSync(join(tmpdir(), 'greyctl-arguments-'))
    const { status, stderr } = spawnSync(process.execPath, [PROGRAM, 'rollback', '--yes', '--root', root], {
      input: 'the rest of the script\n',
      encoding: 'utf8',
    })
    rmSync(root, { recursive: true })
    expect(stderr).toContain('there is no change to take back')
    expect(status).toBe(1)
  })
})
