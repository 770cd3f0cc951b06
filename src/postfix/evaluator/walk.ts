import { listWords } from '../restriction-list.js'
import type { Settings } from '../settings.js'
import { checkAccess, forbidsPermit, readAction } from './access.js'
import { isRemoved } from './destination.js'
import { type Opinion, sure, unsure, type Verdict } from './opinion.js'
import { judgeRestriction } from './restrictions.js'
import type { Known } from './scenario.js'
import type { Tables } from './tables.js'

/** A policy server that is asked about the mail. */
export interface PolicyQuestion {
  /** The list, as main.cf names it. */
  readonly list: string
  /** Number of the entry in the list, from 1, classes and references replaced; 0 inside the answer of a table. */
  readonly position: number
  /** `inet:127.0.0.1:10023`. */
  readonly endpoint: string
  /** As written, braces included. */
  readonly argument: string
  /** What it defers or refuses is only logged. */
  readonly warnOnly: boolean
  /** Whatever the unknown entries in front say. */
  readonly certain: boolean
}

/** An answer of a restriction that the configuration does not tell; undefined: as the model has it. */
export type Oracle = (restriction: {
  /** Lower case. */
  readonly name: string
  readonly argument: string | undefined
}) => Opinion | undefined

/** What is remembered of a mail on its way through the lists. */
export interface Pending {
  readonly permit: boolean
  readonly reject: boolean
}

export type Ending = 'refused' | 'deferred' | 'error' | 'discarded'

/** Entries whose answer is not known, each once. */
export type Doubts = Set<string>

export interface Walk {
  readonly settings: Settings
  readonly tables: Tables
  readonly classes: ReadonlyMap<string, readonly string[]>
  /** What a policy server may answer. */
  readonly policy: (question: PolicyQuestion) => readonly Opinion[] | string
  /** What the caller knows better. */
  readonly oracle: Oracle
  readonly asked: PolicyQuestion[]
  readonly endings: Map<Ending, string>
  readonly doubts: Doubts
}

export interface Phase {
  readonly list: string
  /** The table restriction that a bare `type:name` stands for; undefined: none is allowed. */
  readonly access: string | undefined
  readonly known: Known
  /** Asked at CONNECT or HELO already (smtpd_delay_reject = no). */
  readonly beforeMail: boolean
}

/** Where a mail may be behind a list: how it left, and what is remembered. */
export interface Left {
  readonly through: readonly Pending[]
  /** By a permit, or because both defer_if_permit and defer_if_reject are remembered. */
  readonly permitted: readonly Pending[]
}

const MAX_DEPTH = 100

interface Step {
  readonly walk: Walk
  readonly phase: Phase
  readonly depth: number
  /** An outer warn_if_reject. */
  readonly warn: boolean
  /** Counts the entries of the list. */
  readonly counter: { at: number } | undefined
}

/** generic_checks() of smtpd: the words of a list, for every state that a mail may be in by now. */
export function walkList(
  words: readonly string[],
  start: readonly Pending[],
  walk: Walk,
  phase: Phase,
): Left {
  return step(words, start, { walk, phase, depth: 0, warn: false, counter: { at: 0 } })
}

function step(words: readonly string[], start: readonly Pending[], at: Step): Left {
  let states = start
  let permitted: readonly Pending[] = []
  let warn = false
  for (let index = 0; index < words.length && states.length > 0; index += 1) {
    const word = words[index] ?? ''
    if (word.toLowerCase() === 'warn_if_reject') {
      warn = true
      continue
    }
    // a bare table is short for the check of the list that it stands in
    const bare = word.includes(':')
    const name = bare ? (at.phase.access ?? word) : word.toLowerCase()
    const follows = takesArgument(name) && !bare
    const argument = bare ? word : follows ? words[index + 1] : undefined
    if (follows) index += 1
    // the names of classes are not folded, unlike those of restrictions
    const inner = at.walk.classes.get(word)
    const here = { ...at, warn: at.warn || warn }
    const left =
      inner !== undefined && judgeRestriction(name, asked(at)) === undefined
        ? nested(inner, states, here)
        : entry(name, argument, states, here, permitted.length === 0)
    states = left.through
    permitted = merge([...permitted, ...left.permitted])
    warn = false
  }
  return { through: states, permitted }
}

/** One restriction. `alone`: nothing has left the list before. */
function entry(
  name: string,
  argument: string | undefined,
  states: readonly Pending[],
  at: Step,
  alone: boolean,
): Left {
  if (at.counter !== undefined) at.counter.at += 1
  const left = apply(judge(name, argument, at, alone && at.walk.endings.size === 0), states, at)
  if (!forbidsPermit(name)) return left
  const permitted = left.permitted.filter(isDecided)
  if (permitted.length < left.permitted.length) at.walk.endings.set('error', '')
  return { ...left, permitted }
}

