import { describe, expect, inject, it } from 'vitest'
import { type Machine, onMachine } from './lab.js'
import { GREYCTL, json, leftovers, type Mail, mailbox, send, snapshot } from './server.js'

const ALICE = 'alice@example.test'
const FIRST: Mail = { client: '203.0.113.99', from: 'first@outside.example', to: [ALICE], subject: 'first' }
/** A mail server with a name: 198.51.100.10 is mail.good.example (recipe.sh). */
const SERVER: Mail = { client: '198.51.100.10', from: 'list@good.example', to: [ALICE], subject: 'server' }
const DELAY = 3

const seconds = (n: number) => new Promise((resolve) => setTimeout(resolve, n * 1000))
const listens = (machine: Machine) => machine.ok(`ss -Hltn | awk '{print $4}' | grep 1002 || true`)

const UNTIL_LOGGED = `n=0
until grep -q 'Client host rejected: .*come back' /var/log/mail.log; do n=$((n + 1)); [ $n -lt 50 ] || exit 1; sleep 0.2; done`

describe.skipIf(inject('labRefused')).concurrent("Debian's postgrey, as the tutorials have it", () => {
  it(
    'one command installs, configures, wires and proves it; verify reads its lines; uninstall leaves no trace',
    onMachine('server', async (machine) => {
      const before = await snapshot(machine)
      const cache = 'ls /var/cache/apt/archives'
      const cached = await machine.ok(cache)
      const shown = await machine.run(`${GREYCTL} install --backend postgrey --dry-run`)
      expect(shown, shown.stderr).toMatchObject({ code: 0, stdout: expect.stringContaining('--delay=60') })
      expect(shown.stdout).toMatch(/apt-get .*install .*postgrey/)
      expect(await machine.ok(cache)).toBe(cached)
      expect(await snapshot(machine)).toBe(before)
      const install = await json(machine, `install --backend postgrey --yes --delay ${DELAY}`)
      expect(install, install.stderr).toMatchObject({
        code: 0,
        document: { changed: true, backend: 'postgrey' },
      })
      expect(install.document.proof.every(({ ok }: { ok: boolean }) => ok)).toBe(true)
      expect(await machine.ok('grep ^POSTGREY_OPTS /etc/default/postgrey')).toBe(
        `POSTGREY_OPTS="--inet=127.0.0.1:10023 --delay=${DELAY}"\n`,
      )
      expect(await machine.ok('systemctl is-active postgrey; systemctl is-enabled postgrey')).toBe(
        'active\nenabled\n',
      )
      expect(await machine.run('test -e /usr/sbin/policy-rc.d')).toMatchObject({ code: 1 })

      expect(await send(machine, FIRST)).toMatchObject({
        code: 450,
        text: expect.stringContaining('Greylisted'),
      })
      await seconds(DELAY + 1)
      expect(await send(machine, FIRST)).toMatchObject({ code: 250 })
      expect(await mailbox(machine, 'alice', 'first')).toMatch(
        /^X-Greylist: delayed \d+ seconds by postgrey-/m,
      )
      await machine.ok(
        'n=0; until grep -q "postgrey\\[.*triplet found" /var/log/mail.log; do n=$((n+1)); [ $n -lt 50 ]; sleep 0.2; done',
      )
      expect(await json(machine, 'verify')).toMatchObject({
        code: 0,
        document: { verdict: 'working', counts: { greylisted: 1, passed: 1 } },
      })
      expect(await json(machine, 'install --backend postgrey --yes')).toMatchObject({
        code: 0,
        document: { changed: false, delay: DELAY },
      })
      // the tutorial's second problem, and its first: it stops when told so, and mail flows meanwhile
      await machine.ok('systemctl stop postgrey')
      expect(await send(machine, { ...FIRST, from: 'open@outside.example' })).toMatchObject({ code: 250 })
      await machine.ok('systemctl start postgrey')

      const out = await machine.run(`${GREYCTL} uninstall --yes`)
      expect(out.code, out.stderr).toBe(0)
      expect(await snapshot(machine)).toBe(before)
      expect(await leftovers(machine)).toBe('')
      expect(
        await machine.ok(
          'ls -d /var/lib/postgrey 2>/dev/null; getent passwd postgrey; dpkg -l postgrey 2>/dev/null | grep ^ii; true',
        ),
      ).toBe('')
      expect(await send(machine, { ...FIRST, from: 'after@outside.example' })).toMatchObject({ code: 250 })
    }),
  )

  it(
    'a postgrey that is there gets what it needs in its own file, and gets it back byte for byte',
    onMachine('server', async (machine) => {
      await machine.ok('apt-get install -y -qq postgrey >/dev/null 2>&1', { timeout: 300 })
      await machine.ok(`sed -i 's/^POSTGREY_OPTS=.*/POSTGREY_OPTS="--inet=10023 --max-age=40"/' /etc/default/postgrey
        echo 'POSTGREY_TEXT="Please come back in a while"' >>/etc/default/postgrey; systemctl restart postgrey`)
      const before = await snapshot(machine)
      const install = await json(machine, `install --backend postgrey --selective --yes --delay ${DELAY}`)
      expect(install, install.stderr).toMatchObject({ code: 0, document: { selective: true } })
      expect(install.document.proof.every(({ ok }: { ok: boolean }) => ok)).toBe(true)
      expect(await send(machine, FIRST)).toMatchObject({
        code: 450,
        text: expect.stringContaining('Please come back in a while'),
      })
      expect(await send(machine, SERVER)).toMatchObject({ code: 250 })
      // a restriction class is called from a table of clients: "Client host rejected", and no triplet of postgrey's lines
      await machine.ok(UNTIL_LOGGED)
      const { document } = await json(machine, 'verify --log /var/log/mail.log')
      expect(document).toMatchObject({ verdict: 'waiting', counts: { greylisted: 1 } })
      const all = await json(machine, 'install --no-selective --yes')
      expect(all, all.stderr).toMatchObject({
        code: 0,
        document: { changed: true, selective: false, backend: 'postgrey' },
      })
      expect(await send(machine, { ...SERVER, from: 'other@good.example' })).toMatchObject({ code: 450 })
      expect(await machine.run('test -e /etc/postfix/check_client_greylist')).toMatchObject({ code: 1 })
      await machine.ok(`${GREYCTL} uninstall --yes`)
      expect(await snapshot(machine)).toBe(before)
      expect(await machine.ok('systemctl is-active postgrey')).toBe('active\n')
    }),
  )

  it(
    'without a way to its package: a clear error, and nothing changed',
    onMachine('server', async (machine) => {
      await machine.ok(
        `rm -rf /var/cache/apt/archives/*.deb; echo 'Acquire::Retries "0";' >/etc/apt/apt.conf.d/99lab`,
      )
      const before = await snapshot(machine)
      const { code, document } = await json(machine, 'install --backend postgrey --yes')
      expect(code).toBe(3)
      expect(document.error).toMatchObject({ code: 'program-missing' })
      expect(document.error.message).toContain('postgrey cannot be fetched')
      expect(await snapshot(machine)).toBe(before)
      expect(await leftovers(machine)).toBe('')
    }),
  )

  it(
    'changing over with db5.3-util: nobody who is known is asked again, there or back',
    onMachine('server', async (machine) => {
      await machine.ok('apt-get install -y -qq --no-install-recommends db5.3-util >/dev/null 2>&1')
      await machine.ok(`${GREYCTL} install --yes --delay ${DELAY}`, { timeout: 300 })
      expect(await send(machine, FIRST)).toMatchObject({ code: 450 })
      await seconds(DELAY + 1)
      expect(await send(machine, FIRST)).toMatchObject({ code: 250 })
      const to = await machine.run(`${GREYCTL} install --backend postgrey --yes`, { timeout: 300 })
      expect(to.code, to.stderr).toBe(0)
      expect(to.stderr).toContain('the triplets come along')
      expect(await send(machine, FIRST)).toMatchObject({ code: 250 })
      const second = { ...FIRST, from: 'second@outside.example' }
      expect(await send(machine, second)).toMatchObject({ code: 450 })
      await seconds(DELAY + 1)
      expect(await send(machine, second)).toMatchObject({ code: 250 })
      await machine.ok('rm -rf /var/lib/greyctl/store/*')
      const back = await machine.run(`${GREYCTL} install --backend bundled --yes`, { timeout: 300 })
      expect(back.code, back.stderr).toBe(0)
      for (const mail of [FIRST, second]) expect(await send(machine, mail)).toMatchObject({ code: 250 })
    }),
  )

  it(
    'changing over and back: somebody always answers where Postfix asks',
    onMachine('server', async (machine) => {
      const before = await snapshot(machine)
      await machine.ok(`${GREYCTL} install --yes --delay ${DELAY}`, { timeout: 300 })
      const to = await json(machine, 'install --backend postgrey --yes')
      expect(to, to.stderr).toMatchObject({
        code: 0,
        document: { backend: 'postgrey', delay: DELAY, listen: 'inet:127.0.0.1:10024' },
      })
      expect((await listens(machine)).trim()).toBe('127.0.0.1:10024')
      expect(await send(machine, FIRST)).toMatchObject({ code: 450 })
      const back = await json(machine, 'install --backend bundled --selective --yes')
      expect(back, back.stderr).toMatchObject({
        code: 0,
        document: { backend: 'bundled', listen: 'inet:127.0.0.1:10023' },
      })
      expect((await listens(machine)).trim()).toBe('127.0.0.1:10023')
      expect(await send(machine, { ...FIRST, from: 'second@outside.example' })).toMatchObject({ code: 450 })
      expect(await send(machine, SERVER)).toMatchObject({ code: 250 })
      const refused = await machine.ok(
        `grep -c 'connect to 127.0.0.1:1002[34]: Connection refused' /var/log/mail.log || true`,
      )
      expect(refused.trim()).toBe('0')
      await machine.ok(`${GREYCTL} uninstall --yes`, { timeout: 300 })
      expect(await snapshot(machine)).toBe(before)
      expect(await leftovers(machine)).toBe('')
    }),
  )
})

