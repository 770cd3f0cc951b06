import type { Host } from '../host/host.js'
import { listWords } from '../postfix/restriction-list.js'
import { type DoctorDocument, doctorDocument, exitCodeOf, redacted } from './document.js'
import type { FactBook, FactOptions, FactTiming } from './fact-book.js'
import { type Facts, openFacts } from './facts.js'
import { planFix } from './fix.js'
import { type Mended, type MendOptions, mend } from './mend.js'
import { Redactor } from './redact.js'
import { type Diagnosis, diagnose } from './run.js'
import type { Selection } from './select.js'

export interface DoctorOptions extends FactOptions {
  readonly redact: boolean
}

export interface Examination {
  readonly document: DoctorDocument
  readonly exitCode: 0 | 1 | 3
  readonly mended?: readonly Mended[]
}

/** Looks at the machine once, and judges. Changes nothing; throws nothing for a machine that is broken. */
export async function examine(
  host: Host,
  selection: Selection,
  options: DoctorOptions,
): Promise<Examination> {
  const facts = openFacts(host, options)
  return report(host, await diagnose(selection.checks, facts, selection.skip), facts, options)
}

/** The same, and mends what it can: what is reported is the machine afterwards. */
export async function examineAndMend(
  host: Host,
  selection: Selection,
  options: DoctorOptions,
  how: Pick<MendOptions, 'refuses' | 'carry'>,
): Promise<Examination> {
  let facts = openFacts(host, options)
  const { mended, diagnosis } = await mend({
    ...how,
    diagnose: () => {
      facts = openFacts(host, options)
      return diagnose(selection.checks, facts, selection.skip)
    },
    plan: (finding) => planFix(host, finding, options.configDir),
    sleep: (seconds) => host.sleep(seconds),
  })
  const examination = await report(host, diagnosis, facts, options)
  if (!options.redact) return { ...examination, mended }
  const redactor = new Redactor(await ownNames(host, facts))
  return { ...examination, mended: mended.map((each) => ({ ...redactor.value(each), id: each.id })) }
}

async function report(
  host: Host,
  diagnosis: Diagnosis,
  facts: FactBook<Facts>,
  { redact }: DoctorOptions,
): Promise<Examination> {
  const document = doctorDocument(diagnosis, facts.timings as ReadonlyMap<string, FactTiming>)
  const exitCode = exitCodeOf(diagnosis)
  if (!redact) return { document, exitCode }
  const redactor = new Redactor(await ownNames(host, facts))
  return { document: redacted(document, redactor), exitCode }
}

const NAME_LISTS = [
  'myhostname',
  'mydomain',
  'mydestination',
  'virtual_mailbox_domains',
  'virtual_alias_domains',
  'relay_domains',
]

/** The machine's own names, those of one word too, and the domains of its mail. */
async function ownNames(host: Host, facts: FactBook<Facts>): Promise<readonly string[]> {
  const settings = await facts.get('settings')
  const machine = await host.hostname()
  const full = settings.known ? settings.value.get('myhostname') : ''
  const short = [machine, full]
    .map((name) => name.replace(/\..*$/, ''))
    .filter((name) => !ORDINARY.test(name))
  const names = [...short, ...(machine.includes('.') ? [machine] : [])]
  if (!settings.known) return names
  const domains = NAME_LISTS.flatMap((name) => listWords(settings.value.get(name))).filter((word) =>
    /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$/.test(word),
  )
  return [...names, ...domains]
}

/** Words that name a machine and much else: they tell nothing of a site, and stand in every line. */
const ORDINARY = /^(mail|smtp|mx|mta|relay|server|host|postfix|greyctl|localhost|debian|.{0,2})\d*$|^\$/i
