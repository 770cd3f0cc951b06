import { describe, expect, inject, it } from 'vitest'
import { type Machine, onMachine } from './lab.js'
import { GREYCTL, json, leftovers, send, snapshot } from './server.js'

const STRANGER = { client: '203.0.113.99', from: 'stranger@outside.example', to: ['alice@example.test'] }

const pause = (seconds: number) => new Promise((resolve) => setTimeout(resolve, seconds * 1000))

interface Expected {
  readonly exit: number
  readonly code: string
  readonly message: RegExp
  readonly where?: string | RegExp
  readonly hint: RegExp
}

/** An install that must fail, with this error in both forms, and leave everything as it was. */
async function expectRefused(machine: Machine, expected: Expected, command = 'install --yes --delay 1') {
  const before = await snapshot(machine)
  const left = await leftovers(machine)
  const { code, document } = await json(machine, command)
  expect(document.error).toMatchObject({ code: expected.code })
  expect(document.error.message).toMatch(expected.message)
  if (expected.where !== undefined) expect(document.error.where).toMatch(expected.where)
  expect(document.error.hints.join('\n')).toMatch(expected.hint)
  expect(code).toBe(expected.exit)
  const said = await machine.run(`${GREYCTL} ${command}`)
  expect(said.code).toBe(expected.exit)
  expect(said.stderr).toMatch(/^greyctl: /m)
  expect(said.stderr).not.toMatch(/^\s+at .*\(.*:\d+:\d+\)/m)
  expect(await snapshot(machine)).toBe(before)
  expect(await leftovers(machine)).toBe(left)
}

describe
  .skipIf(inject('labRefused'))
  .concurrent('what install says when it cannot, with nothing half done', () => {
    it(
      'without root',
      onMachine('server', async (machine) => {
        const before = await snapshot(machine)
        for (const command of ['install --yes', 'install', 'uninstall --yes']) {
          const ran = await machine.run(
            `su -s /bin/sh nobody -c 'PATH=$PATH:/opt/node/bin; ${GREYCTL} ${command}'`,
          )
          expect(ran.code).toBe(3)
          expect(ran.stderr).toMatch(/needs root/)
          expect(ran.stderr).toMatch(/sudo/)
        }
        expect(await snapshot(machine)).toBe(before)
      }),
    )

    it(
      'without Postfix',
      onMachine('init', async (machine) => {
        await expectRefused(machine, {
          exit: 3,
          code: 'postfix-missing',
          message: /Postfix is not installed/,
          hint: /--with-postfix/,
        })
      }),
    )

    it(
      'a question that cannot be asked',
      onMachine('server', async (machine) => {
        await expectRefused(
          machine,
          { exit: 2, code: 'usage', message: /no terminal/, hint: /--yes/ },
          'install --delay 1',
        )
      }),
    )

    it(
      'a main.cf that does not parse: the line is named',
      onMachine('server', async (machine) => {
        await machine.ok(
          `cd /etc/postfix; printf 'this is no setting\\n' >>main.cf; wc -l <main.cf >/root/line`,
        )
        const line = (await machine.ok('cat /root/line')).trim()
        await expectRefused(machine, {
          exit: 1,
          code: 'config-invalid',
          message: /./,
          where: `/etc/postfix/main.cf:${line}`,
          hint: /./,
        })
      }),
    )

    it(
      'a restriction class named like ours',
      onMachine('server', async (machine) => {
        await machine.ok(
          `postconf -e smtpd_restriction_classes=greyctl_check 'greyctl_check = reject_unknown_client_hostname'; postfix reload`,
        )
        const line = (await machine.ok(`grep -n '^greyctl_check' /etc/postfix/main.cf`)).split(':')[0]
        await expectRefused(machine, {
          exit: 1,
          code: 'name-taken',
          message: /greyctl_check/,
          where: `/etc/postfix/main.cf:${line}`,
          hint: /./,
        })
      }),
    )

    it(
      'port 10023 taken',
      onMachine('server', async (machine) => {
        await machine.ok(`setsid node -e 'require("net").createServer().listen(10023, "127.0.0.1")' </dev/null >/dev/null 2>&1 &
       n=0; until ss -Hltn sport = :10023 | grep -q .; do n=$((n + 1)); [ $n -lt 50 ] || exit 1; sleep 0.1; done`)
        await expectRefused(machine, {
          exit: 1,
          code: 'port-taken',
          message: /inet:127\.0\.0\.1:10023 already: (node|MainThread), process \d+/,
          hint: /--listen/,
        })
      }),
    )

    it.each([
      ['for the checkpoint', '/var/lib', 'size=16k'],
      ['for the configuration', '/etc/greyctl', 'size=4k'],
    ])(
      'no space left %s',
      onMachine('server', async (machine, _, directory, size) => {
        await machine.ok(`mkdir -p ${directory}; mount -t tmpfs -o ${size},mode=755 tmpfs ${directory}
       dd if=/dev/zero of=${directory}/full bs=1k 2>/dev/null; true`)
        await expectRefused(machine, {
          exit: 1,
          code: 'no-space',
          message: /room|space left/,
          where: directory,
          hint: /free there/,
        })
        await expectWorksAfter(machine, `umount ${directory}; rmdir /etc/greyctl 2>/dev/null; true`)
      }),
    )

    it(
      'a read-only /etc',
      onMachine('server', async (machine) => {
        await machine.ok('mount --bind /etc /etc && mount -o remount,bind,ro /etc')
        await expectRefused(machine, {
          exit: 1,
          code: 'read-only',
          message: /read-only/,
          where: /^\/etc\//,
          hint: /remount,rw/,
        })
        await expectWorksAfter(machine, 'umount /etc')
      }),
    )

    it(
      "a Node.js in somebody's home, which no service could start",
      onMachine('server', async (machine) => {
        await machine.ok('mkdir -p /home/alice/node/bin; cp /opt/node/bin/node /home/alice/node/bin')
        const before = await snapshot(machine)
        const ran = await machine.run(`PATH=/home/alice/node/bin:$PATH ${GREYCTL} install --yes`)
        expect(ran.code).toBe(1)
        expect(ran.stderr).toMatch(/\/home\/alice\/node\/bin\/node: .*home/)
        expect(await snapshot(machine)).toBe(before)
      }),
    )

    it(
      'an edit of the administrator while install asks',
      onMachine('server', async (machine) => {
        const asking = machine.start(
          `TERM=dumb script -qec '${GREYCTL} install --backend bundled --no-selective --store local --delay 1' /dev/null`,
        )
        await until(() => asking.output().includes('Make these changes?'))
        await machine.ok(`echo '# edited meanwhile' >>/etc/postfix/main.cf`)
        const edited = await snapshot(machine)
        asking.write('y\r')
        const { code, stdout } = await asking.done
        expect(stdout).toMatch(/\/etc\/postfix\/main\.cf: .*(edited|changed)/)
        expect(code).toBe(1)
        expect(await snapshot(machine)).toBe(edited)
        expect(await leftovers(machine)).toBe('')
        await expectWorksAfter(machine, 'true')
      }),
    )

    it(
      '"no" at the question, and Ctrl-C there',
      onMachine('server', async (machine) => {
        const before = await snapshot(machine)
        for (const answer of ['n\r', '\r', '\u0003']) {
          const asking = machine.start(
            `TERM=dumb script -qec '${GREYCTL} install --backend bundled --no-selective --store local --delay 1' /dev/null`,
          )
          await until(() => asking.output().includes('Make these changes?'))
          asking.write(answer)
          const { stdout } = await asking.done
          expect(stdout).toMatch(/nothing was changed/)
          expect(await snapshot(machine)).toBe(before)
          expect(await leftovers(machine)).toBe('')
        }
      }),
    )
  })

