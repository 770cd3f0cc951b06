import type { Plan, ProofCase, Prover } from '../change/plan.js'
import type { Finding } from './finding.js'
import type { Diagnosis } from './run.js'

export interface Mended {
  readonly id: string
  readonly detail: string
  /** put-back: it did not help, or made something worse. left: nobody could be asked. */
  readonly status: 'mended' | 'planned' | 'declined' | 'put-back' | 'left'
  readonly reason: string
}

export interface MendOptions {
  /** Looks at the machine anew. */
  diagnose(): Promise<Diagnosis>
  plan(finding: Finding): Promise<Plan>
  /** Why this one is not touched; undefined: go on. */
  refuses(finding: Finding): string | undefined
  /** Shows, asks and applies. Throws when the change was rolled back. */
  carry(
    finding: Finding,
    plan: Plan,
    prove: Prover,
  ): Promise<'applied' | 'declined' | 'planned' | 'unchanged'>
  sleep(seconds: number): Promise<void>
}

/** How often the machine is looked at before a fault counts as still there: a log line, a start take their time. */
const LOOKS = 4
const PAUSE_SECONDS = 0.7

/**
 * Mends one finding after the other, causes first: what one repair brings about is seen before the next is planned.
 * A repair that does not help, or after which something is wrong that was not, is undone.
 */
export async function mend(
  options: MendOptions,
): Promise<{ mended: readonly Mended[]; diagnosis: Diagnosis }> {
  const mended: Mended[] = []
  const tried = new Set<string>()
  let diagnosis = await options.diagnose()
  for (;;) {
    const finding = diagnosis.findings.find((each) => each.repairs.length > 0 && !tried.has(keyOf(each)))
    if (finding === undefined) return { mended, diagnosis }
    tried.add(keyOf(finding))
    const note = (status: Mended['status'], reason = '') =>
      mended.push({ id: finding.id, detail: finding.detail, status, reason })
    const prover = new Looker(options, diagnosis, finding)
    const refusal = options.refuses(finding)
    if (refusal !== undefined) {
      note('left', refusal)
      continue
    }
    try {
      const status = await options.carry(finding, await options.plan(finding), (...how) =>
        prover.look(...how),
      )
      if (status === 'unchanged') note('left', 'there is nothing to change any more')
      else note(status === 'applied' ? 'mended' : status)
      if (status !== 'applied') continue
      // what was seen last is the machine as it is now
      diagnosis = prover.seen ?? (await options.diagnose())
      continue
    } catch (error) {
      if (!isRolledBack(error)) throw error
      note('put-back', (error as Error).message)
    }
    diagnosis = await options.diagnose()
  }
}

function isRolledBack(error: unknown): boolean {
  const code = (error as { code?: string }).code
  return (
    code === 'proof-failed' ||
    code === 'change-failed' ||
    code === 'service-failed' ||
    code === 'edited-meanwhile'
  )
}

function keyOf({ id, affects, detail }: Finding): string {
  return [id, ...affects, detail].join('\0')
}

/** Looks until the finding is gone; then whether anything serious is new. */
class Looker {
  /** The machine when it was looked at last; undefined: not yet. */
  seen: Diagnosis | undefined

  constructor(
    private readonly options: MendOptions,
    private readonly before: Diagnosis,
    private readonly finding: Finding,
  ) {}

  async look(...[, signal]: Parameters<Prover>): Promise<readonly ProofCase[]> {
    const { options, finding } = this
    let now = await options.diagnose()
    for (let looks = 1; looks < LOOKS && stillThere(now, finding); looks += 1) {
      signal.throwIfAborted()
      await options.sleep(PAUSE_SECONDS)
      now = await options.diagnose()
    }
    this.seen = now
    const known = new Set(this.before.findings.map(({ id }) => id))
    const worse = now.findings.filter(
      ({ id, severity }) => !known.has(id) && (severity === 'critical' || severity === 'error'),
    )
    const gone = !stillThere(now, finding)
    return [
      { case: finding.title, expected: 'gone', answer: gone ? 'gone' : 'still there', ok: gone },
      ...worse.map(({ id, detail }) => ({
        case: 'nothing new',
        expected: 'nothing',
        answer: `${id}: ${detail}`,
        ok: false,
      })),
    ]
  }
}

function stillThere({ findings }: Diagnosis, { id, affects, detail }: Finding): boolean {
  return findings.some(
    (each) => each.id === id && each.affects.join() === affects.join() && each.detail === detail,
  )
}
