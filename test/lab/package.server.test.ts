import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { run } from '../cli/run.js'
import { client, policyText } from '../daemon/running.js'
import { type Spawned, spawnDaemon } from '../daemon/spawned.js'
import { installPackages } from '../debian.mjs'
import { emulator } from '../packaging/emulated.js'
import { boot, bootSuite, type Machine } from './lab.js'
import { send } from './server.js'

const ROOT = join(import.meta.dirname, '../..')
/** Below the checkout, which the machines see. */
const OUT = join(ROOT, 'out/test')
const INSIDE = '/opt/greyctl/out/test'
const VERSION = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version as string
const DEB = `greyctl_${VERSION}_amd64.deb`
const OLDER = 'older.deb'
const RPM = 'greyctl.rpm'
/** What an administrator without Node.js has. */
const STOCK = 'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; '

async function must(file: string, ...argv: string[]): Promise<string> {
  // npm and apt may be told by the environment where they have their packages from
  const inherited = Object.entries(process.env).filter(([, value]) => value !== undefined)
  const env = {
    ...(Object.fromEntries(inherited) as Record<string, string>),
    SOURCE_DATE_EPOCH: '1795564800',
    LC_ALL: 'C.UTF-8',
    DEBIAN_FRONTEND: 'noninteractive',
  }
  const { code, stdout, stderr } = await run(file, argv, { env })
  if (code !== 0) throw new Error(`exit ${code} of ${file} ${argv.join(' ')}:\n${stdout}\n${stderr}`)
  return stdout
}

/** A Debian package and its program of the same name, installed where it is missing. */
function have(name: string): boolean {
  const there = existsSync(`/usr/bin/${name}`) || installPackages(name)
  if (!there) console.log(`skipped: ${name} is missing and could not be installed`)
  return there
}

const pack = (out: string, ...options: string[]) =>
  must('npm', 'run', '--silent', 'package', '--', '--fast', `--out=${out}`, ...options)

beforeAll(async () => {
  rmSync(OUT, { recursive: true, force: true })
  mkdirSync(join(OUT, 'again'), { recursive: true })
  await pack(OUT)
})
afterAll(() => rmSync(OUT, { recursive: true, force: true }))

