import fc from 'fast-check'
import type { Engine } from '../../src/daemon/engine.js'
import type { Pools } from '../../src/daemon/pools.js'
import { NetworkSet, parseAddress } from '../../src/greylist/address.js'
import { keyOfOutbound } from '../../src/greylist/correspondent.js'
import { EXPECTATIONS, expectationKey } from '../../src/greylist/expected.js'
import { keysOf } from '../../src/greylist/key.js'
import type { Policy } from '../../src/greylist/policy.js'
import type { Pool } from '../../src/greylist/pool.js'
import type { PolicyRequest } from '../../src/greylist/request.js'
import type { Entry, Store } from '../../src/store/store.js'
import { policy, request } from '../greylist/fixtures.js'
import { anEngine } from './an-engine.js'

/** Days of mail at several hosts with one memory, played to see what they answer and what is remembered. */

export const START = 1_800_000_000

/** Of all of them; seconds. */
export const RULES = { retryWindow: 300, maxAge: 7200 }

const CLIENTS = ['192.0.2.25', '192.0.2.26', '198.51.100.7', '2001:db8::25']
/** Mail of these is known by their pool too. */
const POOLED = new Set(CLIENTS.slice(1, 3))
const SENDERS = ['alice@big.example', 'bob@else.example', '']
const RECIPIENTS = ['carol@example.com', 'dave@example.com']

interface Mail {
  readonly client: number
  readonly sender: number
  readonly recipient: number
}

type Happening =
  /** Of one event-loop turn. */
  | { readonly kind: 'mails'; readonly host: number; readonly mails: readonly Mail[] }
  | { readonly kind: 'time'; readonly seconds: number }
  /** `greyctl store forget`, `expect` and such, by somebody else. */
  | { readonly kind: 'forget' | 'expect' | 'write'; readonly mail: Mail }

export interface Days {
  readonly rules: Pick<Policy, 'delay' | 'autoWhitelist' | 'learn' | 'outbound'>
  readonly happenings: readonly Happening[]
}

const mail = fc.record({
  client: fc.nat(CLIENTS.length - 1),
  sender: fc.nat(SENDERS.length - 1),
  recipient: fc.nat(RECIPIENTS.length - 1),
})

const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant('mails' as const),
      host: fc.nat(1),
      mails: fc.array(mail, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('time' as const),
      seconds: fc.constantFrom(1, 30, 60, 301, 3600, 7201),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('forget' as const, 'expect' as const, 'write' as const),
      mail,
    }),
  },
)

export const days: fc.Arbitrary<Days> = fc.record({
  rules: fc.record({
    delay: fc.constantFrom(0, 60, 60),
    autoWhitelist: fc.constantFrom(0, 1, 2),
    learn: fc.constantFrom(false, false, true),
    outbound: fc.constantFrom(undefined, { seconds: 3000, verified: false, networks: new NetworkSet() }),
  }),
  happenings: fc.array(happening, { minLength: 1, maxLength: 40 }),
})

/** What was answered, and what is remembered after it. */
export interface Outcome {
  readonly answers: readonly string[]
  readonly warnings: readonly string[]
}

/** `stores`: one of each host, on the same memory, which `memory` changes behind their backs. */
export async function play(
  { rules, happenings }: Days,
  stores: readonly Store[],
  memory: Store,
  time: { now: number },
): Promise<Outcome> {
  const warnings: string[] = []
  const own = policy({ ...rules, ...RULES })
  const engines = stores.map((store) => engineOn(store, own, () => time.now, warnings))
  const answers: string[] = []
  for (const one of happenings) {
    if (one.kind === 'time') time.now += one.seconds
    else if (one.kind === 'mails') answers.push(...(await ask(engines[one.host], one.mails)))
    else await behindTheirBacks(one, memory, own, time.now)
  }
  return { answers, warnings }
}

function requestOf({ client, sender, recipient }: Mail): PolicyRequest {
  return request({
    clientAddress: CLIENTS[client] ?? '',
    sender: SENDERS[sender] ?? '',
    recipient: RECIPIENTS[recipient] ?? '',
  })
}

const POOLS = {
  of: ({ clientAddress }: PolicyRequest) => (POOLED.has(clientAddress) ? ['@big.example' as Pool] : []),
  shared: (_: PolicyRequest, pools: readonly Pool[]) => pools,
  deserving: (pools: readonly Pool[]) => pools,
  learn: () => {},
} as unknown as Pools

function engineOn(store: Store, own: Policy, now: () => number, warnings: string[]): Engine {
  return anEngine({
    store,
    policy: () => own,
    pools: POOLS,
    log: { rarely: (_, text) => warnings.push(text) },
    clock: () => now() * 1000,
  })
}

async function ask(engine: Engine | undefined, mails: readonly Mail[]): Promise<readonly string[]> {
  return Promise.all(
    mails.map(
      (one) =>
        new Promise<string>((answer) =>
          engine?.submit({ requests: [requestOf(one)], answer, received: performance.now() }),
        ),
    ),
  )
}

async function behindTheirBacks(
  { kind, mail: about }: Extract<Happening, { kind: 'forget' | 'expect' | 'write' }>,
  memory: Store,
  own: Policy,
  now: number,
): Promise<void> {
  const asked = requestOf(about)
  const until = { first: now, last: now + 3000, count: 1 }
  if (kind === 'forget') {
    const address = parseAddress(asked.clientAddress)
    if (address !== undefined) await memory.removeMany(keysOf(asked, address, own).triplets)
    return
  }
  const entries: Entry[] =
    kind === 'expect'
      ? [
          [EXPECTATIONS, until],
          [expectationKey({ sender: '@else.example', recipient: asked.recipient }), until],
        ]
      : [[keyOfOutbound(request({ sender: asked.recipient, recipient: asked.sender })) ?? '', until]]
  await memory.putMany(entries.filter(([key]) => key !== ''))
}