describe.skipIf(inject('labRefused'))('postgrey without systemd', () => {
  it(
    'stops when it is told to, starts with its options, and goes again',
    onMachine('bare', async (machine) => {
      await machine.ok(
        `export DEBIAN_FRONTEND=noninteractive; apt-get install -y -qq --no-install-recommends postfix swaks rsyslog >/dev/null 2>&1
         useradd -m alice; rsyslogd; postfix start 2>&1
         postconf -e 'mydestination = localhost, example.test' 'mynetworks = 127.0.0.0/8'; postfix reload 2>&1`,
        { timeout: 300 },
      )
      const before = await snapshot(machine)
      const install = await json(machine, `install --backend postgrey --yes --delay ${DELAY}`)
      expect(install, install.stderr).toMatchObject({
        code: 0,
        document: { changed: true, backend: 'postgrey' },
      })
      const pid = (await machine.ok('cat /run/postgrey.pid')).trim()
      const again = await json(machine, `install --yes --delay ${DELAY + 1}`)
      expect(again, again.stderr).toMatchObject({ code: 0, document: { changed: true } })
      expect(await machine.run(`test -e /proc/${pid}`)).toMatchObject({ code: 1 })
      expect(await send(machine, FIRST)).toMatchObject({ code: 450 })
      await seconds(DELAY + 2)
      expect(await send(machine, FIRST)).toMatchObject({ code: 250 })
      expect(await json(machine, 'verify')).toMatchObject({ code: 0, document: { verdict: 'working' } })
      const last = (await machine.ok('cat /run/postgrey.pid')).trim()
      await machine.ok(`${GREYCTL} uninstall --yes`, { timeout: 300 })
      expect(await machine.run(`test -e /proc/${last}`)).toMatchObject({ code: 1 })
      expect(await snapshot(machine)).toBe(before)
      expect(await leftovers(machine)).toBe('')
    }),
  )
})