describe('npm run package', () => {
  it('makes the same bytes again', async () => {
    await pack(join(OUT, 'again'), '--architecture=amd64')
    for (const name of [DEB, `greyctl-${VERSION}.tgz`, `greyctl-${VERSION}.cdx.json`]) {
      expect(await must('cmp', join(OUT, name), join(OUT, 'again', name)), name).toBe('')
    }
  })

  it('says what is in the packages, and their checksums', async () => {
    await must('sh', '-c', `cd '${OUT}' && sha256sum --check --strict SHA256SUMS`)
    const sbom = JSON.parse(readFileSync(join(OUT, `greyctl-${VERSION}.cdx.json`), 'utf8'))
    const names = sbom.components.map(({ name }: { name: string }) => name)
    expect(names).toEqual(
      expect.arrayContaining(['@oclif/core', 'lmdb', '@lmdb/lmdb-linux-x64', 'execa', 'node']),
    )
    expect(names).not.toContain('vitest')
  })

  it('gives each architecture its own runtime', async () => {
    for (const [name, machine] of [
      ['amd64', 'x86-64'],
      ['arm64', 'ARM aarch64'],
    ]) {
      const deb = join(OUT, `greyctl_${VERSION}_${name}.deb`)
      expect(await must('dpkg-deb', '-f', deb, 'Architecture')).toBe(`${name}\n`)
      const tree = join(OUT, `tree-${name}`)
      await must('dpkg-deb', '-x', deb, tree)
      const binaries = await must(
        'find',
        join(tree, 'usr/lib/greyctl'),
        '-name',
        'node',
        '-type',
        'f',
        '-o',
        '-name',
        '*.node',
      )
      const files = binaries.trim().split('\n')
      expect(files.length).toBe(2)
      // e_machine of elf(5)
      for (const file of files) {
        expect(readFileSync(file).readUInt16LE(18), file).toBe(machine === 'x86-64' ? 62 : 183)
      }
    }
  })

  it('greylists on arm64, on an emulated processor: its own Node.js, its own LMDB', async (context) => {
    const emulated = emulator()
    if (emulated === undefined) return context.skip()
    const tree = join(OUT, 'tree-arm64')
    await must('dpkg-deb', '-x', join(OUT, `greyctl_${VERSION}_arm64.deb`), tree)
    const program = join(tree, 'usr/lib/greyctl')
    const [node, run] = [join(program, 'node'), join(program, 'bin/run.js')]
    const greyctl = (...argv: string[]) => must(...([...emulated, node, run, ...argv] as [string]))
    expect(await greyctl('--version')).toContain(`greyctl/${VERSION} linux-arm64 `)
    const base = mkdtempSync(join(tmpdir(), 'greyctl-arm64-'))
    const store = `lmdb:${join(base, 'store')}`
    const start = () =>
      spawnDaemon(base, [`--store=${store}`, '--delay=1'], emulated, [
        node,
        join(program, 'dist/daemon/main.js'),
      ])
    const ask = async ({ port }: Spawned) => {
      const connection = await client(port)
      connection.send(policyText({ sender: 'a@arm.example' }))
      const answers = await connection.answers(1)
      connection.socket.destroy()
      return answers
    }
    const daemon = await start()
    expect(await ask(daemon)).toEqual([expect.stringMatching(/^DEFER_IF_PERMIT/)])
    await daemon.kill('SIGTERM')
    // the other daemon has it from the disk
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const again = await start()
    expect(await ask(again)).toEqual([expect.stringMatching(/^PREPEND/)])
    await again.kill('SIGTERM')
    rmSync(base, { recursive: true })
  })

  it('has nothing that lintian calls an error, and manual pages without a warning', async (context) => {
    if (!have('lintian')) return context.skip()
    const said = await must('lintian', '--allow-root', '--fail-on', 'error', join(OUT, DEB))
    expect(said).not.toContain('groff-message')
  })

  it('has completions that bash, zsh and fish read', async (context) => {
    if (!have('zsh') || !have('fish')) return context.skip()
    const share = join(OUT, 'tree-amd64/usr/share')
    const bash = `. ${share}/bash-completion/completions/greyctl; COMP_WORDS=(greyctl store li); COMP_CWORD=2; _greyctl
      echo "\${COMPREPLY[*]}"; COMP_WORDS=(greyctl install --backend ''); COMP_CWORD=3; _greyctl; echo "\${COMPREPLY[*]}"`
    expect(await must('bash', '-c', bash)).toBe('list\nbundled postgrey\n')
    await must('zsh', '-n', `${share}/zsh/vendor-completions/_greyctl`)
    const fish = `source ${share}/fish/vendor_completions.d/greyctl.fish; complete -C 'greyctl unin'; complete -C 'greyctl store exp'`
    expect(await must('fish', '--no-config', '-c', fish)).toMatch(/^uninstall\t.*\nexport\t/)
  })

  it('makes a RPM of the same files, whose program runs', async (context) => {
    if (!have('rpm')) return context.skip()
    const top = mkdtempSync(join(tmpdir(), 'greyctl-rpm-'))
    const defines = [
      `version ${VERSION}`,
      `_sourcedir ${OUT}`,
      `_topdir ${top}`,
      '_binary_payload w1.gzdio',
    ].flatMap((define) => ['--define', define])
    await must('rpmbuild', '-bb', '--quiet', ...defines, join(ROOT, 'packaging/greyctl.spec'))
    const rpm = join(top, `RPMS/x86_64/greyctl-${VERSION}-1.x86_64.rpm`)
    // what is Debian's own is left out, and zsh looks elsewhere
    const files = (text: string) =>
      text
        .trim()
        .split('\n')
        .map((path) => path.replace('vendor-completions', 'site-functions'))
        .filter((path) => !/lintian|changelog\.gz|\/$/.test(path))
    const debian = await must('sh', '-c', `dpkg-deb --fsys-tarfile '${join(OUT, DEB)}' | tar -t`)
    const listed = files(await must('rpm', '-qpl', rpm))
    for (const path of files(debian)) expect(listed).toContain(path.replace(/^\./, ''))
    expect(files(await must('rpm', '-qpc', rpm))).toEqual([
      '/etc/default/greyctl',
      '/etc/greyctl/greyctl.toml',
      '/etc/greyctl/whitelist_clients',
      '/etc/greyctl/whitelist_recipients',
    ])
    const root = join(top, 'root')
    await must('rpm', '--root', root, '-i', '--nodeps', '--noscripts', rpm)
    const program = join(root, 'usr/lib/greyctl')
    expect(await must(join(program, 'node'), join(program, 'bin/run.js'), '--version')).toContain(
      `greyctl/${VERSION} `,
    )
    // perhaps on another file system
    copyFileSync(rpm, join(OUT, RPM))
    rmSync(top, { recursive: true })
  })

  it('makes an npm package that installs into a fresh prefix, and plays there with its store', async () => {
    // outside of the checkout, whose packages it would find
    const prefix = mkdtempSync(join(tmpdir(), 'greyctl-prefix-'))
    await must(
      'npm',
      'install',
      '--global',
      '--prefer-offline',
      '--prefix',
      prefix,
      join(OUT, `greyctl-${VERSION}.tgz`),
    )
    const greyctl = join(prefix, 'bin/greyctl')
    expect(await must(greyctl, '--version')).toContain(`greyctl/${VERSION} `)
    await must(greyctl, 'demo', '--speed', '0')
    const packages = await must(
      'find',
      join(prefix, 'lib/node_modules'),
      '-name',
      'package.json',
      '-path',
      '*node_modules*',
      // of one directory, not of a package
      '!',
      '-path',
      '*/dist/*',
    )
    expect(packages.trim().split('\n').length).toBe(2)
    rmSync(prefix, { recursive: true })
  })
})

