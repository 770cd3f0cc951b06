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

  it('restarted, reloaded and killed under load: every request is answered, every answered triplet known', async () => {
    const load = machine.start(`node ${LOAD} 10023 8`)
    await machine.ok(`sleep 1
      for n in 1 2; do
        systemctl restart greyctl; sleep 0.5
        systemctl reload greyctl; sleep 0.5
        systemctl kill -s KILL greyctl.service; sleep 1.5
      done`)
    const { code, stdout, stderr } = await load.done
    expect(code, stderr).toBe(0)
    const counts = JSON.parse(stdout)
    expect(counts).toMatchObject({ unanswered: 0, refused: 0, forgotten: 0, known: counts.answered })
    expect(counts.answered).toBeGreaterThan(1000)
    // four interruptions of ten connections
    expect(counts.repeated).toBeGreaterThan(0)
    expect(counts.repeated).toBeLessThanOrEqual(40)
  })

  it('stuck: noticed, and anew within ten seconds; mail flows meanwhile', async () => {
    const stuck = machine.start(STUCK)
    expect(await send(machine, { ...FIRST, from: 'meanwhile@outside.example' })).toMatchObject({
      code: expect.any(Number),
    })
    const { code, stdout, stderr } = await stuck.done
    expect(code, stderr).toBe(0)
    expect(Number(stdout)).toBeLessThan(10_000)
    // its last words come from a process that ends: the journal may lose them, systemd's own it does not
    expect(await machine.ok('journalctl -o cat -u greyctl')).toContain('status=6/ABRT')
    expect(await send(machine, { ...FIRST, from: 'later@outside.example' })).toMatchObject({ code: 450 })
  })
})
