import { describe, expect, inject, it } from 'vitest'
import { type Machine, onMachine } from './lab.js'
import { GREYCTL, json, leftovers, type Mail, send, snapshot } from './server.js'

const ALICE = 'alice@example.test'
const FIRST: Mail = { client: '203.0.113.99', from: 'first@outside.example', to: [ALICE] }

const seconds = (n: number) => new Promise((resolve) => setTimeout(resolve, n * 1000))
const proven = (document: { proof: { ok: boolean }[] }) => document.proof.every(({ ok }) => ok)

/** The code that decided, of a mail that swaks sends with these options more. */
async function swaks(machine: Machine, from: string, to: string, options: string): Promise<string> {
  const { stdout } = await machine.run(
    `swaks --local-interface 203.0.113.99 --helo client.example --timeout 60 --from ${from} --to ${to} ${options} 2>&1`,
  )
  const refused = [...stdout.matchAll(/^<\*\* +(\d{3} \S+ .*)$/gm)].at(-1)?.[1]
  const queued = /^<- +(250 .*queued as.*)$/m.exec(stdout)?.[1]
  return queued ?? refused ?? stdout
}

describe.skipIf(inject('labRefused')).concurrent('servers as they are set up', () => {
  it(
    'users who log in (Cyrus SASL, on ports 25 and 587) are never asked to come back, whatever the backend',
    onMachine('server', async (machine) => {
      await machine.ok(SASL)
      const before = await snapshot(machine)
      const log = '--auth PLAIN --auth-user alice@mx.example.test --auth-password secret'
      const ways = ['--server 192.0.2.25', '--server 192.0.2.25:587']
      for (const [at, command] of [
        'install --yes --delay 2 --no-proof',
        'install --yes --selective',
        'install --yes --backend postgrey --no-selective --no-proof',
      ].entries()) {
        const { code, document, stderr } = await json(machine, command)
        expect(code, stderr).toBe(0)
        expect(proven(document)).toBe(true)
        for (const [way, server] of ways.entries()) {
          const from = `user${at}${way}@example.test`
          expect(await swaks(machine, from, ALICE, `${server} ${log}`)).toMatch(/^250 /)
          expect(await swaks(machine, from, 'far@elsewhere.example', `${server} ${log}`)).toMatch(/^250 /)
        }
        // the same server, without logging in, and with a wrong password
        expect(await swaks(machine, `stranger${at}@outside.example`, ALICE, '--server 192.0.2.25')).toMatch(
          /^450 .*Greylisted/,
        )
        const wrong = `--server 192.0.2.25:587 ${log.replace('secret', 'guess')}`
        expect(await swaks(machine, `stranger${at}@outside.example`, ALICE, wrong)).toMatch(/^535 /)
      }
      expect(
        await machine.ok(
          `grep -cE '(greyctl|postgrey).*sender=user' /var/log/mail.log /var/log/syslog || true`,
        ),
      ).toMatch(/mail.log:0\n.*syslog:0\n/)
      await machine.ok(`${GREYCTL} uninstall --yes`, { timeout: 300 })
      expect(await snapshot(machine)).toBe(before)
    }),
  )

  it(
    'postscreen in front of smtpd',
    onMachine('server', async (machine) => {
      await machine.ok(`sed -i -E -e 's/^smtp +inet .*/smtp inet n - y - 1 postscreen/' -e 's/^#(smtpd +pass .*)/\\1/' \
          /etc/postfix/master.cf
        postconf -e postscreen_greet_wait=1s 'postscreen_greet_action = enforce'; postfix stop 2>&1; postfix start 2>&1`)
      const before = await snapshot(machine)
      const { code, document, stderr } = await json(machine, 'install --yes --delay 2')
      expect(code, stderr).toBe(0)
      expect(proven(document)).toBe(true)
      expect(await send(machine, FIRST)).toMatchObject({
        code: 450,
        text: expect.stringContaining('Greylisted'),
      })
      await seconds(3)
      expect(await send(machine, FIRST)).toMatchObject({ code: 250 })
      expect(await json(machine, 'verify')).toMatchObject({ code: 0, document: { verdict: 'working' } })
      await machine.ok(`${GREYCTL} uninstall --yes`)
      expect(await snapshot(machine)).toBe(before)
      expect(await leftovers(machine)).toBe('')
    }),
  )

  it(
    'the second of two instances, with postgrey, while the first is left as it is; then both',
    onMachine('server', async (machine) => {
      await machine.ok(TWO_INSTANCES)
      const before = await snapshot(machine)
      const there = '--config-dir /etc/postfix-in'
      const { code, document, stderr } = await json(
        machine,
        `install --yes --backend postgrey --delay 2 ${there}`,
      )
      expect(code, stderr).toBe(0)
      expect(proven(document)).toBe(true)
      expect(await machine.ok('grep -c greyctl /etc/postfix/main.cf || true')).toBe('0\n')
      const second = '--server 198.51.100.11'
      expect(await swaks(machine, 'a@outside.example', ALICE, second)).toMatch(/^450 .*Greylisted/)
      expect(await swaks(machine, 'a@outside.example', ALICE, '--server 192.0.2.25')).toMatch(/^250 /)
      await seconds(3)
      expect(await swaks(machine, 'a@outside.example', ALICE, second)).toMatch(/^250 /)
      expect(await json(machine, 'install --yes')).toMatchObject({ code: 0, document: { changed: false } })
      const switched = await json(machine, 'install --yes --backend bundled')
      expect(switched, switched.stderr).toMatchObject({ code: 0, document: { changed: true } })
      expect(await swaks(machine, 'b@outside.example', ALICE, second)).toMatch(/^450 .*Greylisted/)
      // the first as well: one daemon for both, and a change of backend points both to the new one
      const first = '--server 192.0.2.25'
      const both = await json(machine, 'install --yes --config-dir /etc/postfix')
      expect(both, both.stderr).toMatchObject({ code: 0, document: { changed: true } })
      expect(proven(both.document)).toBe(true)
      expect(await swaks(machine, 'c@outside.example', ALICE, first)).toMatch(/^450 .*Greylisted/)
      const back = await json(machine, 'install --yes --backend postgrey')
      expect(back, back.stderr).toMatchObject({ code: 0, document: { changed: true } })
      for (const server of [first, second])
        expect(await swaks(machine, 'd@outside.example', ALICE, server)).toMatch(/^450 .*Greylisted/)
      expect(await machine.ok('grep -h ^greyctl_check /etc/postfix*/main.cf | sort -u | wc -l')).toBe('1\n')
      expect(await json(machine, 'status')).toMatchObject({
        code: 0,
        document: { postfix: { configDir: '/etc/postfix-in' }, others: [{ configDir: '/etc/postfix' }] },
      })
      // and out of the second alone
      const out = await json(machine, `uninstall --yes ${there}`)
      expect(out, out.stderr).toMatchObject({ code: 0, document: { left: ['/etc/postfix'] } })
      expect(await swaks(machine, 'e@outside.example', ALICE, second)).toMatch(/^250 /)
      expect(await swaks(machine, 'e@outside.example', ALICE, first)).toMatch(/^450 .*Greylisted/)
      await machine.ok(`${GREYCTL} uninstall --yes`, { timeout: 300 })
      expect(await snapshot(machine)).toBe(before)
      expect(await leftovers(machine)).toBe('')
    }),
  )
})

