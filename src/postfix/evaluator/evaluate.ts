import { listWords } from '../restriction-list.js'
import type { Settings } from '../settings.js'
import { classesOf } from './classes.js'
import type { Opinion } from './opinion.js'
import { hasRequired } from './required.js'
import { judgeUnlisted } from './restrictions.js'
import type { Known, Scenario } from './scenario.js'
import type { Tables } from './tables.js'
import {
  type Ending,
  endpointOf,
  merge,
  type Oracle,
  type Pending,
  type PolicyQuestion,
  type Walk,
  walkList,
} from './walk.js'

/** What becomes of a mail. `error`: 451 4.3.5, the configuration is broken; `no-service`: smtpd does not start. */
export type Outcome = 'accepted' | 'deferred' | 'refused' | 'error' | 'no-service'

export interface Evaluation {
  /** One: it is certain. More: it depends on what `doubts` names. */
  readonly outcomes: readonly Outcome[]
  readonly doubts: readonly string[]
  /** The policy servers that are asked, in order. */
  readonly asked: readonly PolicyQuestion[]
  /** Why smtpd does not start. */
  readonly broken?: string
}

export interface EvaluateOptions {
  /** Tables whose contents are at hand, by `type:name` as written. */
  readonly tables?: Tables
  /** What a policy server answers: opinions of which it is one, or an action as in access(5). Default: anything. */
  readonly policy?: (question: PolicyQuestion) => readonly Opinion[] | string
  /** Answers of restrictions that the caller knows better: what a DNS list says, which mail a table holds. */
  readonly oracle?: Oracle
  /** Also the lists that are asked behind RCPT TO. Default false. */
  readonly data?: boolean
}

const ANYTHING: readonly Opinion[] = [
  'dunno',
  'permit',
  'defer_if_permit',
  'defer',
  'reject',
  'defer_if_reject',
  'error',
]

/**
 * What smtpd(8) does with a mail, by its restriction lists (SMTPD_ACCESS_README, smtpd_check.c): client, helo,
 * sender, relay, recipient, and data lists where asked for. What depends on DNS, on a table or on another program
 * that is not at hand is followed along every answer that it may give; the outcomes are all that can come of it.
 */
export function evaluate(settings: Settings, scenario: Scenario, options: EvaluateOptions = {}): Evaluation {
  return follow(settings, options, (walk, outcomes) => {
    const left = behindRecipient(walk, scenario, options.data ?? false)
    for (const state of left) outcomes.add(state.permit ? 'deferred' : 'accepted')
    addMilters(settings, outcomes, walk)
  })
}

/**
 * What smtpd does with `ETRN domain` (RFC 1985), by its client, helo and etrn lists. `accepted` says that they let it
 * pass: whether there is a queue for that domain is another matter.
 */
export function evaluateEtrn(
  settings: Settings,
  { client, helo, domain }: Pick<Scenario, 'client' | 'helo'> & { readonly domain: string },
  options: Omit<EvaluateOptions, 'data'> = {},
): Evaluation {
  return follow(settings, options, (walk, outcomes) => {
    const nobody = { user: undefined, sender: undefined, recipient: undefined, recipientExists: undefined }
    const known: Known = { client, helo, etrn: domain, ...nobody }
    const [clients, helos] = EARLY
    const atOnce = !isDelayed(settings)
    const early = atOnce ? { client, helo, ...nobody } : known
    const connect = atOnce ? { ...early, helo: undefined } : known
    let states = passed(walk, NOTHING, [clients[0]], clients[1], connect, atOnce)
    states = passed(walk, states, [helos[0]], helos[1], early, atOnce)
    states = passed(walk, states, ['smtpd_etrn_restrictions'], 'check_etrn_access', known)
    if (forced(walk, states).length > 0) outcomes.add('accepted')
  })
}

