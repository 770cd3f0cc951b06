import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { boot, type Machine } from './lab.js'
import { GREYCTL, json, leftovers, type Mail, mailbox, send, snapshot } from './server.js'

const DELAY = 3
const MAIL: Mail = {
  client: '203.0.113.99',
  from: 'first@outside.example',
  to: ['alice@localhost'],
  subject: 'first',
}
const PID = '/run/greyctl.pid'
const LISTENS = `bash -c 'exec 3<>/dev/tcp/127.0.0.1/10023'`

const seconds = (n: number) => new Promise((resolve) => setTimeout(resolve, n * 1000))

/** A container as people run them: no init system, no Postfix, no network. The tests build on each other. */
describe.skipIf(inject('labRefused'))('greylisting without systemd', () => {
  let machine: Machine
  let etcWithPostfix = ''
  const pid = () => machine.ok(`cat ${PID}`).then((text) => text.trim())
  const service = (action: string) => machine.run(`service greyctl ${action} </dev/null`)

  beforeAll(async () => {
    machine = await boot('bare')
  })
  afterAll(() => machine?.end())

  it('one command installs Postfix and greylisting, and proves it', async () => {
    const install = await machine.run(`cd /; ${GREYCTL} install --with-postfix --yes --delay ${DELAY}`, {
      timeout: 300,
    })
    expect(install.code, install.stderr).toBe(0)
    expect(install.stdout).toContain('✓ greylisting works')
    expect(install.stdout).toMatch(/✓ its retry after 3 seconds .*250 accepted/)
    expect(await machine.ok('dpkg-query -s postfix')).toContain('Status: install ok installed')
    expect(await machine.ok(`stat -c %U /proc/${await pid()}`)).toBe('greyctl\n')
    expect(await machine.ok('ls /etc/rc2.d')).toMatch(/^S\d\dgreyctl$/m)
  })

  it('uninstall leaves no trace of greyctl', async () => {
    await machine.ok(`${GREYCTL} uninstall --yes`)
    expect(await leftovers(machine)).toBe('')
    expect((await machine.run(LISTENS)).code).not.toBe(0)
    expect(await machine.ok('postfix status; ls /etc/rc?.d')).not.toContain('greyctl')
  })

  it('installs again, with a log and outside clients', async () => {
    await machine.ok(
      `export DEBIAN_FRONTEND=noninteractive; apt-get install -y -qq --no-install-recommends swaks rsyslog >/dev/null 2>&1
       useradd -m alice; rsyslogd
       postconf -e 'mydestination = localhost' 'mynetworks = 127.0.0.0/8'; postfix reload 2>&1`,
      { timeout: 300 },
    )
    etcWithPostfix = await snapshot(machine)
    const install = await machine.run(`${GREYCTL} install --yes --delay ${DELAY}`)
    expect(install.code, install.stderr).toBe(0)
    const again = await json(machine, 'install --yes')
    expect(again).toMatchObject({ code: 0, document: { changed: false } })
  })

  it('a first mail is deferred, its retry delivered, and verify sees it', async () => {
    expect(await send(machine, MAIL)).toMatchObject({
      code: 450,
      text: expect.stringContaining('Greylisted'),
    })
    await seconds(DELAY + 1)
    expect(await send(machine, MAIL)).toMatchObject({ code: 250 })
    expect((await mailbox(machine, 'alice', 'first')).match(/^X-Greylist: /gm)).toHaveLength(1)
    const { code, document } = await json(machine, 'verify')
    expect(document).toMatchObject({ verdict: 'working', counts: { greylisted: 1, passed: 1 } })
    expect(code).toBe(0)
  })

  it('service greyctl stop really stops it, and start really starts it', async () => {
    const first = await pid()
    expect(await service('status')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`pid ${first}`),
    })
    expect((await service('start')).stdout).toContain('running already')
    expect(await pid()).toBe(first)
    expect(await service('stop')).toMatchObject({ code: 0 })
    expect((await machine.run(`[ -e /proc/${first} ] || [ -e ${PID} ]`)).code).toBe(1)
    expect((await machine.run(LISTENS)).code).not.toBe(0)
    expect(await service('status')).toMatchObject({ code: 3 })
    expect(await service('stop')).toMatchObject({ code: 0 })
    expect(await send(machine, { ...MAIL, from: 'open@outside.example' })).toMatchObject({ code: 250 })
    expect(await service('start')).toMatchObject({ code: 0 })
    expect(await pid()).not.toBe(first)
    await machine.ok(LISTENS)
    expect(await send(machine, { ...MAIL, subject: 'known' })).toMatchObject({ code: 250 })
    expect(await send(machine, { ...MAIL, from: 'new@outside.example' })).toMatchObject({ code: 450 })
  })

  it('service greyctl restart, reload, and what it says to other words', async () => {
    const first = await pid()
    expect(await service('restart')).toMatchObject({ code: 0 })
    const second = await pid()
    expect(second).not.toBe(first)
    expect((await machine.run(`[ -e /proc/${first} ]`)).code).toBe(1)
    expect(await service('reload')).toMatchObject({ code: 0 })
    await machine.ok(LISTENS)
    expect(await pid()).toBe(second)
    expect((await service('dance')).code).toBe(2)
    expect(await service('stop')).toMatchObject({ code: 0 })
    expect(await service('restart')).toMatchObject({ code: 0 })
    await machine.ok(LISTENS)
  })

  it('a stale pid file harms nobody', async () => {
    await machine.ok(`kill -KILL $(cat ${PID}); sleep 0.2`)
    expect(await service('status')).toMatchObject({ code: 3 })
    await machine.ok(`setsid sleep 1000 </dev/null >/dev/null 2>&1 & echo $! >${PID}`)
    const bystander = await pid()
    expect(await service('status')).toMatchObject({ code: 3 })
    expect(await service('stop')).toMatchObject({ code: 0 })
    await machine.ok(`kill -0 ${bystander}`)
    await machine.ok(`echo ${bystander} >${PID}`)
    expect(await service('start')).toMatchObject({ code: 0 })
    await machine.ok(`kill -0 ${bystander}; ${LISTENS}`)
    expect(await pid()).not.toBe(bystander)
    // nor one that names a process which only mentions the daemon
    await machine.ok('service greyctl stop')
    await machine.ok(
      `setsid tail -f /dev/null /opt/greyctl/dist/daemon/main.js </dev/null >/dev/null 2>&1 & echo $! >${PID}`,
    )
    const reader = await pid()
    await seconds(0.2)
    expect(await service('stop')).toMatchObject({ code: 0 })
    await machine.ok(`kill -0 ${reader}`)
    expect(await service('start')).toMatchObject({ code: 0 })
  })

  it('a daemon that cannot start says why, and start fails', async () => {
    await machine.ok(`service greyctl stop; sed -i.bak 's/--delay=/--dilay=/' /etc/default/greyctl`)
    const { code, stdout, stderr } = await service('start')
    expect(code).not.toBe(0)
    expect(stdout + stderr).toMatch(/dilay/)
    await machine.ok('mv /etc/default/greyctl.bak /etc/default/greyctl; service greyctl start')
  })

  it('uninstall puts everything back byte for byte', async () => {
    const daemon = await pid()
    await machine.ok(`${GREYCTL} uninstall --yes`)
    expect(await snapshot(machine)).toBe(etcWithPostfix)
    expect(await leftovers(machine)).toBe('')
    expect((await machine.run(`[ -e /proc/${daemon} ]`)).code).toBe(1)
    expect(await send(machine, { ...MAIL, from: 'after@outside.example' })).toMatchObject({ code: 250 })
  })
})
