import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { boot, type Machine, onMachine } from './lab.js'
import { GREYCTL, json, leftovers, type Mail, mailbox, send, sendScript, snapshot } from './server.js'

const OUTSIDER = '203.0.113.99'
const ALICE = 'alice@example.test'
const FIRST: Mail = { client: OUTSIDER, from: 'first@outside.example', to: [ALICE], subject: 'first' }
const PAIR: Mail = {
  client: '198.51.100.10',
  from: 'pair@good.example',
  to: [ALICE, 'bob@example.test'],
  subject: 'pair',
}
const DELAY = 4

const seconds = (n: number) => new Promise((resolve) => setTimeout(resolve, n * 1000))

/** The tutorial, step by step on one server: the tests build on each other. */
describe.skipIf(inject('labRefused'))('greylisting on a real Debian mail server', () => {
  let machine: Machine
  let etcBefore = ''
  const mainPid = () => machine.ok('systemctl show -p MainPID --value greyctl').then((text) => text.trim())
  // counted by Postfix itself
  const reloads = () => machine.ok(`grep -c 'reload -- version' /var/log/mail.log || true`)
  const checkpoints = () => machine.ok('ls /var/lib/greyctl/checkpoints')

  beforeAll(async () => {
    machine = await boot('server')
    etcBefore = await snapshot(machine)
  })
  afterAll(() => machine?.end())

  it('before: mail from anywhere is accepted at once', async () => {
    expect(
      await send(machine, { ...FIRST, from: 'before@outside.example', subject: 'before' }),
    ).toMatchObject({
      code: 250,
    })
    expect(await mailbox(machine, 'alice', 'before')).not.toContain('X-Greylist')
  })

  it('one command installs greylisting and proves it', async () => {
    const { code, stdout, stderr } = await machine.run(`cd /; ${GREYCTL} install --yes --delay ${DELAY}`)
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('✓ greylisting works')
    expect(stdout).toMatch(/✓ first mail from an unknown client +250 accepted +450 deferred/)
    expect(stdout).toMatch(new RegExp(`✓ its retry after ${DELAY} seconds +– +250 accepted`))
    expect(stdout).not.toContain('\u001b')
    expect(await machine.ok('systemctl is-active greyctl.service greyctl.socket')).toBe('active\nactive\n')
    expect(await machine.ok('systemctl is-enabled greyctl.service greyctl.socket')).toBe('enabled\nenabled\n')
    expect(await machine.ok('stat -c %U /proc/$(systemctl show -p MainPID --value greyctl)')).toBe(
      'greyctl\n',
    )
  })

  it('a first mail is deferred, and an early retry told how long to wait', async () => {
    const first = await send(machine, FIRST)
    expect(first).toMatchObject({ code: 450 })
    expect(first.text).toMatch(/^4\.2\.0 <alice@example\.test>: .*Greylisted/)
    await seconds(1)
    const early = await send(machine, FIRST)
    expect(early.code).toBe(450)
    expect(Number(/ (\d+) second/.exec(early.text)?.[1])).toBeLessThanOrEqual(DELAY - 1)
  })

  it('the retry after the delay is accepted and delivered, with one X-Greylist header', async () => {
    await seconds(DELAY)
    expect(await send(machine, FIRST)).toMatchObject({ code: 250 })
    const mails = await mailbox(machine, 'alice', 'first')
    expect(mails.match(/^X-Greylist: .*$/gm)).toEqual([expect.stringMatching(/delayed \d+ seconds? by/)])
    const next = { ...FIRST, subject: 'next' }
    expect(await send(machine, next)).toMatchObject({ code: 250 })
  })

  it('two recipients in one message: both are greylisted, and the mail gets one header', async () => {
    expect(await send(machine, PAIR)).toMatchObject({ code: 450 })
    await machine.ok('rm -f /var/mail/alice /var/mail/bob')
    await seconds(DELAY + 1)
    expect(await send(machine, PAIR)).toMatchObject({ code: 250 })
    for (const user of ['alice', 'bob']) {
      expect((await mailbox(machine, user, 'pair')).match(/^X-Greylist: /gm)).toHaveLength(1)
    }
  })

  it('relaying stays refused to outsiders and allowed to the own network', async () => {
    const relay = await send(machine, { ...FIRST, to: ['someone@elsewhere.example'] })
    expect([454, 554]).toContain(relay.code)
    expect(relay.text).toContain('Relay access denied')
    const own = { client: '127.0.0.1', from: 'bob@example.test' }
    expect(await send(machine, { ...own, to: ['someone@elsewhere.example'] })).toMatchObject({ code: 250 })
    expect(await send(machine, { ...own, to: [ALICE], subject: 'own' })).toMatchObject({ code: 250 })
    expect(await mailbox(machine, 'alice', 'own')).toContain('Subject: own')
  })

  it('clients over IPv6 and bounces are greylisted too', async () => {
    const six = { client: '2001:db8:77::10', from: 'six@good.example', to: [ALICE] }
    expect(await send(machine, six)).toMatchObject({ code: 450, text: expect.stringContaining('Greylisted') })
    const bounce = { client: '198.51.100.77', from: '<>', to: ['bob@example.test'] }
    expect(await send(machine, bounce)).toMatchObject({
      code: 450,
      text: expect.stringContaining('Greylisted'),
    })
  })

  describe('greyctl verify', () => {
    const counts = { greylisted: 5, passed: 3, neverRetried: 2, earlyRetries: 1 }

    it('says that it works, from the log where this host keeps it', async () => {
      const { code, document } = await json(machine, 'verify')
      expect(document).toMatchObject({ verdict: 'working', counts })
      expect(code).toBe(0)
      expect(document.delay.median).toBeGreaterThanOrEqual(DELAY)
      expect(document.delay.max).toBeLessThan(60)
      expect(document.examples[0]).toMatchObject({ recipient: expect.stringContaining('example.test') })
    })

    it("from Postfix's lines alone", async () => {
      await machine.ok(`grep -v ' greyctl\\[' /var/log/mail.log >/root/postfix.log`)
      const { code, document } = await json(machine, 'verify --log /root/postfix.log')
      expect(document).toMatchObject({ verdict: 'working', counts })
      expect(code).toBe(0)
    })

    it("from the daemon's lines alone", async () => {
      await machine.ok(`grep ' greyctl\\[' /var/log/mail.log >/root/daemon.log`)
      const { code, document } = await json(machine, 'verify --log /root/daemon.log')
      expect(document).toMatchObject({ verdict: 'working', counts })
      expect(code).toBe(0)
    })

    it('from the journal, where there are no files', async () => {
      await machine.ok(
        'mkdir /root/logs; systemctl stop syslog.socket rsyslog; mv /var/log/mail.* /var/log/syslog* /root/logs',
      )
      for (const command of ['verify', 'verify --journal']) {
        const { code, document } = await json(machine, command)
        expect(document).toMatchObject({ verdict: 'working', counts })
        expect(code).toBe(0)
      }
      await machine.ok('mv /root/logs/* /var/log; systemctl start rsyslog')
    })
  })

  it('a second install has nothing to do, and disturbs nobody', async () => {
    const before = [await mainPid(), await reloads(), await checkpoints(), await snapshot(machine)]
    const text = await machine.ok(`${GREYCTL} install --yes`)
    expect(text).toContain('nothing to do')
    const { code, document } = await json(machine, `install --yes --delay ${DELAY}`)
    expect(document).toMatchObject({ changed: false, checkpoint: null, diff: '', steps: [], delay: DELAY })
    expect(code).toBe(0)
    expect([await mainPid(), await reloads(), await checkpoints(), await snapshot(machine)]).toEqual(before)
  })

  it('the daemon killed: mail flows, and it comes back with its triplets', async () => {
    const before = await mainPid()
    await machine.ok('systemctl kill -s KILL greyctl.service')
    expect(await send(machine, FIRST)).toMatchObject({ code: 250 })
    expect([250, 450]).toContain((await send(machine, { ...FIRST, from: 'killed@outside.example' })).code)
    await machine.ok(
      'n=0; until systemctl is-active -q greyctl; do n=$((n + 1)); [ $n -lt 50 ] || exit 1; sleep 0.2; done',
    )
    expect(await mainPid()).not.toBe(before)
    expect(await send(machine, { ...FIRST, from: 'new@outside.example' })).toMatchObject({ code: 450 })
    expect(await send(machine, PAIR)).toMatchObject({ code: 250 })
  })

  it('killed again and again in the middle of mail: never a refusal for good, never a 451', async () => {
    const script = `for n in 1 2 3 4 5 6; do systemctl kill -s KILL greyctl.service; ${sendScript(FIRST)}; done`
    const transcript = await machine.ok(script)
    const answers = [...transcript.matchAll(/^<(?:\*\*|- ) +(\d{3}) /gm)].map(([, code]) => Number(code))
    expect(answers.filter((code) => code >= 400)).toEqual([])
    expect(transcript.match(/queued as/g)).toHaveLength(6)
    expect(await machine.ok('sleep 2; systemctl is-active greyctl.service greyctl.socket')).toBe(
      'active\nactive\n',
    )
  })

  it('restarted while mail comes in: nobody is refused', async () => {
    const troubles = `journalctl -o cat -t postfix/smtpd | grep -c 'problem talking to server' || true`
    const before = await machine.ok(troubles)
    const transcript = await machine.ok(
      `for n in 1 2 3 4; do systemctl restart greyctl; sleep 0.3; done &
       for n in 1 2 3 4 5 6 7 8; do ${sendScript(FIRST)}; done; wait`,
    )
    expect(transcript.match(/queued as/g)).toHaveLength(8)
    expect(transcript).not.toMatch(/^<\*\*/m)
    expect(await machine.ok(troubles)).toBe(before)
  })

  it('stopped altogether: greylisting fails open within seconds', async () => {
    await machine.ok('systemctl stop greyctl.socket greyctl.service')
    const started = Date.now()
    expect(await send(machine, { ...FIRST, from: 'open@outside.example' })).toMatchObject({ code: 250 })
    expect(Date.now() - started).toBeLessThan(15_000)
    await machine.ok('systemctl start greyctl.socket greyctl.service')
    expect(await send(machine, { ...FIRST, from: 'shut@outside.example' })).toMatchObject({ code: 450 })
  })

  it('the service is confined', async () => {
    const exposure = await machine.ok('systemd-analyze security greyctl.service --no-pager')
    expect(Number(/exposure level for greyctl\.service: ([\d.]+)/.exec(exposure)?.[1])).toBeLessThan(1.5)
  })

  it('uninstall leaves no trace, and mail is accepted at once again', async () => {
    const { code, stdout, stderr } = await machine.run(`${GREYCTL} uninstall --yes`)
    expect(code, stderr).toBe(0)
    expect(stdout).toContain('greylisting is out')
    expect(await snapshot(machine)).toBe(etcBefore)
    expect(await leftovers(machine)).toBe('')
    const units = ['list-unit-files', 'list-units'].map(
      (list) => `systemctl ${list} --all --no-legend greyctl.*`,
    )
    expect(await machine.ok(units.join('; '))).toBe('')
    expect(await send(machine, { ...FIRST, from: 'after@outside.example' })).toMatchObject({ code: 250 })
    expect((await machine.run(`${GREYCTL} uninstall --yes`)).code).toBe(0)
  })

  it('works from a checkout in the home of root, which the service must not see', async () => {
    await machine.ok('cp -a /opt/greyctl /root/greyctl')
    const { code, stderr } = await machine.run('/root/greyctl/bin/greyctl install --yes --delay 1')
    expect(code, stderr).toBe(0)
    expect(await machine.ok('nsenter -m -t $(systemctl show -p MainPID --value greyctl) ls -A /root')).toBe(
      '',
    )
    expect(await send(machine, { ...FIRST, from: 'home@outside.example' })).toMatchObject({ code: 450 })
    await machine.ok('systemctl restart greyctl && /root/greyctl/bin/greyctl uninstall --yes')
    expect(await snapshot(machine)).toBe(etcBefore)
  })
})