describe.skipIf(inject('labRefused'))('the package on a server without Node.js', () => {
  let machine: Machine
  let before: string
  beforeAll(async () => {
    await makeOlder()
    machine = await boot()
    before = await machine.ok('cat /etc/postfix/main.cf')
  })
  afterAll(() => machine?.end())
  const ok = (script: string) => machine.ok(STOCK + script, { timeout: 300 })
  const install = (deb: string) => ok(`apt-get install -y --allow-downgrades ${INSIDE}/${deb} 2>&1`)

  it('apt install changes nothing and starts nothing', async () => {
    await ok('! command -v node')
    expect(await install(OLDER)).toContain('"greyctl install" puts greylisting on it')
    expect(await ok('greyctl --version')).toContain('greyctl/0.0.1 ')
    expect(await ok('cat /etc/postfix/main.cf')).toBe(before)
    expect(await ok('systemctl is-enabled greyctl.socket greyctl.service; true')).toBe('disabled\ndisabled\n')
    expect(await ok('systemctl is-active greyctl.socket greyctl.service; true')).toBe('inactive\ninactive\n')
  })

  it('greyctl install: proven greylisting, by the units of the package', async () => {
    expect(await ok('greyctl install --yes --delay 1')).toMatch(/greylist/i)
    expect(await ok('ls /etc/systemd/system')).not.toMatch(/^greyctl/m)
    const mail = { client: '198.51.100.77', from: 'first@outside.example', to: ['alice@example.test'] }
    expect(await send(machine, mail)).toMatchObject({ code: 450 })
    await machine.ok('sleep 1')
    expect(await send(machine, mail)).toMatchObject({ code: 250 })
    await ok('greyctl doctor')
  })

  it('is upgraded and downgraded under load: every request is answered, no triplet is forgotten', async () => {
    const load = machine.start('/usr/lib/greyctl/node /opt/greyctl/test/lab/policy-load.mjs 10023 14', {
      timeout: 60,
    })
    await install(DEB)
    expect(await ok('greyctl --version')).toContain(`greyctl/${VERSION} `)
    await install(OLDER)
    expect(await ok('greyctl --version')).toContain('greyctl/0.0.1 ')
    const { code, stdout, stderr } = await load.done
    expect(code, stderr).toBe(0)
    const counts = JSON.parse(stdout)
    expect(counts).toMatchObject({ unanswered: 0, refused: 0, forgotten: 0, known: counts.answered })
    expect(counts.answered).toBeGreaterThan(100)
    // the daemon that answers is the one that was installed last
    await ok(
      'test "$(readlink /proc/$(systemctl show -p MainPID --value greyctl)/exe)" = /usr/lib/greyctl/node',
    )
  })

  it('removed: main.cf is as it was; the triplets wait for the package to come back', async () => {
    await ok('apt-get remove -y greyctl 2>&1')
    expect(await ok('cat /etc/postfix/main.cf')).toBe(before)
    const mail = { client: '198.51.100.77', from: 'second@outside.example', to: ['alice@example.test'] }
    expect(await send(machine, mail)).toMatchObject({ code: 250 })
    expect(await ok('ls /var/lib/greyctl/store')).toContain('data.mdb')
    expect(await ok('ls -d /usr/lib/greyctl 2>&1; true')).toContain('No such file')
  })

  it('purged: nothing of it is left', async () => {
    await ok('apt-get purge -y greyctl 2>&1')
    const left = await ok(
      "find / -xdev -name '*greyctl*' ! -path '/opt/*' ! -path '/proc/*' ! -path '/tmp/*' ! -path '/run/systemd/*' ! -path '/run/host/*'; getent passwd greyctl; true",
    )
    expect(left).toBe('')
  })

  it('as a RPM, with its own scripts: installed, it greylists; upgraded, it goes on; erased, main.cf is as it was', async () => {
    await ok('apt-get install -y --no-install-recommends rpm 2>&1')
    // Debian's rpm has to be told that this is meant
    const rpm = (what: string) => ok(`rpm --force-debian ${what} 2>&1`)
    const mail = (sender: string) =>
      send(machine, {
        client: '198.51.100.77',
        from: `${sender}@outside.example`,
        to: ['alice@example.test'],
      })
    await rpm(`-i --nodeps ${INSIDE}/${RPM}`)
    expect(await ok('cat /etc/postfix/main.cf; systemctl is-active greyctl.socket; true')).toBe(
      `${before}inactive\n`,
    )
    await ok('greyctl install --yes --delay 1')
    expect(await mail('rpm')).toMatchObject({ code: 450 })
    const pid = () => ok('systemctl show -p MainPID --value greyctl')
    const earlier = await pid()
    await rpm(`-U --nodeps --replacepkgs ${INSIDE}/${RPM}`)
    expect(await pid()).not.toBe(earlier)
    expect(await mail('rpm')).toMatchObject({ code: 250 })
    expect(await mail('upgraded')).toMatchObject({ code: 450 })
    await rpm('-e --nodeps greyctl')
    expect(await ok('cat /etc/postfix/main.cf')).toBe(before)
    expect(await mail('erased')).toMatchObject({ code: 250 })
    expect(await ok('ls -d /usr/lib/greyctl /usr/bin/greyctl 2>/dev/null; true')).toBe('')
  })
})

