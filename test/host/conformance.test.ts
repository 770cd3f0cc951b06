import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { Host } from '../../src/host/host.js'
import { MemoryHost } from '../../src/host/memory.js'
import { createRealHost } from '../../src/host/real.js'

const made: string[] = []

async function temporaryRoot(): Promise<Host> {
  const root = await mkdtemp(join(tmpdir(), 'greyctl-host-'))
  made.push(root)
  return createRealHost({ root })
}

afterEach(async () => {
  for (const root of made.splice(0)) await rm(root, { recursive: true, force: true })
})

const mine = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 }
const text = (content: Buffer | undefined) => content?.toString('utf8')

describe.each([
  ['in memory', async () => new MemoryHost() as Host],
  ['real', temporaryRoot],
])('host %s', (_, create) => {
  const prepared = async () => {
    const host = await create()
    await host.makeDirectory('/etc', { ...mine, mode: 0o755 })
    return host
  }

  it('says undefined for what is not there', async () => {
    const host = await prepared()
    expect(await host.read('/etc/nothing')).toBeUndefined()
    expect(await host.stat('/etc/nothing')).toBeUndefined()
    expect(await host.list('/nowhere')).toBeUndefined()
    expect(await host.realpath('/etc/nothing')).toBe('/etc/nothing')
  })

  it('replaces content and keeps owner and mode, and leaves nothing else behind', async () => {
    const host = await prepared()
    await host.replace('/etc/main.cf', Buffer.from('one'), { meta: { ...mine, mode: 0o640 } })
    await host.replace('/etc/main.cf', Buffer.from('two'))
    expect(text(await host.read('/etc/main.cf'))).toBe('two')
    expect(await host.stat('/etc/main.cf')).toMatchObject({ kind: 'file', mode: 0o640, size: 3, ...mine })
    expect(await host.list('/etc')).toEqual(['main.cf'])
  })

  it('takes owner and mode from another file when told so', async () => {
    const host = await prepared()
    await host.replace('/etc/like', Buffer.from('x'), { meta: { ...mine, mode: 0o604 } })
    await host.replace('/etc/new', Buffer.from('y'), { like: '/etc/like' })
    expect(await host.stat('/etc/new')).toMatchObject({ mode: 0o604 })
  })

  it('says that a file was written now, or when it is told to', async () => {
    const host = await prepared()
    await host.replace('/etc/main.cf', Buffer.from('x'), { modified: 1_700_000_000 })
    expect((await host.stat('/etc/main.cf'))?.modified).toBe(1_700_000_000)
    await host.replace('/etc/main.cf', Buffer.from('y'))
    expect(Math.abs(((await host.stat('/etc/main.cf'))?.modified ?? 0) - host.now())).toBeLessThan(60)
  })

  it('appends, creating the file with the given mode', async () => {
    const host = await prepared()
    await host.append('/etc/journal', Buffer.from('a\n'), { ...mine, mode: 0o600 })
    await host.append('/etc/journal', Buffer.from('b\n'), { ...mine, mode: 0o600 })
    expect(text(await host.read('/etc/journal'))).toBe('a\nb\n')
    expect(await host.stat('/etc/journal')).toMatchObject({ mode: 0o600 })
  })

  it('creates a directory once and removes it only when empty', async () => {
    const host = await prepared()
    expect(await host.makeDirectory('/etc/d', { ...mine, mode: 0o750 })).toBe(true)
    expect(await host.makeDirectory('/etc/d', { ...mine, mode: 0o700 })).toBe(false)
    expect(await host.stat('/etc/d')).toMatchObject({ kind: 'directory', mode: 0o750 })
    await host.replace('/etc/d/f', Buffer.from('x'), { meta: { ...mine, mode: 0o644 } })
    expect(await host.removeDirectory('/etc/d')).toBe(false)
    await host.remove('/etc/d/f')
    await host.remove('/etc/d/f')
    expect(await host.removeDirectory('/etc/d')).toBe(true)
    expect(await host.removeDirectory('/etc/d')).toBe(false)
  })

  it('cannot write into a directory that is not there, and says where', async () => {
    const host = await prepared()
    await expect(host.replace('/none/f', Buffer.from('x'))).rejects.toMatchObject({
      code: 'change-failed',
      where: '/none/f',
    })
  })

  it('copies a tree with its modes', async () => {
    const host = await prepared()
    await host.makeDirectory('/etc/a', { ...mine, mode: 0o750 })
    await host.replace('/etc/a/f', Buffer.from('x'), { meta: { ...mine, mode: 0o640 } })
    await host.copyTree('/etc/a', '/etc/b')
    expect(text(await host.read('/etc/b/f'))).toBe('x')
    expect(await host.stat('/etc/b/f')).toMatchObject({ mode: 0o640 })
    expect(await host.stat('/etc/b')).toMatchObject({ kind: 'directory', mode: 0o750 })
  })

  it('gives a lock to one at a time', async () => {
    const host = await prepared()
    const first = await host.lock('/etc')
    expect(first).toBeDefined()
    expect(await host.lock('/etc')).toBeUndefined()
    await first?.release()
    const again = await host.lock('/etc')
    expect(again).toBeDefined()
    await again?.release()
  })
})