describe.skipIf(inject('labRefused'))('a fresh machine with systemd and Node.js, and nothing else', () => {
  // verify looks at a first mail before its delay is over, on a busy machine, too
  const PATIENT = 6
  let machine: Machine
  beforeAll(async () => {
    machine = await boot('init')
  })
  afterAll(() => machine?.end())

  it('gets Postfix and greylisting with one command', async () => {
    const install = await machine.run(`cd /; ${GREYCTL} install --with-postfix --yes --delay ${PATIENT}`, {
      timeout: 300,
    })
    expect(install.code, install.stderr).toBe(0)
    expect(install.stdout).toContain('✓ greylisting works')
    expect(await json(machine, 'install --yes --with-postfix')).toMatchObject({
      code: 0,
      document: { changed: false },
    })
  })

  it('where only the journal keeps a log, verify reads that', async () => {
    await machine.ok(
      'apt-get install -y -qq --no-install-recommends swaks >/dev/null 2>&1; useradd -m alice',
      {
        timeout: 300,
      },
    )
    const mail = { ...FIRST, to: ['alice@localhost'] }
    expect(await send(machine, mail)).toMatchObject({ code: 450 })
    expect(await json(machine, 'verify')).toMatchObject({ code: 4, document: { verdict: 'waiting' } })
    await seconds(PATIENT + 1)
    expect(await send(machine, mail)).toMatchObject({ code: 250 })
    expect(await json(machine, 'verify')).toMatchObject({
      code: 0,
      document: { verdict: 'working', counts: { greylisted: 1, passed: 1 } },
    })
  })

  it('uninstall leaves Postfix, and no trace of greyctl', async () => {
    await machine.ok(`${GREYCTL} uninstall --yes`)
    expect(await leftovers(machine)).toBe('')
    await machine.ok('postfix status')
  })
})

