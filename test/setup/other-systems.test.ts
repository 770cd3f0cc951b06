import { describe, expect, it } from 'vitest'
import { MemoryHost } from '../../src/host/memory.js'
import { ACCOUNT_TOOLS, findAccountTools } from '../../src/setup/accounts.js'
import { assertServiceManager } from '../../src/setup/checks.js'
import { findPackageManager, PACKAGE_MANAGERS, systemNames } from '../../src/setup/package-manager.js'
import { installPostfixPackage } from '../../src/setup/postfix-package.js'
import { fetchPostgrey } from '../../src/setup/postgrey-package.js'
import { findInitSystem, serviceState } from '../../src/setup/service-manager.js'
import { freshServer } from './fixtures.js'

/** os-release(5) of these systems, as their distributions ship it (the lines that matter). */
const OS_RELEASE = {
  debian: 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\n',
  ubuntu: 'NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n',
  fedora: 'NAME="Fedora Linux"\nID=fedora\n',
  rocky: 'NAME="Rocky Linux"\nID="rocky"\nID_LIKE="rhel centos fedora"\n',
  leap: 'NAME="openSUSE Leap"\nID="opensuse-leap"\nID_LIKE="suse opensuse"\n',
  tumbleweed: 'NAME="openSUSE Tumbleweed"\nID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n',
  alpine: 'NAME="Alpine Linux"\nID=alpine\n',
  arch: 'NAME="Arch Linux"\nID=arch\n',
  manjaro: "NAME='Manjaro Linux'\nID=manjaro\nID_LIKE=arch\n",
}

function system(osRelease: string, ...paths: readonly string[]): MemoryHost {
  const host = new MemoryHost()
  host.seed('/etc/os-release', osRelease)
  for (const path of paths) host.seed(path, '')
  return host
}

/** Records what is run, and answers with exit code 0 or what is given for the program. */
function recorder(host: MemoryHost, answers: Record<string, { exitCode?: number; stderr?: string }> = {}) {
  const ran: string[] = []
  for (const program of [
    'dnf',
    'zypper',
    'apk',
    'pacman',
    'systemctl',
    'rc-update',
    'rc-service',
    'postfix',
  ]) {
    host.programs.set(program, (argv) => {
      ran.push(argv.join(' '))
      return answers[program] ?? {}
    })
  }
  return ran
}

describe('the package manager of a system', () => {
  it.each([
    ['debian', 'apt'],
    ['ubuntu', 'apt'],
    ['fedora', 'dnf'],
    ['rocky', 'dnf'],
    ['leap', 'zypper'],
    ['tumbleweed', 'zypper'],
    ['alpine', 'apk'],
    ['arch', 'pacman'],
    ['manjaro', 'pacman'],
  ] as const)('%s: %s, whatever else is installed', async (name, expected) => {
    const all = PACKAGE_MANAGERS.flatMap(({ paths }) => paths.slice(0, 1))
    expect((await findPackageManager(system(OS_RELEASE[name], ...all)))?.name).toBe(expected)
  })

  it('where os-release names a system that nobody knows, the one that is there; none: none', async () => {
    expect((await findPackageManager(system('ID=void\n', '/usr/bin/zypper')))?.name).toBe('zypper')
    expect(await findPackageManager(system('ID=void\n'))).toBeUndefined()
    expect(systemNames('')).toEqual([])
  })
})

