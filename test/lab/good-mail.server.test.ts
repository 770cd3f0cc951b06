import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { boot, type Machine } from './lab.js'
import { GREYCTL, json, send } from './server.js'

/** What an administrator does about single mails, on live ones. */
describe.skipIf(inject('labRefused'))('good mail that must not wait', () => {
  let machine: Machine
  const from = (client: string, sender: string, to = 'alice@example.test') =>
    send(machine, { client, from: sender, to: [to] })

  beforeAll(async () => {
    machine = await boot('server')
    const said = await machine.ok(`${GREYCTL} install --yes --learn --delay 3`)
    expect(said).toContain('is accepted; that it would have been asked to come back after 3 s is logged')
    expect(said).toContain('begin to defer      greyctl enforce')
  })
  afterAll(() => machine?.end())

  it('learning defers nobody, and says whom it would have deferred', async () => {
    for (const sender of ['one@shop.example', 'two@shop.example', 'three@shop.example']) {
      expect(await from('203.0.113.99', sender)).toMatchObject({ code: 250 })
    }
    const log = await machine.ok('sleep 1; cat /var/log/mail.log')
    expect(log.match(/action=pass, reason=learning: new, client_name=unknown.*@shop\.example/g)).toHaveLength(
      3,
    )
    const { document } = await json(machine, 'verify')
    expect(document.counts.greylisted).toBe(0)
    expect(document.problems).toMatchObject([
      { id: 'learn-mode', detail: expect.stringContaining('3 times a mail would have been deferred') },
    ])
  })

  it('enforce is put back when nobody is deferred then', async () => {
    const everybody = '[whitelist]\\nnetworks = ["0.0.0.0/0", "::/0"]\\n'
    await machine.ok(`printf '${everybody}' >/etc/greyctl/greyctl.toml`)
    const before = await machine.ok('cat /etc/default/greyctl')
    expect(await json(machine, 'enforce --yes')).toMatchObject({
      code: 1,
      document: { error: { code: 'proof-failed' } },
    })
    expect(await machine.ok('cat /etc/default/greyctl')).toBe(before)
    await machine.ok(`printf 'learn = true\\n' >/etc/greyctl/greyctl.toml`)
    expect(await json(machine, 'enforce --yes')).toMatchObject({
      code: 1,
      document: { error: { code: 'unsupported', where: '/etc/greyctl/greyctl.toml:1' } },
    })
    await machine.ok('rm /etc/greyctl/greyctl.toml')
  })

  it('enforce begins, with what was learned, and has nothing to do a second time', async () => {
    await machine.ok(`printf '[recipients]\\n"new.example" = "learn"\\n' >/etc/greyctl/greyctl.toml`)
    expect(await json(machine, 'enforce --yes')).toMatchObject({
      code: 0,
      document: { changed: true, learn: false, delay: 3 },
      stderr: expect.stringContaining('/etc/greyctl/greyctl.toml:2: new.example goes on learning'),
    })
    expect(await from('203.0.113.99', 'one@shop.example')).toMatchObject({ code: 250 })
    expect(await from('203.0.113.99', 'new@shop.example')).toMatchObject({ code: 450 })
    expect(await json(machine, 'enforce --yes')).toMatchObject({ code: 0, document: { changed: false } })
  })

  it('expect: the next mail passes at its first try, and the log says who let it', async () => {
    expect(await from('203.0.113.99', 'code@shop.example')).toMatchObject({ code: 450 })
    expect(await json(machine, 'expect code@shop.example --to alice@example.test')).toMatchObject({
      code: 0,
      document: { logged: true, expected: { sender: 'code@shop.example', by: { uid: 0, name: 'root' } } },
    })
    expect(await from('203.0.113.99', 'code@shop.example')).toMatchObject({ code: 250 })
    expect(await from('203.0.113.99', 'code@shop.example', 'bob@example.test')).toMatchObject({ code: 450 })
    const log = await machine.ok(
      `n=0; until grep -q 'reason=expected sender' /var/log/mail.log; do n=$((n + 1)); [ $n -lt 100 ] || break; sleep 0.2; done
       cat /var/log/mail.log`,
    )
    expect(log).toMatch(
      / greyctl(?:\[\d+\])?: expect: code@shop\.example -> alice@example\.test, until .* by root\n/,
    )
    expect(log).toMatch(
      /action=pass, reason=expected sender, client_name=unknown, client_address=203\.0\.113\.99/,
    )
  })

  it('expect weakens nothing else: a refusal stays one, and so does the relay guard', async () => {
    await machine.ok(`${GREYCTL} expect @shop.example`)
    expect(await from('203.0.113.99', 'code@shop.example', 'someone@elsewhere.example')).toMatchObject({
      code: 454,
    })
    expect(await from('203.0.113.99', 'code@shop.example', 'no-such-user@example.test')).toMatchObject({
      code: 550,
    })
  })

  it('expect --verified believes the sender’s own servers only', async () => {
    await machine.ok(`${GREYCTL} expect @good.example --verified`)
    expect(await from('198.51.100.10', 'x@good.example')).toMatchObject({ code: 250 })
    expect(await from('203.0.113.99', 'x@good.example')).toMatchObject({ code: 450 })
  })

  it('outbound: the answer to mail of an own user passes, and the check for it refuses nobody', async () => {
    const check = 'inet:127.0.0.1:10023, timeout=10s, default_action=DUNNO, policy_context=outbound'
    await machine.ok(`printf '[outbound]\\nlearn = true\\nverified = false\\nnetworks = ["198.51.100.11"]\\n' >/etc/greyctl/greyctl.toml
      postconf -e 'greyctl_outbound = check_policy_service { ${check} }' 'mynetworks = 127.0.0.0/8 198.51.100.11'
      postconf -e "smtpd_recipient_restrictions = \\$greyctl_outbound, $(postconf -h smtpd_recipient_restrictions)"
      systemctl reload greyctl postfix; sleep 1`)
    expect(await from('203.0.113.99', 'bob@else.example')).toMatchObject({ code: 450 })
    expect(await from('198.51.100.11', 'alice@example.test', 'bob@else.example')).toMatchObject({ code: 250 })
    expect(await from('203.0.113.99', 'bob@else.example')).toMatchObject({ code: 250 })
    expect(await from('203.0.113.99', 'eve@else.example')).toMatchObject({ code: 450 })
    await machine.ok('systemctl stop greyctl.socket greyctl.service')
    expect(await from('198.51.100.11', 'alice@example.test', 'carl@else.example')).toMatchObject({
      code: 250,
    })
    await machine.ok(`postconf -X greyctl_outbound
      postconf -e "smtpd_recipient_restrictions = $(postconf -h smtpd_recipient_restrictions | sed 's/$greyctl_outbound, //')"
      printf '[outbound]\\nlearn = true\\n' >/etc/greyctl/greyctl.toml
      systemctl reload postfix
      systemctl start greyctl.socket`)
  })

  describe('outbound: a user logs in at the submission port', () => {
    const submit = (to: string) =>
      machine.ok(`swaks --server 192.0.2.25:587 --local-interface 203.0.113.99 --timeout 60 --auth PLAIN \
        --auth-user alice@example.test --auth-password secret --from alice@example.test --to ${to}`)
    const findings = async () => {
      const { document } = await json(machine, 'doctor --check outbound-not-asked')
      return document.findings
    }

    beforeAll(async () => {
      await machine.ok(`apt-get install -y -qq --no-download --no-install-recommends sasl2-bin libsasl2-modules
        printf 'pwcheck_method: auxprop\\nauxprop_plugin: sasldb\\nmech_list: PLAIN\\n' >/etc/postfix/sasl/smtpd.conf
        echo secret | saslpasswd2 -p -c -u example.test alice
        chgrp postfix /etc/sasldb2
        postconf -M 'submission/inet=submission inet n - n - - smtpd'
        postconf -P submission/inet/smtpd_sasl_auth_enable=yes \
          submission/inet/smtpd_relay_restrictions=permit_sasl_authenticated,reject \
          submission/inet/smtpd_recipient_restrictions=permit_sasl_authenticated,reject
        postfix reload; sleep 1`)
    })

    it('doctor finds that greyctl does not hear of it, and its commands are right', async () => {
      await submit('bob@mailer.example')
      expect(await from('203.0.113.5', 'bob@mailer.example')).toMatchObject({ code: 450 })
      const [finding, ...others] = await findings()
      expect(others).toEqual([])
      expect(finding).toMatchObject({
        id: 'outbound-not-asked',
        affects: ['submission inet'],
        evidence: [{ ref: '/etc/greyctl/greyctl.toml:2' }, { ref: expect.stringContaining('master.cf:') }],
      })
      await machine.ok(finding.remediation.commands.join('\n'))
      expect(await findings()).toEqual([])
    })

    it('the answer is not deferred, where it comes from the correspondent’s own servers', async () => {
      expect(await from('203.0.113.5', 'carl@mailer.example')).toMatchObject({ code: 450 })
      await submit('carl@mailer.example')
      expect(await from('203.0.113.99', 'carl@mailer.example')).toMatchObject({ code: 450 })
      expect(await from('203.0.113.105', 'carl@mailer.example')).toMatchObject({ code: 250 })
      expect(await machine.ok('sleep 1; cat /var/log/mail.log')).toMatch(
        /action=pass, reason=correspondent, client_name=o105\.mailer\.example/,
      )
    })

    it('nobody else hears that they are greylisted, and doctor has nothing to say about the check', async () => {
      const { document } = await json(machine, 'doctor')
      const ids = document.findings.map(({ id }: { id: string }) => id)
      expect(ids.filter((id: string) => /^(policy|submission|two|greylist)/.test(id))).toEqual([])
    })
  })

  it('why tells the whole story of a mail that came', async () => {
    const { code, document } = await json(machine, 'why code@shop.example')
    expect(code).toBe(0)
    expect(
      document.moments.map(({ what, reason }: { what: string; reason: string }) => [what, reason]),
    ).toEqual(
      expect.arrayContaining([
        ['deferred', 'new'],
        ['let through', 'expected sender'],
        ['delivery', 'sent'],
      ]),
    )
    const mail = document.moments.find(({ what }: { what: string }) => what === 'delivery')
    const byId = await json(machine, `why ${mail.queueId}`)
    expect(byId.document.moments.some(({ what }: { what: string }) => what === 'deferred')).toBe(true)
  })

  it('uninstall leaves nothing that asks: not the check for outbound mail either', async () => {
    expect(await json(machine, 'uninstall --yes')).toMatchObject({ code: 0, document: { changed: true } })
    expect(await machine.ok('grep -c greyctl /etc/postfix/main.cf /etc/postfix/master.cf || true')).toBe(
      '/etc/postfix/main.cf:0\n/etc/postfix/master.cf:0\n',
    )
    expect(await machine.ok('postconf -h -P submission/inet/smtpd_recipient_restrictions')).toBe(
      'permit_sasl_authenticated,reject\n',
    )
    expect(await from('203.0.113.99', 'new@stranger.example')).toMatchObject({ code: 250 })
  })
})
