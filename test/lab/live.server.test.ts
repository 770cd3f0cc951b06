import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { boot, type Machine, until } from './lab.js'
import { GREYCTL, json, type Mail, send, snapshot } from './server.js'

const DOWN: Mail = { client: '203.0.113.99', from: 'down@outside.example', to: ['alice@example.test'] }
const DELAY = 3

/** Postfix is asked, with greyctl's daemon and then with a postgrey that an administrator wired: the tests build on each other. */
describe.skipIf(inject('labRefused'))('greyctl verify --live on a server at work', () => {
  let machine: Machine

  beforeAll(async () => {
    machine = await boot('server')
    await machine.ok(`${GREYCTL} install --yes --no-proof --delay ${DELAY}`)
  }, 180_000)
  afterAll(() => machine?.end())

  it('counts down, and leaves nothing behind when it is interrupted', async () => {
    const before = await snapshot(machine)
    const asking = machine.start(
      `script -qec 'stty cols 120; exec ${GREYCTL} verify --live' /dev/null; echo "exit $?"`,
    )
    await until(asking, /the retry is due in \d+ s/)
    asking.write('\u0003')
    asking.closeInput()
    const { stdout } = await asking.done
    expect(stdout).toMatch(/interrupted[\s\S]*\nexit [1-9]\d*\n$/)
    expect(await snapshot(machine)).toBe(before)
    expect(await machine.ok('ls -d /tmp/greyctl* 2>/dev/null || true')).toBe('')
    const { code: fine, document } = await json(machine, 'verify --live')
    expect([fine, document.verdict]).toEqual([0, 'working'])
    // each case has what was asked and answered, own networks among them
    expect(document.proof.map((one: { case: string }) => one.case).join()).toMatch(/own|this host|local/i)
  })

  it('says that the daemon is down, and mail flows', async () => {
    await machine.ok('systemctl stop greyctl.socket greyctl.service')
    const { code, document } = await json(machine, 'verify --live')
    expect([code, document.verdict]).toEqual([1, 'broken'])
    expect(await send(machine, DOWN)).toMatchObject({ code: 250 })
    await machine.ok('systemctl start greyctl.socket greyctl.service')
  })

  it('says that a recipient does not exist, or is of another server, and is content with one that does', async () => {
    const ask = (recipient: string) => json(machine, `verify --live --recipient ${recipient}`)
    const absent = await ask('nobody-of-this-name@example.test')
    expect([absent.code, absent.document.verdict]).toEqual([4, 'inconclusive'])
    expect(absent.document.proof[0]).toMatchObject({
      ok: null,
      answer: expect.stringMatching(/^answered by another rule: 550 5\.1\.1 .*User unknown/),
      advice: expect.stringMatching(/^nobody-of-this-name@example\.test does not exist here/),
    })
    expect((await ask('somebody@elsewhere.example')).document.proof[0].advice).toMatch(/takes no mail for/)
    const shown = await machine.run(`${GREYCTL} verify --live --recipient nobody-of-this-name@example.test`)
    expect([shown.code, shown.stdout.replaceAll(/\s+/g, ' ')]).toEqual([
      4,
      expect.stringContaining('does not exist here, as Postfix says: name an address that does'),
    ])
    const there = await ask('alice@example.test')
    expect([there.code, there.document.verdict]).toEqual([0, 'working'])
  })

  it('proves a postgrey that greyctl had nothing to do with', async () => {
    await machine.ok(`${GREYCTL} uninstall --yes
      DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgrey
      echo 'POSTGREY_OPTS="--inet=10023 --delay=${DELAY}"' >/etc/default/postgrey
      systemctl restart postgrey
      until ss -lnt | grep -q :10023; do sleep 0.1; done
      postconf -e 'smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, check_policy_service inet:127.0.0.1:10023'
      systemctl reload postfix`)
    const { code, document } = await json(machine, 'verify --live')
    expect([code, document.verdict]).toEqual([0, 'working'])
    expect(document.proof.slice(0, 2)).toMatchObject([
      { answer: expect.stringContaining('Greylisted, see'), ok: true },
      { case: `its retry after ${DELAY} seconds`, answer: expect.stringMatching(/^250/), ok: true },
    ])
  })
})
