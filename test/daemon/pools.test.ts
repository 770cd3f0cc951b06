import { describe, expect, it } from 'vitest'
import { server as serverWith } from './pool-server.js'

const RECORDS = {
  'spf.example': 'v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 -all',
  'wide.example': 'v=spf1 ip4:0.0.0.0/2 -all',
  'down.example': 'fails',
}

const server = (gate?: () => Promise<void>) => serverWith(RECORDS, gate)

const unknown = { clientName: 'unknown' }

describe('a pool', () => {
  it('passes at its second try, from whichever of its machines', async () => {
    const { ask, clock } = server()
    expect(await ask({ clientAddress: '192.0.2.1', clientName: 'out1.pool.example' })).toBe('deferred')
    clock.now += 30
    expect(await ask({ clientAddress: '198.51.100.7', clientName: 'out2.pool.example' })).toBe('deferred')
    clock.now += 30
    expect(await ask({ clientAddress: '203.0.113.9', clientName: 'mail3.pool.example' })).toBe('passed')
    expect(await ask({ clientAddress: '2001:db8::1', clientName: 'mail4.pool.example' })).toBe('passed')
  })

  it('is found by the addresses that the sender’s domain lets send', async () => {
    const { ask, clock, settled } = server()
    expect(await ask({ clientAddress: '192.0.2.1', sender: 'a@spf.example', ...unknown })).toBe('deferred')
    await settled()
    clock.now += 60
    expect(await ask({ clientAddress: '198.51.100.7', sender: 'a@SPF.example', ...unknown })).toBe('passed')
    expect(await ask({ clientAddress: '203.0.113.9', sender: 'a@spf.example', ...unknown })).toBe('deferred')
  })

  it('that has proven itself is not greylisted any more, counted at most once an hour', async () => {
    const { ask, clock } = server()
    for (let hour = 0; hour < 5; hour += 1) {
      const mail = { sender: `a${hour}x@other.example`, clientName: 'out.pool.example' }
      expect(await ask({ ...mail, clientAddress: `192.0.2.${hour}` })).toBe('deferred')
      clock.now += 60
      expect(await ask({ ...mail, clientAddress: `198.51.${hour}.1` })).toBe('passed')
      clock.now += 3600
    }
    const stranger = { sender: 'new@third.example', clientAddress: '203.0.113.200' }
    expect(await ask({ ...stranger, clientName: 'fresh.pool.example' })).toBe('passed')
    expect(await ask({ ...stranger, clientName: 'fresh.elsewhere.example' })).toBe('deferred')
  })

  it('found by its senders passes from any of its addresses once it has proven itself, however seldom it writes', async () => {
    const { ask, clock, settled } = server()
    for (let day = 0; day < 5; day += 1) {
      const mail = { sender: `${'abcde'[day]}@spf.example`, ...unknown }
      expect(await ask({ ...mail, clientAddress: `192.0.2.${day}` })).toBe('deferred')
      await settled()
      clock.now += 60
      expect(await ask({ ...mail, clientAddress: `198.51.100.${day}` })).toBe('passed')
      clock.now += 86_400
    }
    expect(await ask({ ...unknown, sender: 'new@spf.example', clientAddress: '192.0.2.200' })).toBe('passed')
    expect(await ask({ ...unknown, sender: 'new@none.example', clientAddress: '192.0.2.200' })).toBe(
      'deferred',
    )
  })

  it.each([
    ['customers of an access provider', 'dsl-192-0-2-1.pool.example', 'dsl-198-51-100-7.pool.example'],
    ['rented lines', 'c-192-0-2-1.business.pool.example', 'c-198-51-100-7.business.pool.example'],
    ['tenants of a cloud', 'a.compute-1.amazonaws.com', 'b.compute-1.amazonaws.com'],
    ['clients without a name', 'unknown', 'unknown'],
    ['names of one public suffix', 'mail.one.co.uk', 'mail.two.co.uk'],
  ])('is not made of %s', async (_, first, second) => {
    const { ask, clock } = server()
    expect(await ask({ clientAddress: '192.0.2.1', clientName: first })).toBe('deferred')
    clock.now += 60
    expect(await ask({ clientAddress: '198.51.100.7', clientName: second })).toBe('deferred')
  })

  it.each(['wide.example', 'down.example', 'none.example'])(
    'is not made of whoever sends for %s, and nobody waits for the DNS',
    async (domain) => {
      const { ask, clock, settled } = server()
      const mail = { sender: `a@${domain}`, ...unknown }
      expect(await ask({ ...mail, clientAddress: '10.0.2.1' })).toBe('deferred')
      await settled()
      clock.now += 60
      expect(await ask({ ...mail, clientAddress: '11.51.100.7' })).toBe('deferred')
      expect(await ask({ ...mail, clientAddress: '10.0.2.99' })).toBe('passed')
    },
  )

  it('goes on with what was known by networks alone', async () => {
    const { ask, clock } = server()
    const mail = { clientAddress: '192.0.2.1', sender: 'a@other.example' }
    // the name could not be looked up at the first try
    expect(await ask({ ...mail, ...unknown })).toBe('deferred')
    clock.now += 60
    expect(await ask({ ...mail, clientName: 'out.pool.example' })).toBe('passed')
    expect(await ask({ ...mail, clientAddress: '203.0.113.9', clientName: 'out.pool.example' })).toBe(
      'passed',
    )
  })

  it('is waited for by nobody: a DNS that never answers holds no mail up, first or second', async () => {
    const never = new Promise<void>(() => {})
    const { ask, asked, clock } = server(() => never)
    const mail = { ...unknown, clientAddress: '192.0.2.1', sender: 'a@spf.example' }
    expect(await ask(mail)).toBe('deferred')
    expect(asked).toEqual(['spf.example'])
    clock.now += 60
    expect(await ask({ ...mail, clientAddress: '198.51.100.1' })).toBe('deferred')
    expect(await ask(mail)).toBe('passed')
    const others = Array.from({ length: 1000 }, (_, n) => ask({ ...mail, sender: `a@d${n}.example` }))
    expect(new Set(await Promise.all(others))).toEqual(new Set(['deferred']))
    // as many as are asked about at once
    expect(asked).toHaveLength(20)
  })
})
