import { expect, it } from 'vitest'
import { createRealHost } from '../../src/host/real.js'

const host = createRealHost()

it('asks for a domain without mail hosts, or gives up in time', async () => {
  expect((await host.mailExchangers('nobody.invalid', 1)) ?? []).toEqual([])
})

it('knows this machine by loopback', () => {
  expect(host.ownAddresses()).toContain('127.0.0.1')
})
