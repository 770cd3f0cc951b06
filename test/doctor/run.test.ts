import { describe, expect, it } from 'vitest'
import { type Check, check, type Hit } from '../../src/doctor/check.js'
import { exitCodeOf } from '../../src/doctor/document.js'
import { openFacts } from '../../src/doctor/facts.js'
import { diagnose } from '../../src/doctor/run.js'
import { selectChecks } from '../../src/doctor/select.js'
import { MemoryHost } from '../../src/host/memory.js'
import { factsOf } from './scene.js'

const toy = (id: string, hits: readonly Hit[], more: Partial<Check> = {}): Check =>
  check({
    id,
    title: `about ${id}`,
    severity: 'error',
    symptom: '',
    cause: 'a cause',
    look: [],
    remedy: 'a remedy',
    autofix: 'confirm',
    needs: ['mainCf'],
    judge: () => hits,
    ...more,
  })

const ids = (findings: readonly { id: string; consequenceOf: string | null }[]) =>
  findings.map(({ id, consequenceOf }) => [id, consequenceOf])

describe('a diagnosis', () => {
  it('puts the most severe first, and a consequence under its cause', async () => {
    const { findings, ok } = await diagnose(
      [
        toy('small', [{ detail: 'x', severity: 'info' }]),
        toy('effect', [{ detail: 'x', severity: 'critical' }], { becauseOf: ['cause'] }),
        toy('cause', [{ detail: 'x' }]),
        toy('worst', [{ detail: 'x', severity: 'critical' }]),
      ],
      factsOf(),
    )
    expect(ids(findings)).toEqual([
      ['worst', null],
      ['cause', null],
      ['effect', 'cause'],
      ['small', null],
    ])
    expect(ok).toBe(false)
  })

  it('joins only what is about the same thing', async () => {
    const effect = toy('effect', [{ detail: 'x', affects: ['a'] }], { becauseOf: ['cause'] })
    const other = await diagnose([effect, toy('cause', [{ detail: 'x', affects: ['b'] }])], factsOf())
    expect(ids(other.findings)).toEqual([
      ['effect', null],
      ['cause', null],
    ])
    const same = await diagnose([effect, toy('cause', [{ detail: 'x', affects: ['b', 'a'] }])], factsOf())
    expect(ids(same.findings)).toEqual([
      ['cause', null],
      ['effect', 'cause'],
    ])
  })

  it('loses nothing to causes in a circle', async () => {
    const { findings } = await diagnose(
      [
        toy('one', [{ detail: 'x' }], { becauseOf: ['two'] }),
        toy('two', [{ detail: 'x' }], { becauseOf: ['one'] }),
      ],
      factsOf(),
    )
    expect(ids(findings)).toEqual([
      ['one', null],
      ['two', null],
    ])
  })

  it('is fine with notes alone, and promises no repair that there is not', async () => {
    const result = await diagnose([toy('note', [{ detail: 'x', severity: 'info' }])], factsOf())
    expect(result.ok).toBe(true)
    expect(exitCodeOf(result)).toBe(0)
    expect(result.findings[0]?.remediation.autofix).toBe('manual')
  })

  it('calls a check unknown, never failed, when a fact is missing', async () => {
    const facts = openFacts(new MemoryHost(), { configDir: '/etc/postfix', logs: [] })
    const result = await diagnose([toy('a', [{ detail: 'x' }]), toy('b', [], { needs: [] })], facts)
    expect(result.checks).toEqual([
      { id: 'a', status: 'unknown', reason: '/etc/postfix/main.cf: no such file; is Postfix installed?' },
      { id: 'b', status: 'pass', reason: '' },
    ])
    expect(result.findings).toEqual([])
  })

  it('exits 3 when nothing could be judged, not when nothing was asked', () => {
    const unknown = { id: 'a', status: 'unknown', reason: 'no root' } as const
    const skipped = { id: 'b', status: 'skip', reason: 'not asked for' } as const
    expect(exitCodeOf({ ok: true, findings: [], checks: [unknown, skipped] })).toBe(3)
    expect(exitCodeOf({ ok: true, findings: [], checks: [skipped] })).toBe(0)
    expect(exitCodeOf({ ok: true, findings: [], checks: [unknown, { ...unknown, status: 'pass' }] })).toBe(0)
  })
})

describe('the choice of checks', () => {
  const all = [toy('one-thing', []), toy('other-thing', [])]

  it('takes all, some, or all but some', () => {
    expect(selectChecks(all, [], []).checks).toEqual(all)
    expect(selectChecks(all, ['one-thing'], []).checks).toEqual([all[0]])
    expect([...selectChecks(all, [], ['one-thing']).skip]).toEqual(['one-thing'])
  })

  it.each(['one', 'thing-other', '--fix', ''])('refuses %j and names what is like it', (id) => {
    expect(() => selectChecks(all, [id], [])).toThrow(`there is no check "${id}"`)
  })
})
