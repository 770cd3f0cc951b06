import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { notify } from '../../src/daemon/notify.js'

const FIXTURE = join(import.meta.dirname, 'beating.mjs')

const compiled = mkdtempSync(join(tmpdir(), 'greyctl-liveness-'))
beforeAll(async () => {
  const files = ['liveness', 'liveness-worker', 'log'].map((name) => `src/daemon/${name}.ts`)
  await build({
    absWorkingDir: join(import.meta.dirname, '../..'),
    entryPoints: files,
    outbase: 'src',
    outdir: compiled,
    bundle: true,
    format: 'cjs',
    define: { 'import.meta.url': '__url' },
    banner: { js: "const __url = require('node:url').pathToFileURL(__filename).href" },
    platform: 'node',
  })
})
afterAll(() => rmSync(compiled, { recursive: true }))

function start(how: string) {
  const child = spawn(process.execPath, [FIXTURE, compiled, how])
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  return { child, ended: once(child, 'close'), output: () => output }
}

describe('the watch over the event loop', () => {
  it('ends a process whose loop is stuck, and says so', async () => {
    const { ended, output } = start('stuck')
    expect(await ended).toEqual([null, 'SIGABRT'])
    expect(output()).toBe('begun\nthe event loop has been stuck for 1 s: ending the process\n')
  })

  it('leaves one alone that beats, also after it was stopped for longer than that', async () => {
    const { child, ended, output } = start('well')
    await once(child.stdout, 'data')
    child.kill('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, 1500))
    child.kill('SIGCONT')
    expect(await ended).toEqual([0, null])
    expect(output()).toBe('begun\nalive\n')
  })
})

describe('word to the service manager', () => {
  it('is not given where none asked, and fails nobody where its program is missing', async () => {
    await notify(['--ready'], {})
    await notify(['--ready'], { NOTIFY_SOCKET: '/nowhere', PATH: '/nowhere' })
  })
})
