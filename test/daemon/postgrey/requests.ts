import fc from 'fast-check'
import { policyText } from '../running.js'

export const START = 1_700_000_000

export const LISTS = {
  clients:
    'listed.example.net\n198.51.100.64/26 # a network\n203.0.113\n/^mx\\d+\\.expression\\./\n2001:db8:77::/48\n192.0.2.222\n',
  recipients: 'postmaster@\nopen@example.com\nfree.example.com\n/^any-\\d+@/\n',
}

const name = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('mail.example.org', 'unknown', 'Mail.Example.NET') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('a.listed.example.net', 'unlisted.example.net', 'MX5.expression.example', ''),
  },
)

/** Neighbours in networks of each size that the options name. */
const address = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.constantFrom(
      '192.0.2.25',
      '192.0.2.99',
      '192.0.9.25',
      '198.51.100.5',
      '2001:db8:1:2::5',
      '2001:DB8:1:2:0:0:0:6',
      '2001:db8:1:3::5',
      '2001:db8:2::1',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('198.51.100.70', '203.0.113.9', '2001:db8:77:1::1', '192.0.2.222'),
  },
)

/** What senders are made of where mailing lists, BATV and SRS have been at work; also where nobody sane has. */
const fragment = fc.constantFrom(
  ...[
    'prvs=',
    '=',
    '==',
    '+',
    '-',
    '_',
    '.',
    '/',
    '%',
    '#',
    '"',
    ' ',
    'SRS0=',
    'SRS1+',
    'Alice',
    'bob',
    'a1',
  ],
  ...['1234abcdef', '123456789', '0', '17', '2026-11-24', 'j\u00c3\u00b6rg', '\u00e9'],
)
const local = fc.array(fragment, { minLength: 1, maxLength: 6 }).map((fragments) => fragments.join(''))
const sender = fc.oneof(
  {
    weight: 1,
    arbitrary: fc.constantFrom('', 'nobody', '@example.org', 'a@b@example.org', 'prvs=1234abcdef=x@y'),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(local, fc.constantFrom('example.org', '17.Example.ORG'))
      .map((parts) => parts.join('@')),
  },
)

const recipient = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.constantFrom(
      'bob@example.com',
      'BOB@Example.com',
      'bob+x@example.com',
      'carol+17@example.com',
      'root',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      'Postmaster@example.com',
      'postmaster+x@example.com',
      'open+box@example.com',
      'open+@example.com',
      'x@deep.free.example.com',
      'x@notfree.example.com',
      'any-5@example.com',
      'any-@example.com',
    ),
  },
)

const pause = fc.oneof(
  { weight: 30, arbitrary: fc.integer({ min: 0, max: 40 }) },
  { weight: 10, arbitrary: fc.integer({ min: 55, max: 65 }) },
  { weight: 6, arbitrary: fc.integer({ min: 290, max: 310 }) },
  { weight: 4, arbitrary: fc.integer({ min: 3590, max: 3610 }) },
  { weight: 1, arbitrary: fc.integer({ min: 150_000, max: 190_000 }) },
)

/** Requests that come back to each other: a few senders, many clients and recipients, time going on. */
export function randomRequests(count: number, seed: number): string[] {
  const senders = fc.sample(sender, { seed, numRuns: 7 })
  const step = fc.record({
    name,
    address,
    sender: fc.constantFrom(...senders),
    recipient,
    pause,
    queueId: fc.constantFrom('', '', '', '4ABC12'),
    message: fc.nat(3),
  })
  let now = START
  return fc.sample(step, { seed, numRuns: count }).map((one, index) => {
    now += one.pause
    return policyText({
      client_name: one.name,
      client_address: one.address,
      sender: one.sender,
      recipient: one.recipient,
      queue_id: one.queueId,
      // a message has its recipients one after the other
      instance: `m${Math.floor(index / 4)}.${one.message}`,
      etrn_domain: '',
      policy_test_time: String(now),
    })
  })
}
