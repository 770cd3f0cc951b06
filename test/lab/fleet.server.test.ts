import { execFileSync } from 'node:child_process'
import { realpathSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type ServerProgram, serverPrograms } from '../store/valkey/programs.js'
import { boot, type Machine } from './lab.js'
import { follow, readPage } from './pages.js'
import { GREYCTL, json } from './server.js'
import { answer, CTRL_U, DOWN, ENTER, onTerminal } from './terminal.js'

const [program] = serverPrograms()

const DELAY = 3
const BACKUP = 'docs/how-to/backup.md'
const LOCATION = 'valkey://127.0.0.1:6390'
const PASSWORD = 'only-a-test'

/** The server and what it is linked with, for a machine that has neither. */
function serverFiles({ file, options }: ServerProgram): string {
  const path = options.at(-1) ?? file
  const libraries =
    execFileSync(
      options.length > 0 ? file : 'ldd',
      options.length > 0 ? [...options.slice(0, 2), '--list', path] : [path],
      { encoding: 'utf8' },
    ).match(/\/\S+\.so\S*/g) ?? []
  const files = [file, path, ...libraries.map((library) => realpathSync(library)), ...libraries]
  return execFileSync('tar', ['-czf', '-', '--absolute-names', '--dereference', ...new Set(files)], {
    maxBuffer: 64 * 1024 * 1024,
  }).toString('base64')
}

const SERVER = `set -e
ln -s ${program?.file} /usr/local/bin/${program?.name}-server
systemd-run --quiet --unit=store ${program?.name}-server ${program?.options.join(' ')} /root/store.conf
`

/** At MX 2 a second smtpd that asks a second daemon. */
const SECOND_MX = `set -e
ip addr add 192.0.2.26/32 dev lo
systemd-run --quiet --unit=greyctl2 --property=LoadCredential=store-password:/etc/greyctl/store-password \
  --property=DynamicUser=yes \
  --property=StateDirectory=greyctl2 "$(command -v node)" /opt/greyctl/dist/daemon/main.js --inet=127.0.0.1:10025 \
  --config=/dev/null --delay=${DELAY} '--store=${LOCATION}?local=/var/lib/greyctl2/store'
cat >>/etc/postfix/master.cf <<'END'
192.0.2.26:2525 inet n - n - - smtpd
  -o { greyctl_check = check_policy_service inet:127.0.0.1:10025 }
END
postfix reload
`