/** Passwords in /etc/sasldb2; the services that read them are not in the chroot. */
const SASL = `set -e
apt-get install -y -qq --no-install-recommends sasl2-bin libsasl2-modules >/dev/null
mkdir -p /etc/postfix/sasl
printf 'pwcheck_method: auxprop\\nauxprop_plugin: sasldb\\nmech_list: PLAIN LOGIN\\n' >/etc/postfix/sasl/smtpd.conf
echo secret | saslpasswd2 -p -c -u mx.example.test alice
chgrp postfix /etc/sasldb2; chmod 640 /etc/sasldb2
postconf -e smtpd_sasl_auth_enable=yes smtpd_tls_auth_only=no smtpd_relay_restrictions='permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination'
postconf -F smtp/inet/chroot=n
cat >>/etc/postfix/master.cf <<'MASTER'
submission inet n - n - - smtpd
  -o syslog_name=postfix/submission
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject
MASTER
postfix stop 2>&1; postfix start 2>&1`

/** postmulti(1): the new one listens on an address of its own. */
const TWO_INSTANCES = `set -e
postconf -e inet_interfaces=192.0.2.25
postmulti -e init; postmulti -I postfix-in -e create
postconf -c /etc/postfix-in -e master_service_disable= inet_interfaces=198.51.100.11 authorized_submit_users=static:anyone \
  myhostname=mx.example.test 'mydestination=example.test' mynetworks=127.0.0.0/8 inet_protocols=all
postfix stop 2>&1
postmulti -i postfix-in -e enable
postfix start 2>&1`
