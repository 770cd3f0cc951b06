import { type Evaluation, evaluate, type Outcome } from '../../postfix/evaluator/evaluate.js'
import type { Opinion } from '../../postfix/evaluator/opinion.js'
import type { Scenario } from '../../postfix/evaluator/scenario.js'
import { type ProbeResult, probe, withoutEncryption } from '../../postfix/probe.js'
import { type GatherContext, Unknown } from '../fact-book.js'
import type { Facts } from '../facts.js'
import type { EndpointAnswer } from './endpoints.js'
import { ownDomain } from './own-domain.js'
import type { SmtpdService } from './services.js'
import { assertLive } from './settings.js'

/** What Postfix's own smtpd says to a stranger, beside what the evaluator reads from the configuration. */
export interface SmtpdAnswer {
  readonly service: SmtpdService
  /** Mail for this server, or a relay attempt. */
  readonly about: 'own' | 'relay'
  /** `RCPT TO:<…>` */
  readonly question: string
  /** undefined: it gave no answer in time. */
  readonly outcome: Outcome | undefined
  /** Its last words. Others may have written them. */
  readonly answer: string
  /** All that it may say by the configuration. */
  readonly expected: readonly Outcome[]
}

/** An address that no client has (RFC 5737), of whom greylisters and reports know that it is a question of ours. */
const CLIENT = { address: '192.0.2.1', name: 'greyctl-probe.example', helo: 'greyctl-probe.example' }
const ELSEWHERE = 'greyctl-probe@elsewhere.invalid'
/** Seconds for an answer: a policy server that is slower has a check of its own. */
const PATIENCE = 3
/** Services with settings of their own that are asked, so that this takes no longer than the rest. */
const MOST_SERVICES = 4

/**
 * Asks smtpd, started by hand as master starts it, what it says to mail for postmaster, whom every greylister lets through
 * without a record, and to a relay attempt. No mail moves: the dialogue ends before DATA.
 */
export async function gatherSmtpdAnswers(context: GatherContext<Facts>): Promise<readonly SmtpdAnswer[]> {
  const { host, need, options } = context
  assertLive(host.root)
  if (host.uid !== 0) throw new Unknown('only root may start smtpd as Postfix does')
  // what is asked here is in the log afterwards: it is read first
  await need('log').catch(() => undefined)
  const [services, endpoints, texts] = await Promise.all([
    need('services'),
    need('endpoints'),
    need('tableTexts'),
  ])
  return Promise.all(
    distinctServices(services).flatMap((service) => {
      const about = (kind: SmtpdAnswer['about'], recipient: string) =>
        ask(context, options.configDir, service, { kind, recipient }, { endpoints, tables: texts.tables })
      return [about('own', `postmaster@${ownDomain(service.settings)}`), about('relay', ELSEWHERE)]
    }),
  )
}

/** Those that take mail of strangers, one of each kind of settings. */
function distinctServices(services: readonly SmtpdService[]): readonly SmtpdService[] {
  const kinds = new Map<string, SmtpdService>()
  for (const service of services) {
    if (service.role !== 'mx' && service.role !== 'submission') continue
    const { overrides } = service.master
    const key = JSON.stringify([service.chroot, overrides.map(({ name, value }) => [name, value])])
    if (!kinds.has(key)) kinds.set(key, service)
  }
  return [...kinds.values()].slice(0, MOST_SERVICES)
}

async function ask(
  { host }: GatherContext<Facts>,
  configDir: string,
  service: SmtpdService,
  { kind, recipient }: { kind: SmtpdAnswer['about']; recipient: string },
  known: Pick<Facts, 'endpoints'> & { tables: Facts['tableTexts']['tables'] },
): Promise<SmtpdAnswer> {
  const sender = `greyctl-probe@${ownDomain(service.settings)}`
  const given = Object.fromEntries(service.master.overrides.map(({ name, value }) => [name, value]))
  const plain = {
    smtpd_tls_security_level: 'none',
    smtpd_enforce_tls: 'no',
    smtpd_upstream_proxy_protocol: '',
  }
  const overrides = { ...withoutEncryption(given), ...plain }
  const result = await probe(host, {
    configDir,
    client: CLIENT,
    sender,
    recipient,
    overrides,
    timeoutSeconds: PATIENCE,
    asService: { chroot: service.chroot },
  })
  if (result.failure === 'not-running') throw new Unknown(result.answer)
  return {
    service,
    about: kind,
    question: `RCPT TO:<${recipient}>`,
    outcome: outcomeOf(result),
    answer: result.answer.split('\n').at(-1) ?? '',
    expected: expectedOf(service, { client: CLIENT, helo: CLIENT.helo, sender, recipient }, known),
  }
}

/** The greeting and the first EHLO are for a client on this machine; what is asked about begins with XCLIENT. */
const FIRST_ASKED = 3

function outcomeOf({ verdict, failure, dialogue, code }: ProbeResult): Outcome | undefined {
  if (failure === 'ended' && dialogue.length === 0) return 'no-service'
  return code === undefined || dialogue.length < FIRST_ASKED ? undefined : verdict
}

/** A policy server that answers as it should is no reason for an error. */
const ANSWERS: readonly Opinion[] = [
  'dunno',
  'permit',
  'defer_if_permit',
  'defer',
  'reject',
  'defer_if_reject',
]

function expectedOf(
  service: SmtpdService,
  mail: Scenario,
  { endpoints, tables }: { endpoints: readonly EndpointAnswer[]; tables: Facts['tableTexts']['tables'] },
): readonly Outcome[] {
  const answers = (text: string) =>
    endpoints.some(({ endpoint, outcome }) => endpoint.text === text && outcome === 'answered')
  let evaluation: Evaluation
  try {
    evaluation = evaluate(service.settings, mail, {
      tables,
      policy: ({ endpoint }) => (answers(endpoint) ? ANSWERS : [...ANSWERS, 'error']),
    })
  } catch {
    // a parameter that contains itself: other checks say so, and smtpd does not start
    return ['no-service', 'error']
  }
  return evaluation.outcomes
}