describe.skipIf(inject('labRefused') || program === undefined)('two MX hosts with one memory', () => {
  let machine: Machine

  /** What the server says at the end of a dialogue about a real mail. */
  const send = async (mx: 1 | 2, from: string) => {
    const server = mx === 1 ? '192.0.2.25:25' : '192.0.2.26:2525'
    const { stdout } = await machine.run(
      `swaks --server ${server} --local-interface 198.51.100.10 --helo client.example --timeout 60 \
        --from '${from}' --to alice@example.test --header 'Subject: fleet' 2>&1`,
    )
    return /^<\*\* +450 .*reylisted/m.test(stdout)
      ? 'deferred'
      : /queued as/.test(stdout)
        ? 'accepted'
        : stdout
  }
  const waiting = () => new Promise((resolve) => setTimeout(resolve, (DELAY + 1) * 1000))

  beforeAll(async () => {
    machine = await boot('server')
    await machine.ok('base64 -d | tar -xzf - -C / --absolute-names --skip-old-files', {
      input: serverFiles(program as ServerProgram),
    })
    // never on a command line: those are in the journal
    await machine.ok('umask 077; cat >/root/store.conf', {
      input: `port 6390\nbind 127.0.0.1\nsave ""\nrequirepass ${PASSWORD}\n`,
    })
    await machine.ok(SERVER)
  })
  afterAll(() => machine?.end())

  it('install takes the server that it is told of, when it can be used', async () => {
    const install = `${GREYCTL} install --yes --delay ${DELAY} --store ${LOCATION}`
    const before = await machine.ok('cat /etc/postfix/main.cf')
    const refused = await machine.run(install)
    expect(refused.code).not.toBe(0)
    expect(refused.stderr).toMatch(/NOAUTH[\s\S]*one line in \/etc\/greyctl\/store-password/)
    await machine.ok('mkdir -p /etc/greyctl; cat >/etc/greyctl/store-password', { input: PASSWORD })
    expect((await machine.run(install)).stderr).toContain('others than root can read the password')
    expect(await machine.ok('cat /etc/postfix/main.cf; ls /etc/default')).not.toContain('greyctl')
    expect(before).not.toContain('greyctl')
    await machine.ok('mv /etc/greyctl/store-password /root/password; chmod 600 /root/password')
    // root can, and the daemon cannot: put back
    const putBack = await machine.run(`${install}?password-file=/root/password`, { timeout: 300 })
    expect(putBack.code).toBe(1)
    expect(putBack.stdout + putBack.stderr).toMatch(
      /the daemon uses the shared store[\s\S]*(?:EACCES|ENOENT)/,
    )
    expect(await machine.ok('cat /etc/postfix/main.cf; ls /etc/default /etc/systemd/system')).not.toContain(
      'greyctl',
    )
  })

  it('install asks for it, and takes no server that cannot be used; nothing is changed before', async () => {
    const etc = () => machine.ok('find /etc -newer /root/before -type f')
    await machine.ok('touch /root/before')
    const running = onTerminal(machine, 'install')
    await answer(running, 'Which daemon?', ENTER)
    await answer(running, 'Who is asked to come back?', ENTER)
    await answer(running, 'Seconds until a retry', `${DELAY}${ENTER}`)
    await answer(running, 'Where does it remember?', `${DOWN}${ENTER}`)
    await answer(running, 'Where is that server?', `valkey://x:s3cret@127.0.0.1${ENTER}`)
    await answer(running, 'has a password in it', `${CTRL_U}valkey://127.0.0.1:1${ENTER}`)
    await answer(running, 'ECONNREFUSED', `${CTRL_U}${LOCATION}${ENTER}`)
    await answer(running, 'NOAUTH', '')
    expect(await etc()).toBe('')
    await machine.ok('mkdir -p /etc/greyctl; mv /root/password /etc/greyctl/store-password')
    running.write(ENTER)
    await answer(running, 'Make these changes?', `y${ENTER}`)
    const { code, stdout } = await running.done
    expect(code, stdout).toBe(0)
    expect(stdout).toContain('the daemon uses the shared store')
    // the same as by flags
    expect(
      await machine.ok(`${GREYCTL} install --yes --delay ${DELAY} --store ${LOCATION} --dry-run`),
    ).toMatch(/nothing/i)
    await machine.ok(SECOND_MX)
    await machine.ok(
      'for n in $(seq 100); do (: >/dev/tcp/127.0.0.1/10025) 2>/dev/null && exit 0; sleep 0.2; done; exit 1',
    )
  })

  it('takes at MX 2 what was deferred at MX 1', async () => {
    expect(await send(1, 'a@pool.example')).toBe('deferred')
    expect(await send(2, 'a@pool.example')).toBe('deferred')
    await waiting()
    expect(await send(2, 'a@pool.example')).toBe('accepted')
    expect(await send(1, 'a@pool.example')).toBe('accepted')
  })

  it('goes on without the server, on each host alone, and says so', async () => {
    await machine.ok('systemctl kill --signal=STOP store')
    expect(await send(1, 'b@pool.example')).toBe('deferred')
    expect(await send(1, 'a@pool.example')).toBe('accepted')
    const findings = (await json(machine, 'doctor --check shared-store-unavailable')).document.findings
    expect(findings.map(({ id }: { id: string }) => id)).toEqual(['shared-store-unavailable'])
    await machine.ok('systemctl kill --signal=CONT store')
    await machine.ok(
      `for n in $(seq 100); do journalctl -u greyctl | grep -q 'can be used again' && exit 0; sleep 0.2; done; exit 1`,
    )
    await waiting()
    // merged: MX 2 knows of it
    expect(await send(2, 'b@pool.example')).toBe('accepted')
    expect((await json(machine, 'doctor --check shared-store-unavailable')).document.findings).toEqual([])
  })

  it(`${BACKUP}, command by command: a server that lost its memory is given it again`, async () => {
    const steps = readPage(BACKUP)
    const part = (name: string) => steps.filter(({ section }) => section === name)
    await machine.ok('ln -s /opt/greyctl/bin/greyctl /usr/local/bin/greyctl')
    await follow(machine, BACKUP, part('Back up'))
    expect(await machine.ok('cat /var/backups/greyctl/triplets.jsonl')).toContain('b@pool.example')
    expect(JSON.parse(await machine.ok(`${GREYCTL} store forget --all --json`)).removed).toBeGreaterThan(1)
    expect((await json(machine, 'store stats')).document).toMatchObject({ triplets: 0, clients: 0 })
    await follow(machine, BACKUP, [...part('Restore'), ...part('See that it is back')])
    expect(await send(2, 'b@pool.example')).toBe('accepted')
    expect(await send(1, 'c@pool.example')).toBe('deferred')
  })

  it('shows the server on one screen, and the password to nobody', async () => {
    const status = await machine.ok(`${GREYCTL} status`)
    expect(status).toContain(`${LOCATION}: `)
    const seen = await machine.ok('ps -eww -o args | grep [m]ain.js; journalctl -u greyctl -u greyctl2')
    expect(seen).toContain('main.js')
    expect(seen).not.toContain(PASSWORD)
    // no other user can read it in a file, and root reads it in one place (and where systemd hands it on, and in the backup)
    const where = `grep -rls '${PASSWORD.replace('-', '[-]')}' /etc /var /run /tmp /home /opt/greyctl/dist`
    expect((await machine.run(`runuser -u nobody -- ${where}`)).stdout).toBe('')
    const files = (await machine.run(where)).stdout.trim().split('\n')
    expect(files.filter((file) => !file.startsWith('/run/credentials/'))).toEqual([
      '/etc/greyctl/store-password',
      '/var/backups/greyctl/configuration.tar',
    ])
    expect(await machine.ok('stat -c "%U %a" /etc/greyctl/store-password')).toBe('root 600\n')
  })

  it('moves to a cluster: its nodes are asked for, let in, and reached', async () => {
    await machine.ok(`mkdir -p /root/cluster; cd /root/cluster
      systemd-run --quiet --unit=cluster --working-directory=/root/cluster ${program?.name}-server ${program?.options.join(' ')} --port 6391 \
        --bind '127.0.0.1 192.0.2.25' --cluster-enabled yes --cluster-port 6392 --cluster-announce-ip 192.0.2.25 --save "''" --protected-mode no
      cd /opt/greyctl; cat >/root/slots.mjs <<'END'
import { createRequire } from 'node:module'
const { Redis } = createRequire('/opt/greyctl/package.json')('iovalkey')
const client = new Redis(6391, '127.0.0.1', { enableReadyCheck: false })
await client.call('CLUSTER', 'ADDSLOTSRANGE', 0, 16383)
for (;;) if ((await client.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) break
client.disconnect()
END
      timeout 20 node /root/slots.mjs`)
    const location = 'valkey://127.0.0.1:6391?cluster'
    // the cluster asks for no password
    await machine.ok('mv /etc/greyctl/store-password /root/')
    const install = `${GREYCTL} install --yes --store '${location}'`
    const said = await machine.run(install, { timeout: 300 })
    expect(said.code, said.stderr).toBe(0)
    expect(said.stdout).toContain('the daemon uses the shared store')
    expect(said.stdout + said.stderr).toContain('when others join: this install again')
    expect(await machine.ok('cat /etc/systemd/system/greyctl.service.d/greyctl-store.conf')).toBe(
      '# written by greyctl install --store\n[Service]\nIPAddressAllow=192.0.2.25\n',
    )
    expect(await send(1, 'd@pool.example')).toBe('deferred')
    // under its network, and its sender's pool
    expect((await json(machine, 'store show d@pool.example')).document).toMatchObject({ total: 2 })
    expect((await json(machine, 'doctor --check shared-store-unavailable')).document.findings).toEqual([])
    expect(await machine.ok(`${install} --dry-run`)).toMatch(/nothing/i)
  })
})
