import type { VerifyReport } from '../report.js'

/**
 * What became of triplets that were deferred. The four kinds add up to `greylisted`; without them, what came in at the
 * same time.
 */
export interface Tally {
  /** Distinct (client network, sender, recipient) deferred at least once. */
  readonly greylisted: number
  /** Of these, accepted later from the same network. */
  readonly cameBack: number
  /** Of these, not accepted themselves, but the same sender and recipient later were, from another network. */
  readonly elsewhere: number
  /** Of these, deferred so shortly before the log ends that a retry may still come. */
  readonly waiting: number
  /** Of these, none of it. */
  readonly neverCameBack: number
  /** Deferrals after the first of a triplet. */
  readonly earlyRetries: number
  /** Mails that a whitelist, manual or automatic, let through without waiting. */
  readonly whitelisted: number
}

/** By the day of the first deferral, `2026-11-23` in the report's zone. */
export interface Day extends Tally {
  readonly day: string
}

/** By the hour of day of the first deferral, 0 to 23 in the report's zone. */
export interface Hour extends Tally {
  readonly hour: number
}

export interface Calendar {
  readonly days: readonly Day[]
  readonly hours: readonly Hour[]
  /** Without a date, or beyond the days that are kept: not in `days`; the former not in `hours` either. */
  readonly undated: Tally
}

/** Seconds: `from` counts in, `below` does not; null: no end. */
export interface Bucket {
  readonly from: number
  readonly below: number | null
  readonly count: number
}

export type Look = 'legitimate' | 'unclear' | 'spam'

/** What the judgement about a client that never came back rests on. */
export type Mark =
  | 'network-known'
  | 'retried'
  | 'name-of-sender'
  | 'mail-server-name'
  | 'confirmed-name'
  | 'several-recipients'
  | 'no-confirmed-name'
  | 'dial-up-name'
  | 'many-senders'

/** A triplet that never came back. Texts are a log's: escape them before printing. Times are RFC 3339, UTC. */
export interface Missing {
  readonly look: Look
  readonly marks: readonly Mark[]
  readonly name: string
  readonly address: string
  readonly sender: string
  readonly recipient: string
  readonly tries: number
  readonly firstAt: string | null
  readonly lastAt: string | null
}

export interface NeverCameBack {
  readonly total: number
  readonly looks: Readonly<Record<Look, number>>
  /** Those that look legitimate first, then those that tried most often. */
  readonly listed: readonly Missing[]
  /** Seconds before the end of the log in which a triplet still counts as waiting. */
  readonly waitingSeconds: number
}

/** Senders that tried the same mail from several networks. */
export interface Pool {
  /** Registrable domain of the clients' verified names; where they have none, of the sender. */
  readonly name: string
  readonly by: 'client-name' | 'sender-domain'
  /** Sender and recipient pairs that were tried from more than one network. */
  readonly mails: number
  /** Of these, accepted in the end. */
  readonly accepted: number
  /** Networks that these tries came from. */
  readonly networks: number
  /** Whole seconds from the first deferral anywhere to acceptance anywhere; null where none was accepted. */
  readonly medianDelay: number | null
  readonly maxDelay: number | null
  readonly example: {
    readonly sender: string
    readonly recipient: string
    readonly clients: readonly string[]
  }
}

export interface Ranked {
  readonly name: string
  readonly greylisted: number
  readonly cameBack: number
  readonly neverCameBack: number
}

/** Names by how many triplets were deferred. */
export interface Ranking {
  /** Names that are kept. */
  readonly names: number
  readonly rows: readonly Ranked[]
  /** How far a count may be too low because rare names were forgotten on the way; 0: exact. */
  readonly mayMiss: number
}

export const RANKINGS = ['senders', 'senderDomains', 'clients', 'recipients', 'recipientDomains'] as const
export type RankingName = (typeof RANKINGS)[number]

export interface Reason {
  readonly reason: string
  readonly count: number
}

/** What greylisting cost and what it spared, in numbers; ui/report says them in words. */
export interface Balance {
  /** Seconds that all mails that came back waited together. */
  readonly waitedSeconds: number
  /** Mails that never came back and look legitimate. */
  readonly legitimateLost: number
  /** Mails that were tried from several networks. */
  readonly poolMails: number
  /** Networks of clients that never came back. */
  readonly networksGone: number
}

/** One minute of the log's time, which ends before `from` + 60: RFC 3339, UTC. */
export interface Minute {
  readonly from: string
  readonly deferred: number
  /** Mails that had been deferred, and were accepted now. */
  readonly accepted: number
}

/** What can be said of a log while it goes on: the same fields as in Report, and the last hour. */
export interface Summary
  extends Pick<
    Report,
    | 'verdict'
    | 'greylistingSeen'
    | 'counts'
    | 'outcome'
    | 'delay'
    | 'window'
    | 'accepted'
    | 'learned'
    | 'untracked'
    | 'problems'
  > {
  /** The last sixty, the newest last. */
  readonly minutes: readonly Minute[]
}

/** docs/report.md: names and meaning are a promise. `verdict` to `problems` are those of `greyctl verify`. */
export interface Report extends Pick<VerifyReport, 'verdict' | 'counts' | 'delay' | 'window' | 'problems'> {
  /** A greylister's line or a deferral was seen. */
  readonly greylistingSeen: boolean
  /** Messages accepted from clients that are neither this host nor authenticated. */
  readonly accepted: number
  /** Mails that would have been deferred, were the greylister not only learning (--learn). */
  readonly learned: number
  /** IANA name of the zone of days and hours. */
  readonly zone: string
  readonly outcome: Pick<Tally, 'cameBack' | 'elsewhere' | 'waiting' | 'neverCameBack'>
  readonly calendar: Calendar
  readonly delays: readonly Bucket[]
  readonly neverCameBack: NeverCameBack
  readonly pools: { readonly total: number; readonly listed: readonly Pool[] }
  readonly top: Readonly<Record<RankingName, Ranking>>
  readonly whitelisted: readonly Reason[]
  readonly balance: Balance
  /** Triplets that were let go while they waited, because there were too many. They are in the counts. */
  readonly untracked: number
}
