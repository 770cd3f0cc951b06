import { expect, it } from 'vitest'
import { senderDomain } from '../../src/greylist/pool.js'

it.each([
  ['alice@Example.ORG', 'example.org'],
  ['"a@b"@example.org', 'example.org'],
  ['a@_dmarc.x-1.example', '_dmarc.x-1.example'],
  ['', undefined],
  ['alice', undefined],
  ['alice@', undefined],
  ['alice@localhost', undefined],
  ['alice@[192.0.2.1]', undefined],
  ['alice@exa\nmple.org', undefined],
  ['alice@-a.example', undefined],
  ['alice@a..example', undefined],
  [`a@${'b'.repeat(250)}.example`, undefined],
  ['a@b\u00fccher.example', undefined],
])('the domain of %s is %s', (sender, domain) => {
  expect(senderDomain(sender)).toBe(domain)
})
