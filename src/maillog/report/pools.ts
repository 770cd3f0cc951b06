import type { Story } from '../life.js'
import { PrintTable } from '../print-table.js'
import { percentileOf } from '../totals.js'
import { clientNetwork, clientText, normalAddress } from '../triplet.js'
import { domainOf, isConfirmed, registrable } from './names.js'
import { StoryPrints } from './prints.js'
import type { Pool } from './shape.js'

/** Seconds: tries further apart are different mails (postgrey's --retry-window). */
const SAME_MAIL = 2 * 86_400
const EXAMPLE_CLIENTS = 5

interface Gathering {
  readonly by: Pool['by']
  readonly networks: Set<string>
  /** How often each delay was seen. */
  readonly delays: Map<number, number>
  readonly example: Pool['example']
  mails: number
  accepted: number
}

/** Mails that were tried from several networks, by who owns these. The null sender is nobody's pool. */
export function poolsOf(each: () => Iterable<Story>): {
  readonly pools: readonly Pool[]
  readonly mails: number
} {
  const pools = new Map<string, Gathering>()
  let mails = 0
  for (const tries of movingMails(each)) {
    mails += 1
    count(pools, tries)
  }
  const rows = [...pools].map(([key, { by, networks, delays, example, mails, accepted }]): Pool => {
    return {
      name: key.slice(key.indexOf(' ') + 1),
      by,
      mails,
      accepted,
      networks: networks.size,
      medianDelay: percentileOf(delays, 50),
      maxDelay: percentileOf(delays, 100),
      example,
    }
  })
  return { pools: rows.sort((a, b) => b.mails - a.mails || (a.name < b.name ? -1 : 1)), mails }
}

/** The stories of each mail that was tried from several networks; only these are held at once. */
function movingMails(each: () => Iterable<Story>): readonly (readonly Story[])[] {
  // 1: seen once, 2: more often; as texts in a Set they were a fifth of the garbage of a report
  const seen = new PrintTable()
  const prints = new StoryPrints()
  for (const { sender, recipient } of each()) {
    if (sender === '') continue
    const mail = prints.mail(sender, recipient)
    seen.set(mail, seen.get(mail) === 0 ? 1 : 2)
  }
  const tries = new Map<string, Story[]>()
  for (const story of each()) {
    const { sender, recipient } = story
    if (sender === '' || seen.get(prints.mail(sender, recipient)) !== 2) continue
    const key = `${normalAddress(sender)}\n${normalAddress(recipient)}`
    const known = tries.get(key)
    const apart = Math.abs((story.deferredAt ?? 0) - (known?.[0]?.deferredAt ?? story.deferredAt ?? 0))
    if (known === undefined) tries.set(key, [story])
    else if (apart <= SAME_MAIL) known.push(story)
  }
  return [...tries.values()].filter((same) => same.length > 1)
}

function count(pools: Map<string, Gathering>, tries: readonly Story[]): void {
  const { name, by } = ownerOf(tries)
  const key = `${by} ${name}`
  let pool = pools.get(key)
  if (pool === undefined) {
    const { sender, recipient } = tries[0] as Story
    const clients = tries.slice(0, EXAMPLE_CLIENTS).map(({ client }) => clientText(client))
    pool = {
      by,
      networks: new Set(),
      delays: new Map(),
      example: { sender, recipient, clients },
      mails: 0,
      accepted: 0,
    }
    pools.set(key, pool)
  }
  pool.mails += 1
  for (const { client } of tries) pool.networks.add(clientNetwork(client.address))
  const delay = delayOf(tries)
  if (tries.some(({ passed }) => passed)) pool.accepted += 1
  if (delay !== undefined) pool.delays.set(delay, (pool.delays.get(delay) ?? 0) + 1)
}

/** One domain of verified names that all tries share, else the sender's. */
function ownerOf(tries: readonly Story[]): Pick<Pool, 'name' | 'by'> {
  const owners = new Set(
    tries.map(({ client }) => (isConfirmed(client) ? registrable(client.name) : undefined)),
  )
  const [owner] = owners
  if (owners.size === 1 && owner !== undefined) return { name: owner, by: 'client-name' }
  return { name: domainOf(tries[0]?.sender ?? ''), by: 'sender-domain' }
}

function delayOf(tries: readonly Story[]): number | undefined {
  const starts = tries.flatMap(({ deferredAt }) => deferredAt ?? [])
  const ends = tries.flatMap(({ passedAt }) => passedAt ?? [])
  if (starts.length === 0 || ends.length === 0) return undefined
  return Math.max(0, Math.round(Math.min(...ends) - Math.min(...starts)))
}