/** One command through its lists: `act` follows it, and says what becomes of those that came through. */
function follow(
  settings: Settings,
  { tables = () => undefined, policy = () => ANYTHING, oracle = () => undefined }: EvaluateOptions,
  act: (walk: Walk, outcomes: Set<Outcome>) => void,
): Evaluation {
  const classes = classesOf(settings)
  const broken = whyItDoesNotStart(settings, classes)
  if (broken !== undefined) return { outcomes: ['no-service'], doubts: [], asked: [], broken }
  const walk: Walk = {
    settings,
    tables,
    classes,
    policy,
    oracle,
    asked: [],
    endings: new Map(),
    doubts: new Set(),
  }
  const outcomes = new Set<Outcome>()
  act(walk, outcomes)
  for (const ending of walk.endings.keys()) outcomes.add(OUTCOMES[ending])
  const softened = softBounce(settings, outcomes)
  const doubts = softened.length > 1 ? [...walk.doubts] : []
  return { outcomes: softened, doubts, asked: walk.asked }
}

const OUTCOMES: Readonly<Record<Ending, Outcome>> = {
  refused: 'refused',
  deferred: 'deferred',
  error: 'error',
  discarded: 'accepted',
}

const NOTHING: readonly Pending[] = [{ permit: false, reject: false }]

/** The lists in front of those of the recipient, and what a bare table means there. */
const EARLY = [
  ['smtpd_client_restrictions', 'check_client_access'],
  ['smtpd_helo_restrictions', 'check_helo_access'],
  ['smtpd_sender_restrictions', 'check_sender_access'],
] as const

/** Whether the lists of the client, HELO and the sender are asked at RCPT TO, or ETRN. */
function isDelayed(settings: Settings): boolean {
  return settings.get('smtpd_delay_reject').toLowerCase() !== 'no'
}

/** The states in which a mail passes all lists. */
function behindRecipient(walk: Walk, scenario: Scenario, data: boolean): readonly Pending[] {
  const { settings } = walk
  const known: Known = { ...scenario, user: scenario.user, recipientExists: scenario.recipientExists }
  const delayed = isDelayed(settings)
  // at CONNECT nothing else is known, at HELO the name, at MAIL FROM the sender
  const connect = delayed
    ? known
    : { ...known, helo: undefined, sender: undefined, recipient: undefined, user: undefined }
  const helo = delayed ? known : { ...known, sender: undefined, recipient: undefined, user: undefined }
  const mail = delayed ? known : { ...known, recipient: undefined }
  let states = NOTHING
  const seen = [connect, helo, mail]
  EARLY.forEach(([list, access], at) => {
    states = passed(walk, states, [list], access, seen[at] ?? known, !delayed && at < 2)
  })
  states = passed(walk, states, recipientLists(settings), 'check_recipient_access', known)
  states = forced(walk, states)
  states = unlisted(walk, states, known)
  return data ? behindData(walk, states, known) : states
}

function behindData(walk: Walk, start: readonly Pending[], known: Known): readonly Pending[] {
  let states = start
  for (const name of ['smtpd_data_restrictions', 'smtpd_end_of_data_restrictions']) {
    states = forced(walk, passed(walk, states, [name], undefined, known))
  }
  return states
}

/** defer_if_permit turns what is permitted into a deferral when the recipient has passed its lists. */
function forced(walk: Walk, states: readonly Pending[]): readonly Pending[] {
  if (states.some((state) => state.permit)) walk.endings.set('deferred', '')
  return states.filter((state) => !state.permit)
}

/** Since 2.10, and since 3.6 in the order that smtpd_relay_before_recipient_restrictions says. */
function recipientLists(settings: Settings): readonly string[] {
  const lists = ['smtpd_recipient_restrictions', 'smtpd_relay_restrictions']
  return settings.get('smtpd_relay_before_recipient_restrictions').toLowerCase() === 'yes'
    ? lists.reverse()
    : lists
}