describe.skipIf(inject('labRefused')).concurrent('other choices', () => {
  it(
    'a unix socket in the queue directory, as a chrooted smtpd needs it',
    onMachine('server', async (machine) => {
      const before = await snapshot(machine)
      const path = '/var/spool/postfix/private/greyctl'
      const { code, document } = await json(machine, `install --yes --delay 2 --listen unix:${path}`)
      expect(document).toMatchObject({ changed: true, listen: `unix:${path}` })
      expect(document.proof.every(({ ok }: { ok: boolean }) => ok)).toBe(true)
      expect(code).toBe(0)
      expect(await machine.ok('postconf -h greyctl_check')).toContain('unix:private/greyctl')
      expect(await send(machine, FIRST)).toMatchObject({ code: 450 })
      await machine.ok('systemctl restart greyctl')
      await seconds(2)
      expect(await send(machine, FIRST)).toMatchObject({ code: 250 })
      await machine.ok(`${GREYCTL} uninstall --yes`)
      expect(await snapshot(machine)).toBe(before)
      expect(await leftovers(machine)).toBe('')
    }),
  )

  it(
    'learning defers nobody, until a later install says so; main.cf stays as it is',
    onMachine('server', async (machine) => {
      const learn = await json(machine, 'install --yes --learn --delay 2')
      expect(learn).toMatchObject({ code: 0, document: { changed: true, learn: true } })
      expect(await send(machine, FIRST)).toMatchObject({ code: 250 })
      await machine.ok(
        `for n in 1 2 3 4 5 6 7 8 9; do journalctl -o cat -t greyctl | grep 'sender=first@outside' && exit 0; sleep 0.2; done; exit 1`,
      )
      const mainCf = await machine.ok('cat /etc/postfix/main.cf')
      const earnest = await json(machine, 'install --yes --no-learn --delay 2')
      expect(earnest).toMatchObject({ code: 0, document: { changed: true, learn: false } })
      expect(await machine.ok('cat /etc/postfix/main.cf')).toBe(mainCf)
      expect(await send(machine, { ...FIRST, client: '198.51.100.77' })).toMatchObject({ code: 450 })
    }),
  )

  it(
    'another delay, and back to the first with rollback; the triplets stay',
    onMachine('server', async (machine) => {
      await machine.ok(`${GREYCTL} install --yes --delay 2 --no-proof`)
      await send(machine, FIRST)
      await seconds(3)
      expect(await send(machine, FIRST)).toMatchObject({ code: 250 })
      const before = await snapshot(machine)
      const longer = await json(machine, 'install --yes --delay 600 --no-proof')
      expect(longer).toMatchObject({ code: 0, document: { changed: true, delay: 600 } })
      expect(longer.document.diff).toContain('--delay=600')
      expect(await send(machine, FIRST)).toMatchObject({ code: 250 })
      const other = { ...FIRST, from: 'other@outside.example' }
      expect((await send(machine, other)).text).toMatch(/ (600|599|10 min)/)
      expect(await json(machine, 'rollback --yes')).toMatchObject({ code: 0 })
      expect(await snapshot(machine)).toBe(before)
      await seconds(2)
      expect(await send(machine, other)).toMatchObject({ code: 250 })
      expect(await send(machine, FIRST)).toMatchObject({ code: 250 })
    }),
  )
})

