import type { ChalkInstance } from 'chalk'
import type { Preview } from '../preview/preview.js'
import type { SpfTally } from '../preview/senders.js'
import { clientIn, firstSize, plainTable, shorten } from './columns.js'
import { duration } from './duration.js'
import { escapeText } from './escape.js'
import type { Terminal } from './print.js'
import { number } from './report/words.js'

export interface PreviewView {
  readonly preview: Preview
  /** Seconds. */
  readonly delay: number
  readonly identity: 'pool' | 'subnet'
  readonly selective: boolean
  /** Lines of lists that say nothing. */
  readonly warnings: readonly string[]
}

/** For scripts: times of day in ISO 8601, everything else in whole seconds. */
export function previewDocument({ preview, delay, identity, selective, warnings }: PreviewView): unknown {
  const { window, delay: delays, longest, neverCameBack, delayed, spf, ...rest } = preview
  return {
    settings: { delay, identity, selective, spf: spf !== undefined },
    ...rest,
    delayed,
    neverCameBack,
    delay: delays,
    longest: longest.map((mail) => ({ ...mail, at: iso(mail.at) })),
    window: { ...window, from: isoOrNull(window.from), to: isoOrNull(window.to) },
    spf: spf ?? null,
    warnings,
  }
}

function isoOrNull(seconds: number | undefined): string | null {
  return seconds === undefined ? null : iso(seconds)
}

function iso(seconds: number): string {
  return new Date(Math.floor(seconds) * 1000).toISOString().replace('.000Z', 'Z')
}

export function renderPreview(view: PreviewView, { style, width }: Terminal): string {
  const { preview, warnings } = view
  return [
    ...warnings.map((warning) => `${style.yellow('warning:')} ${escapeText(warning)}`),
    headline(view, style),
    '',
    ...outcomes(view),
    ...(preview.delayed > 0 ? ['', ...delays(preview)] : []),
    ...longestTable(preview, width, style),
    ...poolTable(preview, width, style),
    '',
    ...notes(view).map((note) => style.dim(note)),
  ].join('\n')
}

function headline({ preview, delay, identity, selective }: PreviewView, style: ChalkInstance): string {
  const { mails, window } = preview
  const span = [window.from, window.to]
    .map((at) => (at === undefined ? '?' : iso(at).slice(0, 10)))
    .join(' to ')
  const whom = selective ? 'clients that look like households' : 'all clients'
  return style.bold(
    `${number(mails)} mails from ${span}, had ${whom} been greylisted with ${duration(delay)} (identity ${identity})`,
  )
}

function outcomes({ preview, selective }: PreviewView): string[] {
  const { mails, notAsked, atOnce, delayed, neverCameBack, waitingAtEnd, lost } = preview
  const passed = Object.values(atOnce).reduce((sum, count) => sum + count, 0)
  const reasons = Object.entries(atOnce).map(([reason, count]) => `${reason} ${number(count)}`)
  const rows: [number, string][] = [
    [
      notAsked,
      selective
        ? 'not asked about: own users and networks, and mail servers'
        : 'not asked about: own users and networks',
    ],
    [passed, `at once${reasons.length > 0 ? ` (${reasons.join(', ')})` : ''}`],
    [delayed, 'after a delay'],
    [neverCameBack.stopped, 'kept out: deferred then, and their senders never came back'],
    [waitingAtEnd, 'deferred so late that the log does not tell'],
    [lost, 'lost: tried for five days and never passed'],
  ]
  const shown = rows.filter(([count], at) => count > 0 || at === 2)
  const wide = Math.max(...shown.map(([count]) => number(count).length))
  const lines = shown.map(([count, what]) => {
    const share = mails === 0 ? '' : `${((100 * count) / mails).toFixed(1)} %`
    return `  ${number(count).padStart(wide)}  ${share.padStart(7)}  ${escapeText(what)}`
  })
  if (neverCameBack.in > 0) {
    lines.push(
      `  of those above, ${number(neverCameBack.in)} were deferred then and never came back: they would have come in`,
    )
  }
  return lines
}

