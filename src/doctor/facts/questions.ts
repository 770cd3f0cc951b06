import { type EvaluateOptions, type Evaluation, evaluate } from '../../postfix/evaluator/evaluate.js'
import type { Scenario } from '../../postfix/evaluator/scenario.js'
import type { Oracle, PolicyQuestion } from '../../postfix/evaluator/walk.js'
import { listWords } from '../../postfix/restriction-list.js'
import type { Settings } from '../../postfix/settings.js'
import type { Evidence } from '../finding.js'
import {
  type Endpoint,
  isGreylister,
  isOutbound,
  type PolicyUse,
  readCheck,
  readEndpoint,
} from './policy-uses.js'
import type { SmtpdService } from './services.js'
import type { TableTexts } from './table-texts.js'

/** A policy server that is asked about a mail. */
export interface Asked {
  readonly list: string
  readonly endpoint: Endpoint
  readonly greylister: boolean
  /** It learns of outbound mail here, and decides nothing. */
  readonly outbound: boolean
  /** What it would defer is only logged. */
  readonly warnOnly: boolean
  /** Whatever is not known of the entries in front: a network that only the machine knows, an answer of DNS. */
  readonly certain: boolean
  /** The line that asks, as far as it can be told. */
  readonly where: Evidence
  /** The table that would have to answer with the class in which it stands; undefined: every mail. */
  readonly table?: string
}

/** Entries that open a relay for whoever writes the right name; tables of clients are lists of partners. */
const FORGEABLE = /^check_(sender|helo|recipient)_access$/

/** Questions to the evaluator about one service, and what stands behind each answer. */
export class Questions {
  constructor(
    private readonly service: SmtpdService,
    private readonly uses: readonly PolicyUse[],
    private readonly texts: TableTexts,
  ) {}

  about(settings: Settings, mail: Scenario, oracle?: Oracle): readonly Asked[] {
    return this.evaluate(settings, mail, { policy: () => ['dunno'], data: true }, oracle).asked.map(
      (question) => this.asked(question),
    )
  }

  canBeJudged(settings: Settings, mail: Scenario): boolean {
    const { outcomes } = this.evaluate(settings, mail, {})
    return outcomes.some((outcome) => outcome !== 'no-service' && outcome !== 'error')
  }

  /** Is it certainly taken? */
  takes(settings: Settings, mail: Scenario, options: EvaluateOptions = {}, oracle?: Oracle): boolean {
    const { outcomes } = this.evaluate(settings, mail, { policy: () => ['dunno'], ...options }, oracle)
    return outcomes.length === 1 && outcomes[0] === 'accepted'
  }

  /** Selective greylisting: for each class that a table may answer with, what is asked then. */
  throughTables(settings: Settings, mail: Scenario): readonly Asked[] {
    const classes = listWords(settings.get('smtpd_restriction_classes'))
    if (classes.length === 0) return []
    return this.tablesOf(/^check_[a-z_]+_access$/).flatMap((spec) => {
      const values = this.texts.entries(spec)?.map(({ value }) => value)
      const answers = classes.filter((name) => values === undefined || values.some((value) => value === name))
      return answers.slice(0, MOST_ANSWERS).flatMap((answer) => {
        const tables = (other: string) => (other === spec ? () => answer : this.texts.tables(other))
        const { asked } = this.evaluate(settings, mail, { policy: () => ['dunno'], tables }, undefined, spec)
        return asked
          .filter(({ position }) => position === 0)
          .map((question) => ({ ...this.asked(question), table: spec }))
      })
    })
  }

  relayTables(settings: Settings, relay: Scenario): readonly string[] {
    if (this.takes(settings, relay)) return []
    return this.tablesOf(FORGEABLE).filter((spec) => {
      if (!(this.texts.entries(spec) ?? []).some(({ value }) => PERMITS.test(value))) return false
      const says: Oracle = ({ name, argument }) =>
        argument === spec && FORGEABLE.test(name) ? 'permit' : undefined
      return this.takes(settings, relay, {}, says)
    })
  }

  private tablesOf(pattern: RegExp): readonly string[] {
    const entries = this.service.lists.flatMap((list) => list.entries)
    const specs = entries.flatMap(({ name, argument }) =>
      pattern.test(name) && argument?.includes(':') ? [argument] : [],
    )
    return [...new Set(specs)].slice(0, MOST_TABLES)
  }

  private evaluate(
    settings: Settings,
    mail: Scenario,
    options: EvaluateOptions,
    oracle?: Oracle,
    answers?: string,
  ): Evaluation {
    const tables = options.tables ?? this.texts.tables
    try {
      return evaluate(settings, mail, {
        ...options,
        tables,
        oracle: (entry) =>
          oracle?.(entry) ??
          (answers !== undefined && entry.argument === answers ? undefined : this.ordinary(entry)),
      })
    } catch {
      // a parameter that contains itself: other checks say so
      return { outcomes: [], doubts: [], asked: [] }
    }
  }

  /** Nothing is known against an ordinary mail, or for it, by those who would have to be asked. */
  private ordinary({ name, argument }: Parameters<Oracle>[0]): ReturnType<Oracle> {
    if (/^check_[a-z_]+_access$/.test(name)) {
      if (argument === undefined || !argument.includes(':')) return undefined
      if (/_(mx|ns|a)_access$/.test(name)) return 'dunno'
      return /^(static|inline):/.test(argument) || this.texts.tables(argument) !== undefined
        ? undefined
        : 'dunno'
    }
    return ELSEWHERE_KNOWN.test(name) ? 'dunno' : undefined
  }

  private asked({ list, position, endpoint: text, argument, warnOnly, certain }: PolicyQuestion): Asked {
    const { service } = this
    const use =
      this.uses.find(
        (each) =>
          each.service === service &&
          each.list === list &&
          each.at === position - 1 &&
          each.endpoint.text === text,
      ) ?? this.uses.find((each) => each.service === service && each.endpoint.text === text)
    const endpoint = use?.endpoint ?? readEndpoint(text, service.chroot, service.get('queue_directory'))
    const where = use?.entry.where ?? service.where(list) ?? { ref: list, text: argument }
    const outbound = isOutbound(readCheck(argument).options)
    const greylister = isGreylister(endpoint) && !outbound
    return { list, endpoint, greylister, outbound, warnOnly, certain, where }
  }
}

const MOST_TABLES = 20
const MOST_ANSWERS = 5
/** access(5): a number is OK too. */
export const PERMITS = /^(OK|RELAY|permit|\d+)(\s|$)/i
/** Answers that DNS, other servers or other tables give. */
const ELSEWHERE_KNOWN =
  /^(reject_(rbl|rbl_client|maps_rbl|rhsbl_[a-z_]+|unverified_[a-z]+|unknown_(sender|recipient)_domain|unknown_address|unknown_helo_hostname|unknown_hostname|(\w+_)?sender_login_mismatch|unlisted_sender)|permit_(dnswl|rhswl)_client)$/
