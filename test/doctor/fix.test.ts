import { describe, expect, it } from 'vitest'
import type { Plan, Prover } from '../../src/change/plan.js'
import { CHECKS } from '../../src/doctor/checks/index.js'
import type { Finding } from '../../src/doctor/finding.js'
import { planFix } from '../../src/doctor/fix.js'
import { mend } from '../../src/doctor/mend.js'
import type { Repair } from '../../src/doctor/repair.js'
import { diagnose } from '../../src/doctor/run.js'
import { GreyctlError } from '../../src/errors.js'
import { MemoryHost } from '../../src/host/memory.js'
import { CASES } from './cases.js'
import { factsOf } from './scene.js'

const finding = (id: string, repairs: readonly Repair[], changes: Partial<Finding> = {}): Finding => ({
  id,
  severity: 'error',
  title: `about ${id}`,
  detail: 'x',
  evidence: [],
  cause: 'y',
  remediation: { text: 'z', commands: [], autofix: 'safe' },
  affects: [],
  consequenceOf: null,
  repairs,
  ...changes,
})

const edit = (path: string, change: (text: string) => string): Repair => ({
  kind: 'edit',
  path,
  title: 'edit',
  edit: change,
})

describe('the plan of a repair', () => {
  const host = () => {
    const machine = new MemoryHost()
    machine.seed('/etc/postfix/main.cf', 'a = 1\n\xff\n', { uid: 0, gid: 0, mode: 0o664 })
    return machine
  }

  it('edits byte by byte, lets Postfix read it, and looks again', async () => {
    const repairs = [
      edit('/etc/postfix/main.cf', (text) => text.replace('1', '2')),
      { kind: 'meta', path: '/etc/postfix/main.cf', title: 'mode', meta: { mode: 0o644 } } as const,
    ]
    const { steps } = await planFix(host(), finding('x', repairs), '/etc/postfix')
    expect(steps.map(({ kind, id }) => [kind, id])).toEqual([
      ['run', 'reload-back'],
      ['file', 'main-cf'],
      ['run', 'reload'],
      ['prove', 'x'],
    ])
    const [, file] = steps
    if (file?.kind !== 'file' || file.after === 'absent') throw new Error('no file')
    expect(file.after.toString('utf8')).toBe('a = 2\n\xff\n')
    expect(file.meta).toEqual({ uid: 0, gid: 0, mode: 0o644 })
  })

  it('is empty when there is nothing left to do', async () => {
    const none = [edit('/etc/postfix/main.cf', (text) => text), edit('/etc/postfix/gone', () => 'x')]
    expect((await planFix(host(), finding('x', none), '/etc/postfix')).steps).toEqual([])
  })

  it('removes a file, and reloads nothing for it', async () => {
    const machine = host()
    machine.seed('/run/postgrey.pid', '7\n')
    const { steps } = await planFix(
      machine,
      finding('stale-pidfile', [{ kind: 'remove', path: '/run/postgrey.pid', title: 'remove it' }]),
      '/etc/postfix',
    )
    expect(steps.map(({ kind }) => kind)).toEqual(['file', 'prove'])
    expect(steps[0]).toMatchObject({ after: 'absent' })
  })
})

describe('mending', () => {
  const RUN: Repair = { kind: 'run', title: 'do it', argv: ['true'] }
  const plan: Plan = { title: 'x', steps: [{ kind: 'prove', id: 'x', title: 'look' }] }
  const healthy = { ok: true, findings: [], checks: [] }

  function machine(faults: Finding[], after: (mended: string, faults: Finding[]) => void = () => {}) {
    const carried: string[] = []
    return {
      carried,
      run: (refuses: (finding: Finding) => string | undefined = () => undefined) =>
        mend({
          diagnose: async () => ({ ...healthy, findings: [...faults] }),
          plan: async () => plan,
          refuses,
          sleep: async () => {},
          carry: async ({ id }, _, prove: Prover) => {
            carried.push(id)
            const before = [...faults]
            faults.splice(
              faults.findIndex((each) => each.id === id),
              1,
            )
            after(id, faults)
            const proof = await prove(plan.steps[0] as never, new AbortController().signal)
            if (proof.every(({ ok }) => ok)) return 'applied'
            faults.splice(0, faults.length, ...before)
            throw new GreyctlError('proof-failed', 'it did not help')
          },
        }),
    }
  }

  it('goes one after the other, and leaves what cannot be mended', async () => {
    const { run, carried } = machine([finding('a', [RUN]), finding('b', []), finding('c', [RUN])])
    const { mended, diagnosis } = await run()
    expect(carried).toEqual(['a', 'c'])
    expect(mended.map(({ id, status }) => [id, status])).toEqual([
      ['a', 'mended'],
      ['c', 'mended'],
    ])
    expect(diagnosis.findings.map(({ id }) => id)).toEqual(['b'])
  })

  it('puts back what makes something worse, once', async () => {
    const { run, carried } = machine([finding('a', [RUN])], (_, faults) => faults.push(finding('worse', [])))
    const { mended, diagnosis } = await run()
    expect(carried).toEqual(['a'])
    expect(mended).toMatchObject([{ id: 'a', status: 'put-back', reason: 'it did not help' }])
    expect(diagnosis.findings.map(({ id }) => id)).toEqual(['a'])
  })

  it('puts back what does not help', async () => {
    const a = finding('a', [RUN])
    const { mended } = await machine([a], (_, faults) => faults.push(a)).run()
    expect(mended).toMatchObject([{ status: 'put-back' }])
  })

  it('does not touch what it may not', async () => {
    const { run, carried } = machine([finding('a', [RUN])])
    const { mended } = await run(() => 'ask first')
    expect(carried).toEqual([])
    expect(mended).toMatchObject([{ status: 'left', reason: 'ask first' }])
  })
})

const FILES = ['/etc/postfix/main.cf', '/etc/postfix/master.cf'] as const

/** The texts after the repairs; undefined when a repair is more than an edit of these two files. */
function edited(repairs: readonly Repair[], texts: readonly [string, string]): [string, string] | undefined {
  const result: [string, string] = [...texts]
  for (const repair of repairs) {
    const at = 'path' in repair ? FILES.indexOf(repair.path as (typeof FILES)[number]) : -1
    if (repair.kind !== 'edit' || at < 0) return undefined
    result[at as 0 | 1] = repair.edit(result[at as 0 | 1])
  }
  return repairs.length === 0 ? undefined : result
}

/** What only a program of Postfix tells stays as the scene says: those checks are left to the real server. */
const BY_TEXT = CHECKS.filter(({ needs }) => !needs.includes('postconf') && !needs.includes('endpoints'))

describe('an edit mends what it is for', () => {
  const scenes = BY_TEXT.flatMap((check) =>
    (CASES[check.id] ?? []).map(({ broken }, at) => [`${check.id} ${at}`, check, broken] as const),
  )

  it.each(scenes)('%s', async (_, check, broken) => {
    const facts = factsOf(broken)
    const { findings } = await diagnose([check], facts)
    const [main, master] = await Promise.all([facts.get('mainCf'), facts.get('masterCf')])
    if (!main.known || !master.known) throw new Error('no scene')
    for (const found of findings) {
      const texts = edited(found.repairs, [main.value.text, master.value.text])
      if (texts === undefined) continue
      expect(texts).not.toEqual([main.value.text, master.value.text])
      const { more: _more, ...others } = broken
      const after = await diagnose([check], factsOf({ ...others, main: texts[0], master: texts[1] }))
      expect(after.findings.map(({ detail }) => detail)).not.toContain(found.detail)
    }
  })
})