describe('--with-postfix elsewhere', () => {
  it.each([
    [
      'fedora, systemd',
      system(OS_RELEASE.fedora, '/usr/bin/dnf', '/run/systemd/system'),
      [
        'dnf --assumeyes --quiet install postfix',
        'systemctl --quiet enable postfix.service',
        'systemctl start postfix.service',
      ],
    ],
    [
      'leap, systemd',
      system(OS_RELEASE.leap, '/usr/bin/zypper', '/run/systemd/system'),
      [
        'zypper --non-interactive --quiet install postfix',
        'systemctl --quiet enable postfix.service',
        'systemctl start postfix.service',
      ],
    ],
    [
      'alpine, OpenRC',
      system(OS_RELEASE.alpine, '/sbin/apk', '/run/openrc/softlevel', '/etc/init.d/postfix'),
      [
        'apk update --quiet',
        'apk add --quiet postfix',
        'rc-update add postfix default',
        'rc-service postfix start',
      ],
    ],
    [
      'alpine in a container',
      system(OS_RELEASE.alpine, '/sbin/apk'),
      ['apk update --quiet', 'apk add --quiet postfix', 'postfix -c /etc/postfix start'],
    ],
    [
      'arch, systemd',
      system(OS_RELEASE.arch, '/usr/bin/pacman', '/run/systemd/system'),
      [
        'pacman --sync --needed --noconfirm --noprogressbar postfix',
        'systemctl --quiet enable postfix.service',
        'systemctl start postfix.service',
      ],
    ],
  ])('%s', async (_, host, expected) => {
    const ran = recorder(host)
    host.programs.set('postfix', (argv) => {
      if (argv.includes('status')) return { exitCode: 1 }
      ran.push(argv.join(' '))
      return {}
    })
    await installPostfixPackage(host, '/etc/postfix', () => {})
    expect(ran).toEqual(expected)
  })

  it('takes zypper’s news about a success for one, and nothing else', async () => {
    const host = system(OS_RELEASE.leap, '/usr/bin/zypper')
    recorder(host, { zypper: { exitCode: 102 } })
    await expect(installPostfixPackage(host, '/etc/postfix', () => {})).resolves.toBeUndefined()
    // recorded from zypper 1.14
    recorder(host, { zypper: { exitCode: 104, stderr: "No provider of 'postfix' found.\n" } })
    await expect(installPostfixPackage(host, '/etc/postfix', () => {})).rejects.toMatchObject({
      code: 'program-missing',
      message: expect.stringContaining("No provider of 'postfix' found"),
      hints: [expect.stringContaining('zypper repos'), expect.stringContaining('by hand')],
    })
  })

  it('without a package manager that is known: what to do instead', async () => {
    await expect(installPostfixPackage(system('ID=void\n'), '/etc/postfix', () => {})).rejects.toMatchObject({
      code: 'unsupported',
      hints: [expect.stringContaining('install Postfix in this system’s own way')],
    })
  })

  it("--backend postgrey is Debian's: elsewhere it says so, and what there is", async () => {
    await expect(fetchPostgrey(system(OS_RELEASE.fedora, '/usr/bin/dnf'), () => {})).rejects.toMatchObject({
      code: 'unsupported',
      message: "greyctl manages Debian's postgrey, and here packages come from dnf",
      hints: [expect.stringContaining('--backend bundled'), expect.stringContaining('store import')],
    })
  })
})

describe('what starts services', () => {
  it.each([
    ['systemd', ['/run/systemd/system', '/sbin/openrc-run'], 'systemd'],
    ['OpenRC', ['/run/openrc/softlevel'], 'openrc'],
    ['OpenRC installed, but not what booted', ['/sbin/openrc-run'], 'sysv'],
    ['nothing', [], 'sysv'],
  ])('%s', async (_, paths, expected) => {
    expect(await findInitSystem(system('', ...paths))).toBe(expected)
  })

  it('OpenRC: running by rc-service, enabled by the default run level', async () => {
    const host = system('', '/etc/init.d/greyctl')
    host.programs.set('rc-service', () => ({ exitCode: 3 }))
    expect(await serviceState(host, 'openrc', 'greyctl')).toEqual({ running: false, enabled: false })
    host.programs.set('rc-service', () => ({ exitCode: 0 }))
    host.seedLink('/etc/runlevels/default/greyctl', '/etc/init.d/greyctl')
    expect(await serviceState(host, 'openrc', 'greyctl')).toEqual({ running: true, enabled: true })
    expect(await serviceState(host, 'openrc', 'postgrey')).toEqual({ running: false, enabled: false })
  })

  it('a container without any: a clear error and the next step; with update-rc.d all is well', async () => {
    const facts = freshServer({ init: 'sysv' })
    await expect(assertServiceManager(new MemoryHost(), facts)).rejects.toMatchObject({
      code: 'unsupported',
      hints: [expect.stringContaining('OpenRC'), expect.stringContaining('greyctl daemon')],
    })
    await assertServiceManager(system('', '/usr/sbin/update-rc.d'), facts)
    await assertServiceManager(new MemoryHost(), freshServer({ init: 'openrc' }))
  })
})

describe('system users', () => {
  it('are made by shadow where it is, by busybox where only that is', async () => {
    expect(await findAccountTools(system('', '/usr/sbin/useradd', '/usr/sbin/adduser'))).toBe('shadow')
    expect(await findAccountTools(system('', '/usr/sbin/adduser'))).toBe('busybox')
    expect(await findAccountTools(new MemoryHost())).toBe('shadow')
  })

  it('keep their number when they come back', () => {
    expect(ACCOUNT_TOOLS.shadow.create('greyctl', 997).join(' ')).toMatch(/ --uid 997 greyctl$/)
    const [, , script, ...words] = ACCOUNT_TOOLS.busybox.create('greyctl', 997)
    expect(words).toEqual(['sh', 'greyctl', '997'])
    expect(script).toContain('adduser -S -D -H -h /nonexistent -s /sbin/nologin -G "$1"')
  })
})