describe.skipIf(inject('labRefused')).concurrent('install interrupted', () => {
  const command = `${GREYCTL} install --yes --delay 20`
  const kill = (signal: string) => `pkill -${signal} -f '[b]in/run.js install'`

  it.each([
    ['while it reads', undefined],
    ['while the service starts', 'start the daemon'],
    ['while the candidate is tried', 'see that the daemon stays up'],
    ['while main.cf is wired', 'wire greylisting into'],
    ['while it waits for the retry', 'reload Postfix'],
  ])(
    'Ctrl-C %s: the machine is as before',
    onMachine('server', async (machine, _, step) => {
      const before = await snapshot(machine)
      const install = machine.start(command)
      if (step === undefined)
        await until(async () => (await machine.run(`pgrep -f '[b]in/run.js install'`)).code === 0)
      else await until(() => install.output().includes(step))
      if (step === 'reload Postfix') await pause(6)
      await machine.ok(kill('INT'))
      const { code, stderr } = await install.done
      if (step === undefined) expect([1, 130]).toContain(code)
      else {
        expect(code, stderr).toBe(1)
        expect(stderr).toMatch(/interrupted \(SIGINT\)/)
        expect(stderr).toMatch(/everything was put back as it was/)
      }
      expect(await snapshot(machine)).toBe(before)
      expect(await leftovers(machine)).toBe('')
      expect(await send(machine, STRANGER)).toMatchObject({ code: 250 })
    }),
  )

  it.each([
    ['before main.cf is touched', 'start the daemon', 'uninstall --yes'],
    ['after main.cf was wired', 'reload Postfix', 'uninstall --yes'],
    ['after main.cf was wired', 'reload Postfix', 'install --yes --delay 1'],
  ])(
    'kill -9 %s (%s), then %s: repaired',
    onMachine('server', async (machine, _, step, next) => {
      const before = await snapshot(machine)
      const install = machine.start(command)
      await until(() => install.output().includes(step))
      await machine.ok(kill('KILL'))
      await install.done
      expect(await snapshot(machine)).not.toBe(before)
      const mail = await send(machine, STRANGER)
      expect([250, 450]).toContain(mail.code)
      const { code, stdout, stderr } = await machine.run(`${GREYCTL} ${next}`)
      expect(stderr).toMatch(/undid .*install, which had been interrupted/)
      expect(code, stderr).toBe(0)
      if (next.startsWith('install')) {
        expect(stdout).toContain('greylisting works')
        expect(await send(machine, { ...STRANGER, from: 'again@outside.example' })).toMatchObject({
          code: 450,
        })
        await machine.ok(`${GREYCTL} uninstall --yes`)
      }
      expect(await snapshot(machine)).toBe(before)
      expect(await leftovers(machine)).toBe('')
      expect(await send(machine, { ...STRANGER, from: 'last@outside.example' })).toMatchObject({ code: 250 })
    }),
  )
})

/** The cause removed, the same command does its work, and undoes it. */
async function expectWorksAfter(machine: Machine, remedy: string): Promise<void> {
  await machine.ok(remedy)
  const before = await snapshot(machine)
  const ran = await machine.run(`${GREYCTL} install --yes --delay 1 --no-proof`)
  expect(ran.code, ran.stderr).toBe(0)
  await machine.ok(`${GREYCTL} uninstall --yes`)
  expect(await snapshot(machine)).toBe(before)
}

async function until(holds: () => boolean | Promise<boolean>, seconds = 60): Promise<void> {
  const end = Date.now() + seconds * 1000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`still not so after ${seconds} s: ${holds}`)
    await pause(0.05)
  }
}