const BASIS = {
  observed: 'seen in the log',
  log: 'by how the log shows the same sender to retry',
  published: 'by what is published of the sender',
  assumed: "assumed: Postfix's own schedule, 5 minutes first",
} as const

function delays({ delay, basis }: Preview): string[] {
  const { mean, median, p90, p99, max } = delay
  const known = Object.entries(BASIS).flatMap(([id, words]) => {
    const count = basis[id as keyof typeof BASIS]
    return count > 0 ? [`  ${number(count)} ${words}`] : []
  })
  return [
    `delays: mean ${duration(mean)}, median ${duration(median)}, 90 % within ${duration(p90)}, 99 % within ${duration(p99)}, longest ${duration(max)}`,
    ...known,
  ]
}

function longestTable({ longest }: Preview, width: number, style: ChalkInstance): string[] {
  if (longest.length === 0) return []
  const others = [20, 20, 9, 9]
  const first = Math.max(12, firstSize(width, others))
  const rows = longest.map(({ client, sender, recipient, delay, basis }) => [
    shorten(clientIn(client, first), first),
    shorten(sender || '<>', 20),
    shorten(recipient, 20),
    duration(delay),
    basis,
  ])
  const head = ['client', 'sender', 'recipient', 'delay', 'known']
  return ['', style.bold('the longest'), ...plainTable(head, rows, [first, ...others])]
}

function poolTable({ pools }: Preview, width: number, style: ChalkInstance): string[] {
  if (pools.length === 0) return []
  const others = [8, 7, 7, 9]
  const first = Math.min(40, Math.max(12, firstSize(width, others)))
  const rows = pools.map(({ organisation, by, networks, mails, delayed, longest }) => [
    shorten(by === 'spf' ? `${organisation} (SPF)` : organisation, first),
    number(networks),
    number(mails),
    number(delayed),
    duration(longest),
  ])
  const head = ['organisation', 'networks', 'mails', 'delayed', 'longest']
  const title = style.bold('large senders: several networks, and mail that would have waited')
  return ['', title, ...plainTable(head, rows, [first, ...others], new Set([1, 2, 3]))]
}

function spfNotes(spf: SpfTally | undefined): string[] {
  if (spf === undefined)
    return [
      'Pools that are known by SPF alone are not looked up here; their mail counts by its networks. --spf asks the DNS.',
    ]
  const { domains, authorising, none, failed, notAsked } = spf
  const unknown = [
    ...(failed > 0 ? [`${number(failed)} got no answer`] : []),
    ...(notAsked > 0 ? [`for ${number(notAsked)} there was no time, or no room`] : []),
  ]
  return [
    `SPF was looked up as it is today: of ${number(domains)} domains for which it matters, ${number(authorising)} name their machines, ${number(none)} do not.`,
    ...(unknown.length > 0
      ? [`Of the others, ${unknown.join(', ')}: their mail counts by its networks.`]
      : []),
  ]
}

function notes({ preview, identity }: PreviewView): string[] {
  const { basis, letGo, forgotten, undated, problems } = preview
  const guessed = basis.log + basis.published + basis.assumed
  return [
    ...(guessed > 0
      ? [
          'This server accepted those mails at their first try, so the log has no second one: when it would have come is an estimate.',
        ]
      : []),
    'Mail that was accepted is taken for mail whose sender comes back: spam that would have been kept out is not in a log of this kind.',
    ...(identity === 'pool' ? spfNotes(preview.spf) : []),
    ...(letGo > 0
      ? [`${number(letGo)} mails were too many under way at once to follow: they are counted nowhere above.`]
      : []),
    ...(forgotten > 0
      ? [
          `${number(forgotten)} triplets and clients were too many to remember: who came back to one of them counts as new.`,
        ]
      : []),
    ...(undated > 0 ? [`${number(undated)} tries have no time and do not count.`] : []),
    ...problems.map(({ title, detail }) => escapeText(`${title}: ${detail}`)),
  ]
}
