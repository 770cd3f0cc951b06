import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { boot, type Machine } from './lab.js'
import { GREYCTL, send } from './server.js'

const DELAY = 3
const ZONE = `host-record=out3.good.example,203.0.113.55
host-record=out1.other.example,198.18.5.5
ptr-record=9.5.18.198.in-addr.arpa,out4.good.example
txt-record=unnamed.example,"v=spf1 ip4:198.51.100.77 ip4:203.0.113.99 ip4:198.18.7.7 -all"
`

const waiting = () => new Promise((resolve) => setTimeout(resolve, (DELAY + 1) * 1000))

/** Senders that retry from other machines, with real DNS. */
describe.skipIf(inject('labRefused'))('a pool of machines in different networks', () => {
  let machine: Machine
  const from = (client: string, sender: string) =>
    send(machine, { client, from: sender, to: ['alice@example.test'] })

  beforeAll(async () => {
    machine = await boot('server')
    await machine.ok(`for address in 203.0.113.55 198.18.5.5 198.18.5.9 198.18.7.7; do ip addr add $address/32 dev lo; done
      printf '%s' '${ZONE}' >/etc/dnsmasq.d/pools.conf; systemctl restart dnsmasq
      ${GREYCTL} install --yes --delay ${DELAY}`)
  })
  afterAll(() => machine?.end())

  it('passes at its second try, from any of its machines, by their verified names', async () => {
    expect(await from('198.51.100.10', 'a@good.example')).toMatchObject({ code: 450 })
    await waiting()
    expect(await from('203.0.113.55', 'a@good.example')).toMatchObject({ code: 250 })
    expect(await from('2001:db8:77::10', 'a@good.example')).toMatchObject({ code: 250 })
    // the name of another organisation is no member
    expect(await from('198.18.5.5', 'a@good.example')).toMatchObject({ code: 450 })
    // nor is whoever borrows its name: that does not lead back to the address
    expect(await from('198.18.5.9', 'a@good.example')).toMatchObject({ code: 450 })
    expect(await machine.ok('cat /var/log/mail.log')).toMatch(
      /reject: RCPT from unknown\[198\.18\.5\.9\]: 450 .* Greylisted/,
    )
  })

  it('passes by the SPF record of the sender’s domain where names say nothing', async () => {
    expect(await from('198.18.7.7', 'a@unnamed.example')).toMatchObject({ code: 450 })
    await waiting()
    expect(await from('203.0.113.99', 'a@unnamed.example')).toMatchObject({ code: 250 })
    expect(await from('198.18.5.5', 'a@unnamed.example')).toMatchObject({ code: 450 })
    // a household's connection is no part of it, whatever the record says
    expect(await from('198.51.100.77', 'a@unnamed.example')).toMatchObject({ code: 450 })
  })

  it('is what it was for networks when the DNS is dead, and nobody waits for it', async () => {
    await machine.ok('systemctl stop dnsmasq')
    expect(await from('203.0.113.99', 'b@dead.example')).toMatchObject({ code: 450 })
    await waiting()
    expect(await from('198.18.7.7', 'b@dead.example')).toMatchObject({ code: 450 })
    expect(await from('203.0.113.99', 'b@dead.example')).toMatchObject({ code: 250 })
  })
})
