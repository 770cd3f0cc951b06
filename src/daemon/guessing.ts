import { keyOfAnswer } from '../greylist/correspondent.js'
import { changesOf, type Decision, decideByRecords } from '../greylist/decide.js'
import { EXPECTATIONS } from '../greylist/expected.js'
import { type Policy, policyFor } from '../greylist/policy.js'
import type { PolicyRequest } from '../greylist/request.js'
import type { Guess, Guesser, Outcome } from '../store/store.js'
import { correspondentOf } from './expecting.js'
import type { Asked } from './work.js'

export interface GuessOptions {
  readonly policy: Policy
  /** Seconds. */
  readonly now: (request: PolicyRequest) => number
  /** Whether something under this key was decided, and is not committed yet: then nothing is guessed. */
  readonly isPending: (key: string) => boolean
}

/**
 * What readRecords does, for a store on the network, and the decision too where what was seen last is still so: by the same
 * rules, before asking instead of after it. What it changes is committed then, and the question is `settled`. True if
 * somebody waits for mail.
 */
export async function readGuessing(
  guesser: Guesser,
  asked: readonly Asked[],
  options: GuessOptions,
): Promise<boolean> {
  // what an earlier mail of the turn may change is not guessed either
  const earlier = new Set<string>()
  const guesses = asked.map((question) => guessOf(question, guesser, options, earlier))
  const [expectations, outcomes] = await guesser.putIf(
    EXPECTATIONS,
    guesses.map(({ guess }) => guess),
  )
  for (const [at, question] of asked.entries()) {
    const { records = [], right = false } = outcomes[at] ?? {}
    const decision = right ? guesses[at]?.decision : undefined
    question.settled = decision !== undefined
    question.decision = decision
    if (decision === undefined) deal(records, question, options)
  }
  return expectations !== undefined
}

function deal(records: Outcome['records'], question: Asked, { policy, now }: GuessOptions): void {
  const { triplets, clients } = question.keys
  const end = triplets.length + clients.length
  question.triplets = records.slice(0, triplets.length)
  question.clients = records.slice(triplets.length, end)
  question.expected = correspondentOf(records[end], question, policy, now(question.request))
}

/**
 * Where nothing was seen, it is a stranger's first mail. What changes nothing is only read. `earlier`: the keys of the mails
 * before this one, to which its own are added.
 */
function guessOf(
  { request, keys: { triplets, clients } }: Asked,
  guesser: Guesser,
  { policy, now, isPending }: GuessOptions,
  earlier: Set<string>,
): { readonly guess: Guess; readonly decision: Decision | undefined } {
  const own = [...triplets, ...clients]
  // who wrote to the sender must be known before anybody is deferred
  const answer = policy.outbound && keyOfAnswer(request, policy.seal)
  const keys = answer === undefined ? own : [...own, answer]
  const expected = keys.map((key) => guesser.recall(key))
  const readOnly = { guess: { keys, expected, changes: [] }, decision: undefined }
  const unsure = own.some((key) => isPending(key) || earlier.has(key))
  for (const key of own) earlier.add(key)
  if (unsure || expected[own.length] !== undefined) return readOnly
  const known = {
    triplets: expected.slice(0, triplets.length),
    clients: expected.slice(triplets.length, own.length),
  }
  const decision = decideByRecords(known, policyFor(policy, request.recipient), now(request))
  return { guess: { keys, expected, changes: changesOf(decision, { triplets, clients }) }, decision }
}
