import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { STOCK_MAIN_CF } from '../setup/fixtures.js'
import { greyctl, PROGRAM, run } from './run.js'

const NOBODY = 65534

/** A mail server's file tree, for --root: nothing runs in it. */
async function image(mainCf = STOCK_MAIN_CF): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'greyctl-image-'))
  made.push(root)
  for (const path of ['etc/postfix', 'etc/default', 'etc/systemd/system', 'var/lib', 'lib/systemd']) {
    await mkdir(join(root, path), { recursive: true })
  }
  await writeFile(join(root, 'lib/systemd/systemd'), '')
  await writeFile(join(root, 'etc/postfix/main.cf'), mainCf, { mode: 0o640 })
  await writeFile(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n')
  return root
}

const made: string[] = []
afterEach(async () => {
  for (const root of made.splice(0)) await rm(root, { recursive: true, force: true })
})

/** Path to mode and content of everything in a tree. */
async function picture(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const pairs = await Promise.all(
    entries.map(async (entry) => {
      const path = join(entry.parentPath, entry.name)
      const { mode } = await stat(path)
      const content = entry.isFile() ? await readFile(path, 'latin1') : ''
      return [relative(root, path), `${(mode & 0o7777).toString(8)} ${content}`] as const
    }),
  )
  return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)))
}

describe('a tree below --root', () => {
  it('is installed, is left alone by a second install, and is put back byte for byte by uninstall', async () => {
    const root = await image()
    const before = await picture(root)
    const installed = await greyctl(['install', '--root', root, '--yes', '--json'])
    expect(installed.stderr).toContain('wire greylisting into /etc/postfix/main.cf')
    expect(installed.code).toBe(0)
    const report = JSON.parse(installed.stdout)
    expect(report).toMatchObject({
      changed: true,
      backend: 'bundled',
      delay: 60,
      listen: 'inet:127.0.0.1:10023',
    })
    expect(await readFile(join(root, 'etc/postfix/main.cf'), 'latin1')).toContain('$greyctl_check')
    expect(report.diff).toContain('+greyctl_check = check_policy_service')

    const after = await picture(root)
    const again = await greyctl(['install', '--root', root, '--yes', '--json'])
    expect(JSON.parse(again.stdout)).toMatchObject({ changed: false, checkpoint: null })
    expect(await picture(root)).toEqual(after)

    const removed = await greyctl(['uninstall', '--root', root, '--yes'])
    expect(removed).toMatchObject({ code: 0 })
    expect(await picture(root)).toEqual(before)
  })

  it('is put back by a rollback, too', async () => {
    const root = await image()
    const { checkpoint } = JSON.parse((await greyctl(['install', '--root', root, '--yes', '--json'])).stdout)
    const listed = await greyctl(['rollback', '--root', root, '--list', '--json'])
    expect(JSON.parse(listed.stdout).checkpoints).toMatchObject([{ id: checkpoint, state: 'finished' }])
    expect(await greyctl(['rollback', '--root', root, '--yes', checkpoint])).toMatchObject({ code: 0 })
    expect(await readFile(join(root, 'etc/postfix/main.cf'), 'latin1')).toBe(STOCK_MAIN_CF)
    expect((await stat(join(root, 'etc/postfix/main.cf'))).mode & 0o777).toBe(0o640)
  })

  it('is not touched by --dry-run, which shows the diff', async () => {
    const root = await image()
    const before = await picture(root)
    const { code, stdout } = await greyctl(['install', '--root', root, '--dry-run'])
    expect(code).toBe(0)
    expect(stdout).toContain('+smtpd_recipient_restrictions')
    expect(await picture(root)).toEqual(before)
  })

  it('keeps a symbolic link, and changes its target', async () => {
    const root = await image()
    const main = join(root, 'etc/postfix/main.cf')
    await writeFile(join(root, 'etc/postfix/real.cf'), STOCK_MAIN_CF)
    await rm(main)
    await symlink('real.cf', main)
    await chmod(join(root, 'etc/postfix/real.cf'), 0o600)
    const before = await picture(root)
    expect(await greyctl(['install', '--root', root, '--yes'])).toMatchObject({ code: 0 })
    expect((await stat(join(root, 'etc/postfix/real.cf'))).mode & 0o777).toBe(0o600)
    await greyctl(['uninstall', '--root', root, '--yes'])
    expect(await picture(root)).toEqual(before)
  })

  it.each([
    ['a main.cf that does not parse', 'a = b\nthis line means nothing\n', /main\.cf:2: /],
    [
      'a name that is taken',
      'smtpd_restriction_classes = greyctl_check\ngreyctl_check = permit\n',
      /main\.cf:\d+: .*greyctl_check/,
    ],
  ])('is not touched for %s', async (_, mainCf, expected) => {
    const root = await image(mainCf)
    const before = await picture(root)
    const { code, stdout, stderr } = await greyctl(['install', '--root', root, '--yes'])
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(expected)
    expect(stderr).toContain('→')
    expect(await picture(root)).toEqual(before)
  })

  it('says nothing to do where nothing is installed', async () => {
    const root = await image()
    const { code, stdout } = await greyctl(['uninstall', '--root', root, '--yes', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout)).toMatchObject({ changed: false })
  })
})

describe('usage', () => {
  it('needs --yes where nobody can be asked, and names the flag', async () => {
    const root = await image()
    const before = await picture(root)
    const { code, stderr } = await greyctl(['install', '--root', root])
    expect(code).toBe(2)
    expect(stderr).toContain('--yes')
    expect(await picture(root)).toEqual(before)
  })

  it.each([
    [['install', '--delay', 'soon', '--yes'], /delay/i],
    [['install', '--listen', 'tcp:1', '--root', '/nonexistent'], /nonexistent/],
    [['install', '--nonsense'], /nonsense/],
    [['frobnicate'], /frobnicate/],
    [['rollback', '../../etc/passwd', '--yes', '--root', tmpdir()], /checkpoint/],
  ])('%j is an error that says why', async (argv, expected) => {
    const { code, stderr } = await greyctl(argv)
    expect([1, 2]).toContain(code)
    expect(stderr).toMatch(expected)
    expect(stderr).not.toContain('    at ')
  })

  it('gives errors as one JSON document when asked', async () => {
    const { code, stdout } = await greyctl(['install', '--delay', '0', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'usage', hints: [] } })
  })

  it('needs root, and says so with exit code 3', async (context) => {
    if (process.getuid?.() !== 0) context.skip('only root can become somebody else')
    const reads = await run('node', ['--version'], { uid: NOBODY })
    const opens = await run('cat', [PROGRAM], { uid: NOBODY })
    if (reads.code !== 0 || opens.code !== 0) context.skip('other users cannot read this directory')
    const { code, stderr } = await greyctl(['uninstall', '--yes'], { uid: NOBODY })
    expect({ code, stderr }).toMatchObject({ code: 3, stderr: expect.stringContaining('needs root') })
  })

  it('explains each command', async () => {
    for (const command of ['install', 'uninstall', 'rollback', 'verify', 'probe', 'daemon']) {
      const { code, stdout } = await greyctl([command, '--help'])
      expect(code).toBe(0)
      expect(stdout).toContain('USAGE')
    }
  })
})