/** main.cf as people keep it. Each is what a working Debian main.cf becomes. */
const VARIANTS: Record<string, string> = {
  'a folded list with comments': `postconf -X smtpd_recipient_restrictions; cat >>main.cf <<'CF'
smtpd_recipient_restrictions =
   permit_mynetworks,
# authenticated users
   permit_sasl_authenticated,

   # no open relay
   reject_unauth_destination
\treject_unauth_pipelining ,
CF`,
  'a list that ends with permit': `postconf -e 'smtpd_recipient_restrictions = permit_mynetworks reject_unauth_destination permit'`,
  'tabs and odd spacing': `printf 'smtpd_recipient_restrictions\\t=\\tpermit_mynetworks,\\t\\treject_unauth_destination  \\t\\n' >>main.cf`,
  'Windows line ends': `sed -i 's/$/\\r/' main.cf`,
  'no line end at the end': `printf '# last' >>main.cf`,
  'a link to a file elsewhere': `mkdir -p /etc/mail-config; mv main.cf /etc/mail-config/real.cf; ln -s ../mail-config/real.cf main.cf`,
  'mode 0600 and another group': `chown root:adm main.cf; chmod 0600 main.cf`,
  'a list named twice': `printf 'smtpd_recipient_restrictions = reject\\nsmtpd_recipient_restrictions = permit_mynetworks reject_unauth_destination\\n' >>main.cf`,
  'an expert mode with its own relay guard only': `postconf -e 'smtpd_relay_restrictions =' 'smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, reject_unlisted_recipient'`,
}

describe.skipIf(inject('labRefused'))('main.cf as people keep it: wired, and put back byte for byte', () => {
  it.concurrent.each(Object.entries(VARIANTS))(
    '%s',
    onMachine('server', async (machine, _name, script) => {
      await machine.ok(`cd /etc/postfix; ${script}
      postfix check && postfix reload 2>&1; sleep 0.5`)
      const before = await snapshot(machine)
      const metadata = `stat -L -c '%a %U:%G' /etc/postfix/main.cf; readlink /etc/postfix/main.cf || true`
      const original = await machine.ok(metadata)
      const install = await machine.run(`${GREYCTL} install --yes --no-proof --delay 60`)
      expect(install.code, install.stderr).toBe(0)
      expect(await machine.ok(metadata)).toBe(original)
      expect(await send(machine, FIRST)).toMatchObject({
        code: 450,
        text: expect.stringContaining('Greylisted'),
      })
      const relay = await send(machine, { ...FIRST, to: ['someone@elsewhere.example'] })
      expect(relay.text).toContain('Relay access denied')
      await machine.ok(`${GREYCTL} uninstall --yes`)
      expect(await snapshot(machine)).toBe(before)
    }),
  )
})
