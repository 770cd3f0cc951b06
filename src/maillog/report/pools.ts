import type { Story } from '../life.js'
import { clientNetwork, clientText, pairKey } from '../triplet.js'
import { percentile } from '../verdict.js'
import { domainOf, isConfirmed, registrable } from './names.js'
import type { Pool } from './shape.js'

/** Seconds: tries further apart are different mails (postgrey's --retry-window). */
const SAME_MAIL = 2 * 86_400
const EXAMPLE_CLIENTS = 5

interface Gathering {
  readonly by: Pool['by']
  readonly networks: Set<string>
  readonly delays: number[]
  readonly example: Pool['example']
  mails: number
  accepted: number
}

/** Mails that were tried from several networks, by who owns these. The null sender is nobody's pool. */
export function poolsOf(stories: readonly Story[]): {
  readonly pools: readonly Pool[]
  readonly mails: number
} {
  const pools = new Map<string, Gathering>()
  let mails = 0
  for (const tries of movingMails(stories)) {
    mails += 1
    count(pools, tries)
  }
  const rows = [...pools].map(([key, { by, networks, delays, example, mails, accepted }]): Pool => {
    delays.sort((a, b) => a - b)
    return {
      name: key.slice(key.indexOf(' ') + 1),
      by,
      mails,
      accepted,
      networks: networks.size,
      medianDelay: percentile(delays, 50),
      maxDelay: delays.at(-1) ?? null,
      example,
    }
  })
  return { pools: rows.sort((a, b) => b.mails - a.mails || (a.name < b.name ? -1 : 1)), mails }
}

function movingMails(stories: readonly Story[]): readonly (readonly Story[])[] {
  const first = new Map<string, Story>()
  const several = new Map<string, Story[]>()
  for (const story of stories) {
    if (story.sender === '') continue
    const key = pairKey(story.sender, story.recipient)
    const other = first.get(key)
    if (other === undefined) first.set(key, story)
    else if (Math.abs((story.deferredAt ?? 0) - (other.deferredAt ?? 0)) <= SAME_MAIL) {
      const known = several.get(key)
      if (known) known.push(story)
      else several.set(key, [other, story])
    }
  }
  return [...several.values()]
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
      delays: [],
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
  if (delay !== undefined) pool.delays.push(delay)
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
