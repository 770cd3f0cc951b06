import { spawn, spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installPackages } from '../../debian.mjs'
import { client, policyText } from '../running.js'
import { BUILT, eventually } from '../spawned.js'
import { installed } from './sides.js'

/**
 * What the options about the process do, the real postgrey and this daemon beside each other: both go to the background
 * under the same options, in a mount namespace whose /dev/log is read by this test.
 */
const runnable =
  installed() &&
  // ss
  (existsSync('/usr/bin/ss') || installPackages('iproute2')) &&
  spawnSync('unshare', ['-m', 'true']).status === 0
if (!runnable) console.log('skipped: postgrey as a process (it needs root, apt-get and mount namespaces)')

const SIDES = ['postgrey', 'greyctl'] as const
type Name = (typeof SIDES)[number]

/** A /dev of its own, and what reads its log: a datagram a line. */
const MACHINE = `
dev=$base/dev; mkdir $dev; mount -t tmpfs -o mode=755 tmpfs $dev
for name in null zero random urandom tty; do touch $dev/$name; mount --bind /dev/$name $dev/$name; done
ln -s /proc/self/fd $dev/fd
mount --rbind $dev /dev
perl -MIO::Socket::UNIX -e '$| = 1; $s = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Local => "/dev/log") or die;
  chmod 0666, "/dev/log"; print "$m\\n" while defined $s->recv($m, 65536)' >$base/syslog &
until [ -S /dev/log ]; do sleep 0.05; done
postgrey $(cat $base/postgrey.options) >$base/postgrey.out 2>&1 </dev/null; echo $? >$base/postgrey.code
cd $repo; $greyctl $(cat $base/greyctl.options) >$base/greyctl.out 2>&1 </dev/null; echo $? >$base/greyctl.code
wait`

