import { START } from './requests.js'

/** A request, and what each side answers. */
interface Step {
  readonly ask: Readonly<Record<string, string>>
  /** Attributes that are not sent. */
  readonly without?: readonly string[]
  /** Seconds after the start. */
  readonly at?: number
  /** undefined: nothing at all. */
  readonly theirs: RegExp | undefined
  readonly mine: RegExp
}

export interface Departure {
  /** As in docs/postgrey.md. */
  readonly name: string
  readonly steps: readonly Step[]
  /** What each side logs of it, where that is the point. */
  readonly lines?: { readonly theirs: string; readonly mine: string }
}

export const OPTIONS = ['--delay=60', '--greylist-text=wait %s s', '--hostname=mx.example.com']
export const LISTS = {
  clients: '10.20\n192.168.1.0/24\n.dotted.example\n',
  recipients: 'postmaster@\n',
}

const DAY = 86_400
const DEFERRED = /^DEFER_IF_PERMIT 4\.2\.0 wait \d+ s$/
const PASSED = /^PREPEND X-Greylist: /
const KNOWN = /^DUNNO$/

/** Where greyctl decides differently on purpose. Each has clients and recipients of its own: none disturbs another. */
export const DEPARTURES: readonly Departure[] = [
  {
    name: 'an authenticated client is not greylisted',
    steps: [{ ask: { client_address: '192.0.2.1', sasl_username: 'bob' }, theirs: DEFERRED, mine: KNOWN }],
  },
  {
    name: 'nothing is learned from a request without a recipient',
    steps: [{ ask: { client_address: '192.0.2.2', recipient: '' }, theirs: DEFERRED, mine: KNOWN }],
  },
  {
    name: 'an absent attribute is an empty one',
    steps: [{ ask: { client_address: '192.0.2.3' }, without: ['sender'], theirs: KNOWN, mine: DEFERRED }],
  },
  {
    name: 'a request of another type gets an answer',
    steps: [{ ask: { request: 'junk' }, theirs: undefined, mine: KNOWN }],
  },
  {
    name: '::ffff:192.0.2.4 is 192.0.2.4',
    steps: [
      { ask: { client_address: '192.0.2.4' }, theirs: DEFERRED, mine: DEFERRED },
      { ask: { client_address: '::ffff:192.0.2.4' }, at: 70, theirs: DEFERRED, mine: PASSED },
    ],
  },
  {
    name: 'an IPv6 network of IPv4 addresses is none of IPv4',
    steps: [{ ask: { client_address: '::c0a8:109' }, theirs: KNOWN, mine: DEFERRED }],
  },
  {
    name: 'age is judged at every look-up',
    steps: [
      { ask: { client_address: '192.0.3.1' }, theirs: DEFERRED, mine: DEFERRED },
      { ask: { client_address: '192.0.3.1' }, at: 60, theirs: PASSED, mine: PASSED },
      { ask: { client_address: '192.0.3.1' }, at: 40 * DAY, theirs: KNOWN, mine: DEFERRED },
    ],
  },
  {
    name: 'what has passed stays known when the clock steps back',
    steps: [
      { ask: { client_address: '192.0.4.1' }, at: DAY, theirs: DEFERRED, mine: DEFERRED },
      { ask: { client_address: '192.0.4.1' }, at: DAY + 60, theirs: PASSED, mine: PASSED },
      { ask: { client_address: '192.0.4.1' }, at: DAY - 100, theirs: DEFERRED, mine: KNOWN },
    ],
  },
  {
    name: 'a sender may contain a slash',
    steps: [
      {
        ask: { client_address: '192.0.5.1', sender: 'a@x/b@y', recipient: 'c@z' },
        theirs: DEFERRED,
        mine: DEFERRED,
      },
      {
        ask: { client_address: '192.0.5.1', sender: 'a@x', recipient: 'b@y/c@z' },
        at: 70,
        theirs: PASSED,
        mine: DEFERRED,
      },
    ],
  },
  {
    name: 'a text without a status of its own gets 4.2.0 from every Postfix',
    steps: [
      {
        ask: { client_address: '192.0.6.1' },
        without: ['etrn_domain'],
        theirs: /^DEFER_IF_PERMIT wait 60 s$/,
        mine: DEFERRED,
      },
    ],
  },
  {
    name: '10.20 is 10.20.0.0/16',
    steps: [
      { ask: { client_address: '10.20.0.9' }, theirs: KNOWN, mine: KNOWN },
      { ask: { client_address: '10.20.5.9' }, theirs: DEFERRED, mine: KNOWN },
    ],
  },
  {
    name: 'a name with a dot before it is that name',
    steps: [
      {
        ask: { client_address: '192.0.7.1', client_name: 'mx.dotted.example' },
        theirs: DEFERRED,
        mine: KNOWN,
      },
    ],
  },
  {
    name: 'postmaster@ is postmaster without a domain, too',
    steps: [{ ask: { client_address: '192.0.8.1', recipient: 'postmaster' }, theirs: DEFERRED, mine: KNOWN }],
  },
  {
    name: 'a message has one header, whatever came between',
    steps: [
      {
        ask: { client_address: '192.0.9.1', instance: 'a', recipient: 'one@x' },
        theirs: DEFERRED,
        mine: DEFERRED,
      },
      {
        ask: { client_address: '192.0.9.1', instance: 'a', recipient: 'two@x' },
        theirs: DEFERRED,
        mine: DEFERRED,
      },
      ...Array.from({ length: 10 }, (_, index) => ({
        ask: { client_address: '192.0.9.1', instance: `between${index}`, recipient: `other${index}@x` },
        theirs: DEFERRED,
        mine: DEFERRED,
      })),
      {
        ask: { client_address: '192.0.9.1', instance: 'a', recipient: 'one@x' },
        at: 60,
        theirs: PASSED,
        mine: PASSED,
      },
      ...Array.from({ length: 10 }, (_, index) => ({
        ask: { client_address: '192.0.9.1', instance: `between${index}`, recipient: `other${index}@x` },
        at: 60,
        theirs: PASSED,
        mine: PASSED,
      })),
      {
        ask: { client_address: '192.0.9.1', instance: 'a', recipient: 'two@x' },
        at: 60,
        theirs: PASSED,
        mine: KNOWN,
      },
    ],
  },
  {
    name: 'a value is not cut at 512 bytes',
    steps: [
      {
        ask: { client_address: '192.0.10.1', sender: `${'x'.repeat(600)}@y` },
        theirs: DEFERRED,
        mine: DEFERRED,
      },
      {
        ask: { client_address: '192.0.10.1', sender: `${'x'.repeat(601)}@y` },
        at: 70,
        theirs: PASSED,
        mine: DEFERRED,
      },
    ],
  },
  {
    name: 'a comma before a space cannot invent a field in the log',
    steps: [
      {
        ask: { client_address: '192.0.11.1', sender: '"a, recipient=b"@x' },
        theirs: DEFERRED,
        mine: DEFERRED,
      },
    ],
    lines: {
      theirs:
        'action=greylist, reason=new, client_name=mail.example.org, client_address=192.0.11.1, sender="a, recipient=b"@x, recipient=bob@example.com',
      mine: 'action=greylist, reason=new, client_name=mail.example.org, client_address=192.0.11.1, sender="a%2C recipient=b"@x, recipient=bob@example.com',
    },
  },
  {
    name: 'a value that is 0 is a value',
    steps: [{ ask: { client_address: '192.0.12.1', sender: '0' }, theirs: DEFERRED, mine: DEFERRED }],
    lines: {
      theirs:
        'action=greylist, reason=new, client_name=mail.example.org, client_address=192.0.12.1, recipient=bob@example.com',
      mine: 'action=greylist, reason=new, client_name=mail.example.org, client_address=192.0.12.1, sender=0, recipient=bob@example.com',
    },
  },
]

/** Attributes of a step, with those that Postfix always sends. */
export function attributesOf({ ask, without = [], at = 0 }: Step): Record<string, string> {
  const all: Record<string, string> = {
    client_name: 'mail.example.org',
    client_address: '192.0.2.25',
    sender: 'alice@example.org',
    recipient: 'bob@example.com',
    etrn_domain: '',
    policy_test_time: String(START + at),
    ...ask,
  }
  for (const name of without) delete all[name]
  return all
}
