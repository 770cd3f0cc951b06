import type { Host } from '../host/host.js'
import { listWords } from '../postfix/restriction-list.js'
import { type DoctorDocument, doctorDocument, exitCodeOf } from './document.js'
import { openFacts } from './facts.js'
import { Redactor } from './redact.js'
import { diagnose } from './run.js'
import type { Selection } from './select.js'

export interface ExamineOptions {
  readonly configDir: string
  readonly logs: readonly string[]
  readonly redact: boolean
}

export interface Examination {
  readonly document: DoctorDocument
  readonly exitCode: 0 | 1 | 3
}

/** Looks at the machine once, and judges. Changes nothing; throws nothing for a machine that is broken. */
export async function examine(
  host: Host,
  selection: Selection,
  options: ExamineOptions,
): Promise<Examination> {
  const facts = openFacts(host, options)
  const diagnosis = await diagnose(selection.checks, facts, selection.skip)
  const document = doctorDocument(diagnosis, facts.timings as ReadonlyMap<string, number>)
  if (!options.redact) return { document, exitCode: exitCodeOf(diagnosis) }
  const settings = await facts.get('settings')
  const names = settings.known
    ? [
        'myhostname',
        'mydomain',
        'mydestination',
        'virtual_mailbox_domains',
        'virtual_alias_domains',
        'relay_domains',
      ]
        .flatMap((name) => listWords(settings.value.get(name)))
        .filter((word) => /^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$/.test(word))
    : []
  const redactor = new Redactor(names)
  return {
    document: { ...redactor.value({ ...document, checks: [] }), checks: redactReasons(document, redactor) },
    exitCode: exitCodeOf(diagnosis),
  }
}

/** Ids are ours and stay. */
function redactReasons({ checks }: DoctorDocument, redactor: Redactor): DoctorDocument['checks'] {
  return checks.map((check) => ({ ...check, reason: redactor.text(check.reason) }))
}