function nested(words: readonly string[], states: readonly Pending[], at: Step): Left {
  if (at.depth >= MAX_DEPTH) {
    at.walk.endings.set('error', 'a restriction class contains itself')
    return { through: [], permitted: [] }
  }
  return step(words, states, { ...at, depth: at.depth + 1 })
}

function asked({ walk: { settings, tables }, phase: { known } }: Step) {
  return { known, settings, tables }
}

function takesArgument(name: string): boolean {
  return /^(check_[a-z_]+_access|check_policy_service|reject_rbl|reject_rbl_client|reject_rhsbl_[a-z_]+|permit_dnswl_client|permit_rhswl_client|sleep)$/.test(
    name,
  )
}

function judge(name: string, argument: string | undefined, at: Step, certain: boolean): Verdict {
  const { walk, phase } = at
  const told = name === 'check_policy_service' ? undefined : walk.oracle({ name, argument })
  if (told !== undefined) return sure(told)
  if (isRemoved(name, walk.settings.version)) return sure('error')
  if (name.includes(':')) return sure('error')
  if (name === 'check_policy_service') return judgePolicy(argument, at, certain)
  if (name === 'sleep') return sure(/^\d+$/.test(argument ?? '') ? 'dunno' : 'error')
  const access = /^check_([a-z_]+)_access$/.exec(name)?.[1]
  if (access !== undefined) {
    if (argument === undefined || !argument.includes(':')) return sure('error')
    return checkAccess(access, argument, phase.known, walk.settings, walk.tables)
  }
  // a DNS list without its name is warned about and passed over
  if (takesArgument(name) && argument === undefined) return sure('dunno')
  return judgeRestriction(name, asked(at)) ?? sure('error')
}

function judgePolicy(argument: string | undefined, at: Step, certain: boolean): Verdict {
  if (argument === undefined || !argument.includes(':')) return sure('error')
  const endpoint = endpointOf(argument)
  const { list } = at.phase
  const question = { list, position: at.counter?.at ?? 0, endpoint, argument, warnOnly: at.warn, certain }
  at.walk.asked.push(question)
  const answer = at.walk.policy(question)
  if (typeof answer === 'string') return readAction(answer, at.walk.settings)
  return answer.length === 1
    ? { opinions: answer }
    : unsure(`the policy server ${endpoint} decides`, ...answer)
}

/** `{ inet:HOST:PORT, timeout=10s }` or `inet:HOST:PORT`. */
export function endpointOf(argument: string): string {
  return listWords(argument.startsWith('{') ? argument.replace(/^\{|\}$/g, '') : argument)[0] ?? ''
}

function apply(verdict: Verdict, states: readonly Pending[], at: Step): Left {
  if (verdict.unsure !== undefined) at.walk.doubts.add(verdict.unsure)
  if (verdict.list !== undefined) return nested(verdict.list, states, { ...at, counter: undefined })
  const through: Pending[] = []
  const permitted: Pending[] = []
  for (const opinion of verdict.opinions) {
    for (const state of states) {
      const next = moved(opinion, state, at)
      if (next === 'permitted') permitted.push(state)
      else if (typeof next === 'object') {
        ;(isDecided(next) ? permitted : through).push(next)
      }
    }
  }
  return { through: merge(through), permitted: merge(permitted) }
}

/** Put off whatever comes: smtpd leaves the list. */
function isDecided({ permit, reject }: Pending): boolean {
  return permit && reject
}

/** The state behind an opinion, or how the mail left the list. */
function moved(
  opinion: Opinion,
  state: Pending,
  { walk, warn, phase }: Step,
): Pending | 'permitted' | 'ended' {
  const end = (ending: Ending) => {
    walk.endings.set(ending, '')
    return 'ended' as const
  }
  switch (opinion) {
    case 'permit':
      return 'permitted'
    case 'defer_if_reject':
      // remembered under warn_if_reject too: smtpd(8) does so, whatever postconf(5) promises
      return { ...state, reject: true }
    case 'defer_if_permit':
      return warn ? state : { ...state, permit: true }
    case 'reject':
      if (warn) return state
      return end(state.reject ? 'deferred' : 'refused')
    case 'defer':
      return warn ? state : end('deferred')
    case 'error':
      return end('error')
    case 'discard':
      // there is no mail to throw away, or not yet: smtpd warns, and goes on (can_delegate_action)
      if (phase.known.etrn !== undefined || phase.beforeMail) return state
      // a proxy in front of the queue has the mail, not cleanup(8)
      if (walk.settings.get('smtpd_proxy_filter') !== '') return state
      // no further restriction is asked, and yet what was remembered counts
      return end(state.permit ? 'deferred' : 'discarded')
    default:
      return state
  }
}

export function merge(states: readonly Pending[]): readonly Pending[] {
  const known = new Map(states.map((state) => [`${state.permit} ${state.reject}`, state]))
  return [...known.values()]
}
