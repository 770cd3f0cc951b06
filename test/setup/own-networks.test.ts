import { expect, it } from 'vitest'
import { MemoryHost } from '../../src/host/memory.js'
import { ownNetworks } from '../../src/setup/own-networks.js'

it('finds the networks that main.cf writes out, through references, and leaves tables and exceptions out', async () => {
  const host = new MemoryHost()
  host.seed(
    '/etc/postfix/main.cf',
    'lan = 192.0.2.0/24\nmynetworks = 127.0.0.0/8, [::1]/128 $lan\n  hash:/etc/postfix/more !192.0.2.9\n',
  )
  expect(await ownNetworks(host, '/etc/postfix')).toEqual(['127.0.0.0/8', '::1/128', '192.0.2.0/24'])
})

it('finds nothing where there is no main.cf, or it says nothing', async () => {
  const host = new MemoryHost()
  expect(await ownNetworks(host, '/etc/postfix')).toEqual([])
  host.seed('/etc/postfix/main.cf', 'myhostname = mx.example.test\n')
  expect(await ownNetworks(host, '/etc/postfix')).toEqual([])
})