/** Lists of one phase, one after the other: a permit ends its list alone; defer_if_reject is forgotten behind the phase. */
function passed(
  walk: Walk,
  start: readonly Pending[],
  lists: readonly string[],
  access: string | undefined,
  known: Known,
  beforeMail = false,
): readonly Pending[] {
  let states = start
  for (const list of lists) {
    if (states.length === 0) return states
    const words = listWords(walk.settings.get(list))
    const left = walkList(words, states, walk, { list, access, known, beforeMail })
    states = merge([...left.through, ...left.permitted])
  }
  return merge(states.map((state) => ({ ...state, reject: false })))
}

function unlisted(walk: Walk, states: readonly Pending[], known: Known): readonly Pending[] {
  if (walk.settings.get('smtpd_reject_unlisted_recipient').toLowerCase() === 'no' || states.length === 0)
    return states
  const verdict = judgeUnlisted({ known, settings: walk.settings, tables: walk.tables })
  if (verdict.unsure !== undefined) walk.doubts.add(verdict.unsure)
  for (const opinion of verdict.opinions) {
    if (opinion === 'reject') walk.endings.set('refused', '')
    if (opinion === 'defer') walk.endings.set('deferred', '')
  }
  return states
}

/** A milter or a filter in front of the queue may say no to what smtpd would take. */
function addMilters(settings: Settings, outcomes: Set<Outcome>, walk: Walk): void {
  for (const name of ['smtpd_milters', 'smtpd_proxy_filter']) {
    if (settings.get(name) === '' || !outcomes.has('accepted')) continue
    walk.doubts.add(`${name}: ${settings.get(name)} decides too`)
    outcomes.add('deferred').add('refused')
  }
}

function softBounce(settings: Settings, outcomes: ReadonlySet<Outcome>): readonly Outcome[] {
  const soft = settings.get('soft_bounce').toLowerCase() === 'yes'
  return [...new Set([...outcomes].map((each) => (soft && each === 'refused' ? 'deferred' : each)))]
}

/** What smtpd takes for the answer of a policy server that gives none: its own default_action, or the parameter's. */
export function fallbackAction(argument: string, settings: Settings): string {
  const items = argument.startsWith('{') ? listWords(argument.replace(/^\{|\}$/g, '')).slice(1) : []
  const found = items
    .map((item) => /^\{?\s*default_action\s*=\s*([\s\S]*?)\s*\}?$/.exec(item)?.[1])
    .findLast((value) => value !== undefined)
  return found ?? settings.get('smtpd_policy_service_default_action')
}

const ALL_LISTS = [
  ...EARLY.map(([name]) => name),
  ...['smtpd_relay_restrictions', 'smtpd_recipient_restrictions', 'smtpd_etrn_restrictions'],
  ...['smtpd_data_restrictions', 'smtpd_end_of_data_restrictions'],
]

/** smtpd opens a client for whatever follows check_policy_service, also in lists that nothing leads to (auto_clnt_create). */
function unusablePolicyServer(lists: readonly (readonly string[])[]): string | undefined {
  for (const words of lists) {
    const found = words.find(
      (word, at) =>
        words[at - 1]?.toLowerCase() === 'check_policy_service' &&
        !/^(inet|unix|local):./.test(endpointOf(word)),
    )
    if (found !== undefined) return found
  }
  return undefined
}

function whyItDoesNotStart(
  settings: Settings,
  classes: ReadonlyMap<string, readonly string[]>,
): string | undefined {
  const empty = [...classes].find(([, words]) => words.length === 0)
  if (empty !== undefined) return `restriction class ${empty[0]} needs a definition`
  const unusable = unusablePolicyServer([
    ...ALL_LISTS.map((name) => listWords(settings.get(name))),
    ...classes.values(),
  ])
  if (unusable !== undefined) return `"${unusable}" is no policy server: inet:host:port or unix:path`
  const relay = listWords(settings.get('smtpd_relay_restrictions'))
  const recipient = listWords(settings.get('smtpd_recipient_restrictions'))
  if (hasRequired(relay, classes) || hasRequired(recipient, classes)) return undefined
  return 'neither smtpd_relay_restrictions nor smtpd_recipient_restrictions guards against relaying'
}
