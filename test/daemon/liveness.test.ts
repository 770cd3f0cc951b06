import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { notify } from '../../src/daemon/notify.js'

const FIXTURE = join(import.meta.dirname, 'beating.mjs')

function start(how: string) {
  const child = spawn(process.execPath, [FIXTURE, how])
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
