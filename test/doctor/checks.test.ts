import { describe, expect, it } from 'vitest'
import type { Check } from '../../src/doctor/check.js'
import { CHECKS } from '../../src/doctor/checks/index.js'
import { diagnose } from '../../src/doctor/run.js'
import { CASES } from './cases.js'
import { factsOf, HEALTHY_MAIN, HEALTHY_MASTER, type Scene } from './scene.js'

const judge = (check: Check, scene: Scene) => diagnose([check], factsOf(scene))

describe('every check', () => {
  it('has an id of its own, in kebab case', () => {
    const ids = CHECKS.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.filter((id) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id))).toEqual([])
  })

  it('has a broken and a healthy case, and no case is of a check that is gone', () => {
    expect(Object.keys(CASES).sort()).toEqual(CHECKS.map(({ id }) => id).sort())
    for (const cases of Object.values(CASES)) expect(cases.length).toBeGreaterThan(0)
  })

  it('blames only problems that there are', () => {
    const ids = new Set(CHECKS.map(({ id }) => id))
    const unknown = CHECKS.flatMap(({ becauseOf = [] }) => becauseOf.filter((id) => !ids.has(id)))
    expect(unknown).toEqual([])
  })

  it('finds nothing on a healthy server', async () => {
    const { findings, checks } = await diagnose(CHECKS, factsOf())
    expect(findings).toEqual([])
    expect(checks.filter(({ status }) => status !== 'pass')).toEqual([])
  })
})

describe('a check for outbound mail in front of everything, as the documentation has it', () => {
  const main = HEALTHY_MAIN.replace(
    'smtpd_recipient_restrictions = ',
    `greyctl_outbound = check_policy_service { inet:127.0.0.1:10023, timeout=10s, default_action=DUNNO, policy_context=outbound }
smtpd_recipient_restrictions = $greyctl_outbound, `,
  )
  const master = `${HEALTHY_MASTER}submission inet n - y - - smtpd
  -o smtpd_recipient_restrictions=$greyctl_outbound
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
`

  it('is nobody’s mistake: it defers nobody', async () => {
    const { findings } = await diagnose(CHECKS, factsOf({ main, master }))
    expect(findings).toEqual([])
  })

  it('is no greylisting: where it stands alone, nothing greylists', async () => {
    const { findings } = await diagnose(
      CHECKS,
      factsOf({ main: main.replace(', $greyctl_check', ''), master }),
    )
    expect(findings.map(({ id }) => id)).toContain('greylisting-off')
  })
})

describe('a line that is not indented', () => {
  const [broken] = CHECKS.filter(({ id }) => id === 'broken-continuation-nonindented')
  const found = async (more: string) =>
    (await diagnose(broken === undefined ? [] : [broken], factsOf({ more }))).findings[0]

  it('is indented by --fix, and shown with the line that it belongs to', async () => {
    const finding = await found('mynetworks_style = host,\n\n# a comment\nsubnet\n')
    expect(finding?.remediation.autofix).toBe('confirm')
    expect(finding?.evidence.map(({ text }) => text)).toEqual(['mynetworks_style = host,', 'subnet'])
  })

  it('is left alone where it is the directive of a template: nobody wants that in a value', async () => {
    const finding = await found('{{ if eq .DBDRIVER "ldap" }}\n')
    expect(finding?.remediation.autofix).toBe('manual')
  })
})

describe.each(CHECKS.map((check) => [check.id, check] as const))('%s', (id, check) => {
  it.each(CASES[id] ?? [])('case %#', async ({ broken, healthy, says }) => {
    const bad = await judge(check, broken)
    expect(bad.checks).toMatchObject([{ status: 'fail', reason: '' }])
    for (const finding of bad.findings) {
      expect(finding).toMatchObject({ id, title: check.title })
      expect(finding.detail).not.toBe('')
      expect(finding.remediation.text).not.toBe('')
    }
    if (says !== undefined) expect(bad.findings.map(({ detail }) => detail).join('\n')).toMatch(says)
    const good = await judge(check, healthy)
    expect(good.findings).toEqual([])
    expect(good.checks).toMatchObject([{ status: 'pass' }])
  })
})