describe.runIf(runnable)('as a process in the background, like postgrey', () => {
  let base: string
  let machine: ReturnType<typeof spawn>
  const at = (name: Name, what: string) => join(base, `${name}.${what}`)

  beforeAll(async () => {
    base = mkdtempSync(join(tmpdir(), 'greyctl-process-'))
    spawnSync('chmod', ['755', base])
    writeFileSync(join(base, 'empty'), '')
    for (const name of SIDES) {
      mkdirSync(at(name, 'db'), { mode: 0o700 })
      spawnSync('chown', ['nobody:mail', at(name, 'db')])
      const options = [
        `--unix=${at(name, 'socket')}`,
        '--socketmode=0640',
        '--daemonize',
        `--pidfile=${at(name, 'pid')}`,
        '--user=nobody',
        '--group=mail',
        `--dbdir=${at(name, 'db')}`,
        '--syslog-facility=local3',
        '--listen-queue-size=77',
        '--hostname=mx.elsewhere.example',
        '--greylist-text=later',
        '--delay=60',
        `--whitelist-clients=${join(base, 'empty')}`,
        `--whitelist-recipients=${join(base, 'empty')}`,
        ...(name === 'greyctl' ? ['--config=/dev/null', '--identity=subnet', '--test-clock'] : []),
      ]
      writeFileSync(at(name, 'options'), options.join(' '))
    }
    const greyctl = `${process.execPath} ${BUILT}`
    machine = spawn('unshare', ['-m', 'sh', '-c', MACHINE], {
      stdio: 'inherit',
      env: { ...process.env, base, greyctl, repo: process.cwd(), PATH: `/usr/sbin:${process.env.PATH}` },
      detached: true,
    })
    await eventually(() => SIDES.every((name) => read(at(name, 'code'))?.endsWith('\n')))
    await eventually(() => SIDES.every((name) => read(at(name, 'pid'))?.endsWith('\n')))
  })
  afterAll(async () => {
    for (const name of SIDES) {
      const pid = Number(read(at(name, 'pid')))
      if (pid > 0) process.kill(pid, 'SIGKILL')
    }
    const gone = new Promise((resolve) => machine.once('exit', resolve))
    if (machine.pid) process.kill(-machine.pid, 'SIGKILL')
    await gone
    rmSync(base, { recursive: true, force: true })
  })

  /** What is seen of either is the same, and is this. */
  const both = (look: (name: Name) => unknown, expected: unknown) =>
    expect(Object.fromEntries(SIDES.map((name) => [name, look(name)]))).toEqual(
      Object.fromEntries(SIDES.map((name) => [name, expected])),
    )
  const ask = async (name: Name, changes: Readonly<Record<string, string>>) => {
    const asking = await client(at(name, 'socket'))
    asking.send(policyText(changes))
    const [answer] = await asking.answers(1)
    asking.socket.destroy()
    return answer
  }
  const id = (flag: string, ...of: string[]) =>
    Number(spawnSync('id', [flag, ...of], { encoding: 'utf8' }).stdout)
  const mail = () => Number(/^mail:[^:]*:(\d+)/m.exec(readFileSync('/etc/group', 'utf8'))?.[1])

  it('the command ends with 0 when it listens', () => {
    both((name) => read(at(name, 'code')), '0\n')
  })

  it('--unix, --socketmode, --user, --group: the socket, its mode and whose it is', () => {
    both(
      (name) => {
        const { mode, uid, gid } = statSync(at(name, 'socket'))
        return [mode.toString(8), uid, gid]
      },
      ['140640', id('-u', 'nobody'), mail()],
    )
  })

  it('--listen-queue-size: how many may wait', () => {
    const { stdout } = spawnSync('ss', ['-lxH'], { encoding: 'utf8' })
    const queue = (name: Name) =>
      stdout
        .split('\n')
        .find((line) => line.includes(at(name, 'socket')))
        ?.trim()
        .split(/\s+/)[3]
    both(queue, '77')
  })

  it('--pidfile, --user, --group: who runs', () => {
    both(
      (name) => {
        const pid = (read(at(name, 'pid')) ?? '').trim()
        const status = readFileSync(`/proc/${pid}/status`, 'utf8')
        const ids = (what: string) =>
          new RegExp(`^${what}:\\s+(.*)$`, 'm').exec(status)?.[1]?.trim().split(/\s+/)
        return { uid: ids('Uid'), gid: ids('Gid'), mode: statSync(at(name, 'pid')).mode & 0o777 }
      },
      {
        uid: Array(4).fill(String(id('-u', 'nobody'))),
        gid: Array(4).fill(String(mail())),
        mode: 0o644,
      },
    )
  })

  it('--daemonize: without a terminal, in a session of its own', () => {
    const mine = spawnSync('ps', ['-o', 'sid=', '-p', String(process.pid)], { encoding: 'utf8' })
    both(
      (name) => {
        const pid = (read(at(name, 'pid')) ?? '').trim()
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
        const [, , , session, terminal] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        return { terminal, apart: session !== mine.stdout.trim() }
      },
      { terminal: '0', apart: true },
    )
    // postgrey stays where it was started, and keeps that file system from being unmounted
    expect(readlinkSync(`/proc/${(read(at('greyctl', 'pid')) ?? '').trim()}/cwd`)).toBe('/')
  })

  it('--hostname, --greylist-text, --delay: the answers', async () => {
    const header = /^PREPEND X-Greylist: delayed (\d+) seconds by \S+ at (\S+); /
    for (const name of SIDES) {
      expect(await ask(name, { etrn_domain: '', policy_test_time: '1800000000' })).toBe(
        'DEFER_IF_PERMIT 4.2.0 later',
      )
      const passed = await ask(name, { etrn_domain: '', policy_test_time: '1800000060' })
      expect(header.exec(passed ?? '')?.slice(1)).toEqual(['60', 'mx.elsewhere.example'])
    }
  })

  it('--dbdir: nothing there that others may read', () => {
    both(
      (name) => {
        const files = readdirSync(at(name, 'db')).map((file) => statSync(join(at(name, 'db'), file)))
        const kinds = files.map(({ mode, uid, gid }) => `${(mode & 0o777).toString(8)} ${uid}:${gid}`)
        return [...new Set(kinds)]
      },
      [`600 ${id('-u', 'nobody')}:${mail()}`],
    )
  })

  it('--syslog-facility: the decisions are in the log, under it', async () => {
    const lines = () =>
      (read(join(base, 'syslog')) ?? '').split('\n').filter((line) => line.includes('action='))
    await eventually(() => lines().length >= 4)
    both(
      (name) =>
        lines()
          .filter((line) => line.includes(`${name}[`))
          .map((line) => [
            // as syslogd writes who says it
            line.includes(`${name}[${read(at(name, 'pid'))?.trim()}]: `),
            // of PRI, which has the level too (RFC 3164 §4.1.1)
            Number(/^<(\d+)>/.exec(line)?.[1]) >> 3,
            /action=.*/.exec(line)?.[0].trim(),
          ]),
      [
        [
          true,
          19,
          'action=greylist, reason=new, client_name=mail.example.org, client_address=192.0.2.25, sender=alice@example.org, recipient=bob@example.com',
        ],
        [
          true,
          19,
          'action=pass, reason=triplet found, delay=60, client_name=mail.example.org, client_address=192.0.2.25, sender=alice@example.org, recipient=bob@example.com',
        ],
      ],
    )
  })

  it('SIGTERM ends it', async () => {
    for (const name of SIDES) {
      const pid = Number(read(at(name, 'pid')))
      process.kill(pid, 'SIGTERM')
      // postgrey looks at its signals when somebody connects
      const asking = await client(at(name, 'socket')).catch(() => undefined)
      asking?.socket.destroy()
      await eventually(() => !isRunning(pid))
    }
  })
})

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

function isRunning(pid: number): boolean {
  // a process that nobody has waited for yet is gone, too
  return /^State:\s+[^Z]/m.test(read(`/proc/${pid}/status`) ?? '')
}
