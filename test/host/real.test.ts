import { execFile } from 'node:child_process'
import { chmod, lstat, mkdir, mkdtemp, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createRealHost } from '../../src/host/real.js'

const execute = promisify(execFile)
let place = ''

beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'greyctl-real-'))
})
afterAll(() => rm(place, { recursive: true, force: true }))

describe('replace', () => {
  it('replaces the target of a symbolic link and leaves the link', async () => {
    await mkdir(join(place, 'links'))
    await writeFile(join(place, 'links/target'), 'old')
    await chmod(join(place, 'links/target'), 0o640)
    await symlink('target', join(place, 'links/main.cf'))
    await createRealHost().replace(join(place, 'links/main.cf'), Buffer.from('new'))
    expect(await readlink(join(place, 'links/main.cf'))).toBe('target')
    expect(await readFile(join(place, 'links/target'), 'utf8')).toBe('new')
    expect((await lstat(join(place, 'links/target'))).mode & 0o777).toBe(0o640)
  })

  it('keeps extended attributes', async (context) => {
    const path = join(place, 'attributes')
    await writeFile(path, 'old')
    const set = `import os,sys; os.setxattr(sys.argv[1], 'user.greyctl', b'kept')`
    const get = `import os,sys; sys.stdout.write(os.getxattr(sys.argv[1], 'user.greyctl').decode())`
    const ready = await execute('python3', ['-c', set, path]).catch(() => undefined)
    if (!ready) return context.skip('no python3, or a file system without extended attributes')
    await createRealHost().replace(path, Buffer.from('new'))
    expect((await execute('python3', ['-c', get, path])).stdout).toBe('kept')
  })

  it('leads links below --root to where they would lead from inside', async () => {
    const root = join(place, 'image')
    await mkdir(join(root, 'etc/real'), { recursive: true })
    await symlink('/etc/real', join(root, 'etc/postfix'))
    await symlink('../../../../etc/passwd', join(root, 'etc/real/out'))
    const host = createRealHost({ root })
    await host.replace('/etc/postfix/main.cf', Buffer.from('x'), { meta: { uid: 0, gid: 0, mode: 0o644 } })
    expect(await readFile(join(root, 'etc/real/main.cf'), 'utf8')).toBe('x')
    expect(await host.read('/etc/postfix/out')).toBeUndefined()
    await expect(host.run(['true'])).rejects.toMatchObject({ code: 'unsupported' })
  })
})

describe('run', () => {
  const host = createRealHost()

  it('gives back whatever happened as a value', async () => {
    expect(await host.run(['sh', '-c', 'echo out; echo err >&2; exit 3'])).toMatchObject({
      exitCode: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    })
    expect(await host.run(['greyctl-no-such-program'])).toMatchObject({
      exitCode: undefined,
      failure: 'ENOENT',
    })
    expect(await host.run(['sleep', '5'], { timeout: 0.2 })).toMatchObject({ failure: 'timeout' })
    expect((await host.run(['cat'], { input: 'given' })).stdout).toBe('given')
  })

  it('hands on no more of the environment than programs need', async () => {
    vi.stubEnv('GREYCTL_TEST_SECRET', 'x')
    const { stdout } = await host.run(['env'], { env: { MORE: '1' } })
    expect(stdout).toContain('MORE=1')
    expect(stdout).not.toContain('GREYCTL_TEST_SECRET')
    vi.unstubAllEnvs()
  })
})

describe('dialogue', () => {
  it('talks line by line, with LF or CRLF, and ends the program', async () => {
    const script = 'printf "220 ready\\r\\n"; read line; echo "250 $line"; echo trouble >&2; cat >/dev/null'
    const talk = await createRealHost().dialogue(['sh', '-c', script])
    expect(await talk.readLine(5)).toBe('220 ready')
    await talk.writeLine('EHLO x')
    expect((await talk.readLine(5))?.trim()).toBe('250 EHLO x')
    expect(await talk.readLine(0.1)).toBeUndefined()
    expect(await talk.close()).toEqual({ stderr: 'trouble\n', exitCode: 0 })
  })
})

describe('sockets', () => {
  it('tells a taken port from a free one', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    const host = createRealHost()
    const endpoint = `inet:127.0.0.1:${port}`
    expect([await host.canConnect(endpoint, 1), await host.canListen(endpoint)]).toEqual([true, false])
    await new Promise((resolve) => server.close(resolve))
    expect([await host.canConnect(endpoint, 1), await host.canListen(endpoint)]).toEqual([false, true])
  })
})
