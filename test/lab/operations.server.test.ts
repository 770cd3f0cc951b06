import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { boot, type Machine } from './lab.js'
import { GREYCTL, json, send } from './server.js'

const FIRST = { client: '198.51.100.77', from: 'first@outside.example', to: ['alice@example.test'] }
const LOAD = '/opt/greyctl/test/lab/policy-load.mjs'

/** A bug, as a debugger makes one: SIGUSR1 opens Node's inspector, through which the event loop is told to spin. */
const STUCK = `
  pid=$(systemctl show -p MainPID --value greyctl)
  kill -USR1 $pid; sleep 1
  (sleep 1; echo 'exec("setTimeout(() => { for (;;); }, 10)")'; sleep 1; echo .exit) |
    timeout 20 node inspect 127.0.0.1:9229 >/dev/null 2>&1
  begun=$(date +%s%N)
  until new=$(systemctl show -p MainPID --value greyctl); [ "$new" != "$pid" ] && [ "$new" != 0 ] &&
    systemctl is-active -q greyctl; do sleep 0.1; done
  echo $(( ($(date +%s%N) - begun) / 1000000 ))`

describe.skipIf(inject('labRefused'))('the daemon as a service', () => {
  let machine: Machine
  beforeAll(async () => {
    machine = await boot()
    await machine.ok(`${GREYCTL} install --yes --delay 1 --no-proof`, { timeout: 300 })
  })
  afterAll(() => machine?.end())

  it('is confined as tightly as Node.js allows', async () => {
    const exposure = await machine.ok('systemd-analyze security greyctl.service --no-pager')
    expect(Number(/exposure level for greyctl\.service: ([\d.]+)/.exec(exposure)?.[1])).toBeLessThanOrEqual(
      1.2,
    )
  })

  it('tells systemd when it is ready, and what it does', async () => {
    const show = await machine.ok('systemctl show -p Type -p StatusText -p LimitNOFILESoft greyctl')
    expect(show).toContain('Type=notify')
    expect(show).toContain('StatusText=listening on inet:127.0.0.1:10023')
  })

  it('greyctl status shows all of it on one screen', async () => {
    const mail = { ...FIRST, from: 'status@outside.example' }
    expect(await send(machine, mail)).toMatchObject({ code: 450 })
    await machine.ok('sleep 1')
    const { code, document, stderr } = await json(machine, 'status')
    expect(code, stderr).toBe(0)
    expect(document).toMatchObject({
      backend: 'bundled',
      delay: 1,
      service: { running: true, enabled: true },
      endpoint: { address: 'inet:127.0.0.1:10023', outcome: 'answered' },
      postfix: {
        running: true,
        asks: [{ list: 'smtpd_recipient_restrictions', endpoint: 'inet:127.0.0.1:10023' }],
      },
      configuration: { fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/), upToDate: true },
      store: { entries: 1, triplets: 1 },
      recent: {
        deferred: 1,
        failedOpen: 0,
        last: [{ action: 'deferred', sender: 'status@outside.example' }],
      },
    })
    const screen = await machine.ok(`${GREYCTL} status`)
    expect(screen.trim().split('\n').length).toBeLessThan(24)
    expect(screen).toContain('inet:127.0.0.1:10023 answers, after')
    await machine.ok('systemctl stop greyctl.socket greyctl.service')
    expect(await json(machine, 'status')).toMatchObject({
      code: 1,
      document: { service: { running: false }, endpoint: { outcome: 'no-connection' } },
    })
    await machine.ok('systemctl start greyctl.socket greyctl.service')
  })

  it('a reload that fails leaves the old rules in force, and systemd, the metrics and status say so at once', async () => {
    await machine.ok(`printf '[metrics]\nlisten = "inet:127.0.0.1:9323"\n' >>/etc/greyctl/greyctl.toml
      systemctl restart greyctl`)
    const before = (await json(machine, 'status')).document.configuration
    await machine.ok(`cp /etc/greyctl/greyctl.toml /tmp/greyctl.toml
      sed -i '1i dealy = 5' /etc/greyctl/greyctl.toml; systemctl reload greyctl; sleep 1`)
    const { code, document } = await json(machine, 'status')
    expect([code, document.configuration]).toEqual([0, { ...before, upToDate: false }])
    expect(document.service.text).toContain('the last reload failed')
    expect(await machine.ok(`${GREYCTL} status`)).toContain('the last reload failed: greyctl daemon --check')
    const metrics = await machine.ok(
      `node -e "fetch('http://127.0.0.1:9323/metrics').then((a) => a.text()).then((t) => process.stdout.write(t))"`,
    )
    expect(metrics).toContain('greyctl_config_last_reload_successful 0\n')
    expect(metrics).toContain(`greyctl_config_info{hash="${before.fingerprint}"} 1\n`)
    expect((await machine.run(`${GREYCTL} daemon --inet=10023 --check`)).code).not.toBe(0)
    await machine.ok('mv /tmp/greyctl.toml /etc/greyctl/greyctl.toml; systemctl reload greyctl; sleep 1')
    expect((await json(machine, 'status')).document).toMatchObject({
      configuration: { fingerprint: before.fingerprint, upToDate: true },
    })
    await machine.ok(
      `sed -i '/^\\[metrics\\]/,/^listen/d' /etc/greyctl/greyctl.toml; systemctl restart greyctl`,
    )
  })

  it('writes no file but its store, so that there is nothing to rotate', async () => {
    await machine.ok('touch /root/now; sleep 0.1')
    expect(await send(machine, { ...FIRST, from: 'files@outside.example' })).toMatchObject({ code: 450 })
    await machine.ok('systemctl reload greyctl; systemctl restart greyctl')
    expect(await send(machine, { ...FIRST, from: 'more@outside.example' })).toMatchObject({ code: 450 })
    const open = await machine.ok(`pid=$(systemctl show -p MainPID --value greyctl)
      for fd in /proc/$pid/fd/*; do
        grep -q '^flags:.*[12]$' /proc/$pid/fdinfo/\${fd##*/} && readlink $fd
      done | grep '^/' | sort -u`)
    // /dev/null is its standard input, nothing more
    const files = open.trim().split('\n')
    expect(files).toContain('/var/lib/greyctl/store/data.mdb')
    expect(files.filter((file) => !/^\/var\/lib\/greyctl\/store\/|^\/dev\//.test(file))).toEqual([])
    // whatever a user of its name wrote, open or not
    const written = await machine.ok(
      `find / -xdev -type f -newer /root/now -user greyctl ! -path '/proc/*' ! -path '/sys/*' ! -path '/var/lib/greyctl/store/*'`,
    )
    expect(written).toBe('')
    expect(await machine.ok('grep -c "greyctl.*files@outside" /var/log/mail.log')).toMatch(/^[1-9]/)
  })

  it('restarted, reloaded and killed under load: every request is answered, every answered triplet known', async () => {
    const load = machine.start(`node ${LOAD} 10023 18`)
    await machine.ok(`sleep 1
      systemctl kill -s KILL greyctl.service; sleep 1.5
      systemctl reload greyctl; sleep 0.5
      for n in 1 2 3 4 5 6 7 8 9 10; do systemctl restart greyctl; sleep 0.2; done`)
    const { code, stdout, stderr } = await load.done
    expect(code, stderr).toBe(0)
    const counts = JSON.parse(stdout)
    expect(counts).toMatchObject({ unanswered: 0, refused: 0, forgotten: 0, known: counts.answered })
    expect(counts.answered).toBeGreaterThan(1000)
    // eleven interruptions of ten connections
    expect(counts.repeated).toBeGreaterThan(0)
    expect(counts.repeated).toBeLessThanOrEqual(110)
  })

  it('its program replaced under load: the old one goes on, the new one takes over, and nothing is lost', async () => {
    await machine.ok(`mkdir -p /srv/greyctl /etc/systemd/system/greyctl.service.d
      cp -r /opt/greyctl/dist /opt/greyctl/templates /opt/greyctl/package.json /srv/greyctl
      ln -s /opt/greyctl/node_modules /srv/greyctl/node_modules
      start=$(sed -n 's|/opt/greyctl|/srv/greyctl|; s/^ExecStart=//p' /etc/systemd/system/greyctl.service)
      printf '[Service]\nExecStart=\nExecStart=%s\n' "$start" >/etc/systemd/system/greyctl.service.d/moved.conf
      systemctl daemon-reload; systemctl restart greyctl`)
    const load = machine.start(`node ${LOAD} 10023 6`)
    await machine.ok(`sleep 1; cd /srv/greyctl; mv dist dist.old; rm -r dist.old; sleep 1
      cp -r /opt/greyctl/dist dist.new; mv dist.new dist; systemctl restart greyctl; sleep 1`)
    const { code, stdout, stderr } = await load.done
    expect(code, stderr).toBe(0)
    const counts = JSON.parse(stdout)
    expect(counts).toMatchObject({ unanswered: 0, refused: 0, forgotten: 0, known: counts.answered })
    await machine.ok(
      `rm -r /etc/systemd/system/greyctl.service.d; systemctl daemon-reload; systemctl restart greyctl`,
    )
  })

  it('logs JSON where it is told to, and verify reads that in mail.log and in the journal', async () => {
    // the load before was more than the journal takes of one service in half a minute (journald.conf(5) RateLimitBurst)
    await machine.ok(`mkdir -p /etc/systemd/journald.conf.d
      printf '[Journal]\nRateLimitIntervalSec=0\n' >/etc/systemd/journald.conf.d/all.conf
      systemctl restart systemd-journald
      echo 'log-format = "json"' >>/etc/greyctl/greyctl.toml; systemctl restart greyctl`)
    const mail = { ...FIRST, from: 'json@outside.example' }
    expect(await send(machine, mail)).toMatchObject({ code: 450 })
    await machine.ok('sleep 2')
    expect(await send(machine, mail)).toMatchObject({ code: 250 })
    await machine.ok(`n=0; until grep -q 'greyctl.*"reason":"triplet found".*json@outside' /var/log/mail.log; do
      n=$((n+1)); [ $n -lt 50 ] || exit 1; sleep 0.2; done`)
    // without Postfix's lines the daemon's have to tell it all
    await machine.ok(`grep -F ' greyctl[' /var/log/mail.log | grep json@outside >/tmp/daemon.log
      journalctl --sync; journalctl -o json -t greyctl | grep json@outside >/tmp/daemon.journal`)
    for (const log of ['/tmp/daemon.log', '/tmp/daemon.journal']) {
      const { document } = await json(machine, `why json@outside.example --log ${log}`)
      expect(document.moments, log).toMatchObject([
        { what: 'deferred', reason: 'new', client: { address: '198.51.100.77' } },
        { what: 'let through', reason: 'triplet found', recipient: 'alice@example.test' },
      ])
    }
    for (const where of ['', '--journal']) {
      const { document } = await json(machine, `verify ${where}`)
      expect(document.examples, where).toContainEqual(
        expect.objectContaining({ sender: 'json@outside.example' }),
      )
    }
    await machine.ok(`sed -i '/^log-format/d' /etc/greyctl/greyctl.toml; systemctl restart greyctl`)
  })

  it('--check says what its unit keeps away, and is content with what it says to write', async () => {
    await machine.ok(`echo 'may-ask = ["192.0.2.0/24"]' >>/etc/greyctl/greyctl.toml`)
    const { code, stderr } = await machine.run(`${GREYCTL} daemon --inet=10023 --check`)
    expect([code, stderr]).toEqual([2, expect.stringContaining('IPAddressAllow=192.0.2.0/24')])
    await machine.ok(`mkdir -p /etc/systemd/system/greyctl.service.d
      printf '[Service]\nIPAddressAllow=192.0.2.0/24\n' >/etc/systemd/system/greyctl.service.d/override.conf
      systemctl daemon-reload; ${GREYCTL} daemon --inet=10023 --check
      rm -r /etc/systemd/system/greyctl.service.d; sed -i '/^may-ask/d' /etc/greyctl/greyctl.toml; systemctl daemon-reload`)
  })

  it('without the key of --privacy: mail flows, and status, systemd and doctor say what is wrong', async () => {
    await machine.ok(`echo 'privacy = true' >>/etc/greyctl/greyctl.toml; systemctl restart greyctl
      chmod 0 /var/lib/greyctl/store/privacy.key; systemctl restart greyctl`)
    expect(await send(machine, { ...FIRST, from: 'keyless@outside.example' })).toMatchObject({ code: 250 })
    const { code, document } = await json(machine, 'status')
    expect(code).toBe(1)
    expect(document.service.text).toMatch(/^not greylisting: the key of --privacy cannot be used: EACCES/)
    const doctor = await json(machine, 'doctor')
    expect(doctor.document.findings).toContainEqual(
      expect.objectContaining({ id: 'db-permission', detail: expect.stringContaining('privacy.key') }),
    )
    await machine.ok('chmod 600 /var/lib/greyctl/store/privacy.key; sleep 3')
    expect(await send(machine, { ...FIRST, from: 'key@outside.example' })).toMatchObject({ code: 450 })
    await machine.ok(`sed -i '/^privacy/d' /etc/greyctl/greyctl.toml; systemctl restart greyctl`)
  })

  it('changes its store for the command line, as root alone can ask for', async () => {
    const mail = { ...FIRST, from: 'forgotten@outside.example' }
    expect(await send(machine, mail)).toMatchObject({ code: 450 })
    expect(await json(machine, 'store show forgotten@outside.example')).toMatchObject({
      document: { total: 1 },
    })
    await machine.ok('sleep 1')
    expect(await json(machine, 'store forget forgotten@outside.example')).toMatchObject({
      document: { removed: 1 },
    })
    expect(await send(machine, mail)).toMatchObject({ code: 450 })
    const user = await machine.run(
      `setpriv --reuid nobody --regid nogroup --clear-groups ${GREYCTL} store forget --all`,
    )
    expect(user.code, user.stderr).not.toBe(0)
  })

  it('stuck: noticed, and anew within ten seconds; mail flows meanwhile', async () => {
    const stuck = machine.start(STUCK)
    expect(await send(machine, { ...FIRST, from: 'meanwhile@outside.example' })).toMatchObject({
      code: expect.any(Number),
    })
    const { code, stdout, stderr } = await stuck.done
    expect(code, stderr).toBe(0)
    expect(Number(stdout)).toBeLessThan(10_000)
    // the journal writes behind: what it has read is there after --sync
    const log = await machine.ok('journalctl --sync; journalctl -o cat -u greyctl')
    expect(log).toContain('status=6/ABRT')
    expect(log).toContain('the event loop has been stuck for 7 s: ending the process')
    expect(await send(machine, { ...FIRST, from: 'later@outside.example' })).toMatchObject({ code: 450 })
  })
})
