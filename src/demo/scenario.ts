/** Whose mail it is: what the summary counts, and how a line looks. */
export type Kind = 'good' | 'spam'

/** One try to deliver a mail. */
export interface Try {
  /** Seconds since the story's beginning. */
  readonly at: number
  /** One for all tries of a mail. */
  readonly mail: string
  readonly kind: Kind
  /** Which try of this mail; 1 is the first. */
  readonly attempt: number
  readonly address: string
  /** As Postfix has verified it; `unknown` where the name does not lead back to the address. */
  readonly name: string
  readonly sender: string
  readonly recipient: string
  /** What a greylister has to answer here. */
  readonly expected: 'deferred' | 'passed'
  /** What this try shows. */
  readonly note: string
}

/** What happens to the daemon itself. */
export interface Accident {
  readonly at: number
  readonly accident: 'power-cut'
  readonly note: string
}

export type Moment = Try | Accident

/** Monday, 5 January 2026, 08:00 UTC, in epoch seconds. */
export const BEGIN = Date.UTC(2026, 0, 5, 8) / 1000

const MINUTE = 60
const HOUR = 3600
const YOU = 'you@example.com'

interface Mail {
  readonly mail: string
  readonly kind: Kind
  readonly sender: string
  readonly recipient?: string
}

type Attempt = readonly [
  at: number,
  client: readonly [address: string, name: string],
  expected: 'deferred' | 'passed',
  note: string,
]

function mail({ recipient = YOU, ...common }: Mail, ...attempts: readonly Attempt[]): readonly Try[] {
  return attempts.map(([at, [address, name], expected, note], index) => ({
    ...common,
    recipient,
    at,
    attempt: index + 1,
    address,
    name,
    expected,
    note,
  }))
}

const BAKERY = ['192.0.2.25', 'mail.bakery.example'] as const
const NEWSLETTER = ['192.0.2.80', 'out.news.example'] as const
/** A provider sends each try from whichever machine is free. Their networks differ, the organisation does not. */
const POOL = [
  ['198.51.100.10', 'mail-ot1.bigmail.example'],
  ['203.0.113.200', 'mail-qk7.bigmail.example'],
  ['198.18.4.33', 'mail-io5.bigmail.example'],
] as const

/** Colleagues at one provider, an hour apart: each is deferred once, until the organisation has proven itself. */
function colleagues(): readonly Try[] {
  return ['anna', 'ben', 'carla', 'dora'].flatMap((name, index) => {
    const at = (3 + index) * HOUR
    const last = index === 3
    return mail(
      { mail: name, kind: 'good', sender: `${name}@bigmail.example` },
      [at, POOL[index % 3] ?? POOL[0], 'deferred', 'another sender there, a triplet of its own'],
      [
        at + 4 * MINUTE,
        POOL[(index + 1) % 3] ?? POOL[0],
        'passed',
        last ? 'their fifth mail: nobody there is asked to wait any more' : 'back, and remembered',
      ],
    )
  })
}

/** A day at a mail server, in the order of time. */
export function scenario(): readonly Moment[] {
  const moments: Moment[] = [
    ...mail(
      { mail: 'order', kind: 'good', sender: 'orders@bakery.example' },
      [0, BAKERY, 'deferred', 'a mail server nobody knows: asked to come back'],
      [5 * MINUTE, BAKERY, 'passed', 'it queued the mail and came back, as mail servers do'],
    ),
    ...mail({ mail: 'pills', kind: 'spam', sender: 'offer@pills.example' }, [
      20,
      ['203.0.113.77', 'unknown'],
      'deferred',
      'spam from a broken-in machine: it never comes back',
    ]),
    ...mail(
      { mail: 'lottery', kind: 'spam', sender: 'winner@lottery.example' },
      [60, ['198.18.0.9', 'dsl-198-18-0-9.access.example'], 'deferred', 'spam that tries again at once'],
      [63, ['198.18.0.9', 'dsl-198-18-0-9.access.example'], 'deferred', 'too early'],
      [81, ['198.18.0.9', 'dsl-198-18-0-9.access.example'], 'deferred', 'too early, and then it gives up'],
    ),
    ...mail(
      { mail: 'invoice', kind: 'good', sender: 'lena@bigmail.example' },
      [2 * MINUTE, POOL[0], 'deferred', 'a large provider'],
      [8 * MINUTE, POOL[1], 'passed', 'from a machine in another network: the same organisation'],
    ),
    ...mail(
      { mail: 'patient', kind: 'spam', sender: 'deal@patient.example' },
      [10 * MINUTE, ['198.18.9.9', 'vps9.hoster.example'], 'deferred', 'spam sent by a real mail server'],
      [
        20 * MINUTE,
        ['198.18.9.9', 'vps9.hoster.example'],
        'passed',
        'it comes back, and passes: the content filter has its turn',
      ],
    ),
    ...mail(
      { mail: 'trouble', kind: 'good', sender: 'admin@far.example', recipient: 'postmaster@example.com' },
      [30 * MINUTE, ['192.0.2.99', 'unknown'], 'passed', 'to the postmaster: never made to wait'],
    ),
    ...mail({ mail: 'second order', kind: 'good', sender: 'orders@bakery.example' }, [
      90 * MINUTE,
      BAKERY,
      'passed',
      'known by now: no wait at all',
    ]),
    ...mail(
      { mail: 'newsletter', kind: 'good', sender: 'list@news.example' },
      [2 * HOUR, NEWSLETTER, 'deferred', 'answered, and therefore on the disk'],
      [2 * HOUR + 15 * MINUTE, NEWSLETTER, 'passed', 'what was answered before the kill is remembered'],
    ),
    { at: 2 * HOUR + 1, accident: 'power-cut', note: 'the daemon is killed with -9 and starts again' },
    ...colleagues(),
    ...mail({ mail: 'stranger', kind: 'good', sender: 'emil@bigmail.example' }, [
      8 * HOUR,
      POOL[2],
      'passed',
      'never seen before, but the organisation has proven itself',
    ]),
  ]
  return moments.sort((a, b) => a.at - b.at)
}