const UBUNTU = `rm /etc/os-release; cat >/etc/os-release <<'END'
PRETTY_NAME="Ubuntu 24.04.1 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
ID=ubuntu
ID_LIKE=debian
UBUNTU_CODENAME=noble
END
printf 'Vendor: Ubuntu\\nParent: Debian\\n' >/etc/dpkg/origins/ubuntu
ln -sf ubuntu /etc/dpkg/origins/default
`

describe.skipIf(inject('labRefused'))('the package on Debian 13', () => {
  let machine: Machine
  let before: string
  beforeAll(async () => {
    machine = await bootSuite('server', 'trixie')
    before = await machine.ok('cat /etc/postfix/main.cf')
  })
  afterAll(() => machine?.end())
  const ok = (script: string) => machine.ok(STOCK + script, { timeout: 300 })
  const mail = (sender: string) =>
    send(machine, { client: '198.51.100.77', from: `${sender}@outside.example`, to: ['alice@example.test'] })
  const MAIN = '/etc/postfix/main.cf'

  it('two commands give proven greylisting', async () => {
    await ok(`! command -v node; apt-get install -y ${INSIDE}/${DEB} 2>&1`)
    await ok('greyctl install --yes --delay 1')
    expect(await mail('first')).toMatchObject({ code: 450 })
    await machine.ok('sleep 1')
    expect(await mail('first')).toMatchObject({ code: 250 })
    await ok('greyctl doctor')
  })

  it('its service is confined as tightly as on Debian 12', async () => {
    const exposure = await ok('systemd-analyze security greyctl.service --no-pager')
    expect(Number(/exposure level for greyctl\.service: ([\d.]+)/.exec(exposure)?.[1])).toBeLessThanOrEqual(
      1.2,
    )
  })

  it('stays, and greylists, when Postfix cannot be put back; leaves Postfix alone when told to', async () => {
    // nobody can put another file in the place of a mounted one
    await ok(`mount --bind ${MAIN} ${MAIN}`)
    const refused = await machine.run(`${STOCK} apt-get remove -y greyctl 2>&1`, { timeout: 300 })
    expect(refused).toMatchObject({ code: 100, stdout: expect.stringContaining('so the package stays') })
    expect(await ok('dpkg-query -W greyctl; dpkg --audit; apt-get check -qq')).toBe(`greyctl\t${VERSION}\n`)
    expect(await mail('stays')).toMatchObject({ code: 450 })
    expect(await ok('GREYCTL_LEAVE_POSTFIX=yes apt-get remove -y greyctl 2>&1')).toContain('by hand')
    expect(await mail('nobody-answers')).toMatchObject({ code: 250 })
    await ok(`umount ${MAIN}; apt-get install -y ${INSIDE}/${DEB} 2>&1; greyctl install --yes --delay 1`)
    expect(await mail('again')).toMatchObject({ code: 450 })
  })

  it('is removed from a Postfix whose configuration is broken, and what broke it stays', async () => {
    await ok(`echo 'this is no parameter' >>${MAIN}; ! postconf -n`)
    await ok('apt-get remove -y greyctl 2>&1')
    expect(await ok(`cat ${MAIN}`)).toBe(`${before}this is no parameter\n`)
    await ok(`sed -i '$d' ${MAIN}; postfix check; postfix reload`)
    expect(await mail('mended')).toMatchObject({ code: 250 })
  })

  it('knows nothing of Debian that a tree like Ubuntu would lack', async () => {
    await ok(`${UBUNTU} apt-get install -y ${INSIDE}/${DEB} 2>&1; greyctl install --yes --delay 1`)
    expect(await mail('ubuntu')).toMatchObject({ code: 450 })
    await ok('greyctl doctor; apt-get purge -y greyctl 2>&1')
    expect(await ok(`cat ${MAIN}`)).toBe(before)
  })
})

/** The same package, as an earlier version. */
async function makeOlder(): Promise<void> {
  const tree = join(OUT, 'older')
  await must('dpkg-deb', '-R', join(OUT, DEB), tree)
  const change = `sed -i 's/^Version: .*/Version: 0.0.1/' '${tree}/DEBIAN/control'
    sed -i 's/"version": "${VERSION}"/"version": "0.0.1"/' '${tree}/usr/lib/greyctl/package.json'`
  await must('sh', '-ec', change)
  await must('dpkg-deb', '--root-owner-group', '-Zgzip', '-z1', '--build', tree, join(OUT, OLDER))
  rmSync(tree, { recursive: true })
}
