import type { Client } from './event.js'
import { ownText } from './own-text.js'

/** Who wrote to whom, as the log spells it; an empty sender is the null sender. */
export interface Triplet {
  readonly client: Client
  readonly sender: string
  readonly recipient: string
}

/** Deferrals of one triplet as one kind of log line tells them. Times in seconds since the epoch. */
export interface Deferrals {
  count: number
  first: number | undefined
  last: number | undefined
}

/** Where a line is: a source's name and the line's number in it, from 1. */
export interface LineRef {
  readonly source: string
  readonly line: number
}

/** A triplet while the log is read. */
export interface Life extends Triplet {
  /** The greylister's lines and Postfix's reject lines tell the same events: they are counted apart. */
  readonly greylister: Deferrals
  readonly postfix: Deferrals
  /** First deferral of the present series: a triplet that comes back after days begins anew. */
  seriesStart: number | undefined
  seriesCount: number
  passed: boolean
  passedAt: number | undefined
  /** As the greylister said it. */
  delay: number | undefined
  lastRef: LineRef
}

/** The whole life of a triplet. Times in seconds since the epoch; undefined where lines have no stamp. */
export interface Story extends Triplet {
  readonly deferrals: number
  readonly deferredAt: number | undefined
  readonly lastDeferredAt: number | undefined
  readonly passed: boolean
  readonly passedAt: number | undefined
  /** Whole seconds from the first deferral to acceptance. */
  readonly delay: number | undefined
  /** Deferrals, and the seconds between the first and the last, without a pause of days. */
  readonly series: { readonly count: number; readonly seconds: number }
  readonly lastRef: LineRef
}

/** Seconds: greylisters forget a triplet that was not retried by then (postgrey's --retry-window). */
const RETRY_WINDOW = 2 * 86_400

export function newLife(triplet: Triplet, ref: LineRef): Life {
  const { client, sender, recipient } = triplet
  return {
    client: { name: ownText(client.name), address: ownText(client.address) },
    sender: ownText(sender),
    recipient: ownText(recipient),
    greylister: { count: 0, first: undefined, last: undefined },
    postfix: { count: 0, first: undefined, last: undefined },
    seriesStart: undefined,
    seriesCount: 0,
    passed: false,
    passedAt: undefined,
    delay: undefined,
    lastRef: ref,
  }
}

export function defer(
  life: Life,
  teller: 'greylister' | 'postfix',
  at: number | undefined,
  times: number,
): void {
  const told = life[teller]
  const before = later(life.greylister.last, life.postfix.last)
  if (before === undefined || (at !== undefined && at - before > RETRY_WINDOW)) {
    life.seriesStart = at
    life.seriesCount = 0
  }
  const seen = Math.max(life.greylister.count, life.postfix.count)
  told.count += times
  told.first = earlier(told.first, at)
  told.last = later(told.last, at)
  life.seriesCount += Math.max(life.greylister.count, life.postfix.count) - seen
}

export function pass(life: Life, at: number | undefined, delay: number | undefined): void {
  if (life.passed && (at === undefined || (life.passedAt ?? at) <= at)) return
  life.passed = true
  life.passedAt = at
  life.delay = delay ?? life.delay
}

export function firstDeferral(life: Life): number | undefined {
  return earlier(life.greylister.first, life.postfix.first)
}

export function storyOf(life: Life): Story {
  const seen = firstDeferral(life)
  const deferredAt =
    seen ?? (life.passedAt !== undefined && life.delay !== undefined ? life.passedAt - life.delay : undefined)
  const last = later(life.greylister.last, life.postfix.last)
  return {
    client: life.client,
    sender: life.sender,
    recipient: life.recipient,
    deferrals: Math.max(1, life.greylister.count, life.postfix.count),
    deferredAt,
    lastDeferredAt: last,
    passed: life.passed,
    passedAt: life.passedAt,
    delay: life.passed ? (between(deferredAt, life.passedAt) ?? life.delay) : undefined,
    series: { count: life.seriesCount, seconds: between(life.seriesStart, last) ?? 0 },
    lastRef: life.lastRef,
  }
}

function between(from: number | undefined, to: number | undefined): number | undefined {
  return from === undefined || to === undefined ? undefined : Math.max(0, Math.round(to - from))
}

function earlier(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b)
}

function later(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.max(a, b)
}
