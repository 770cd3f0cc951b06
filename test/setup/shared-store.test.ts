import { beforeAll, describe, expect, it } from 'vitest'
import { resolveChoices } from '../../src/setup/choices.js'
import { planInstall } from '../../src/setup/install-plan.js'
import { DEFAULTS_FILE, STORE_DROP_IN } from '../../src/setup/names.js'
import type { Program } from '../../src/setup/program.js'
import { readDefaults } from '../../src/setup/render.js'
import { planUninstall } from '../../src/setup/uninstall-plan.js'
import { afterPlan, freshServer, testProgram } from './fixtures.js'

const LOCATION = 'valkeys://greyctl@10.0.0.5:6379?ca=/etc/greyctl/store-ca.pem'
const store = { location: LOCATION, reach: { addresses: ['10.0.0.5'], credential: true } }

let program: Program
beforeAll(async () => {
  program = await testProgram()
})

const planned = (facts = freshServer(), flags: Parameters<typeof resolveChoices>[0] = { store }) => {
  const now = readDefaults(facts.files.get(DEFAULTS_FILE)?.toString('latin1') ?? '')
  return planInstall(facts, resolveChoices(flags, now), program, { proof: true }).plan
}

describe('install --store', () => {
  it('writes where it is, opens the way there, and asks the daemon whether it gets there before Postfix asks it', () => {
    const plan = planned()
    const file = (path: string) =>
      plan.steps.flatMap((step) => (step.kind === 'file' && step.path === path ? [String(step.after)] : []))
    expect(file(DEFAULTS_FILE)[0]).toContain(` --store=${LOCATION}"`)
    expect(file(STORE_DROP_IN)).toEqual([
      '# written by greyctl install --store\n[Service]\nIPAddressAllow=10.0.0.5\nLoadCredential=store-password:/etc/greyctl/store-password\n',
    ])
    const ids = plan.steps.map(({ id }) => id)
    expect(ids.indexOf('prove-store')).toBeGreaterThan(ids.indexOf('start-service'))
    expect(ids.indexOf('prove-store')).toBeLessThan(ids.indexOf('main-cf'))
  })

  it('is kept by a later install that names none, changed by one that does, and taken out by local', () => {
    const installed = afterPlan(freshServer(), planned())
    expect(planned(installed, {}).steps).toEqual([])
    const other = { location: 'valkey://10.0.0.6', reach: { addresses: ['10.0.0.6'], credential: false } }
    const changed = afterPlan(installed, planned(installed, { store: other }))
    expect(String(changed.files.get(STORE_DROP_IN))).toContain('IPAddressAllow=10.0.0.6\n')
    expect(String(changed.files.get(DEFAULTS_FILE))).toContain('--store=valkey://10.0.0.6"')
    const local = afterPlan(changed, planned(changed, { store: 'local' }))
    expect(local.files.get(STORE_DROP_IN)).toBeUndefined()
    expect(String(local.files.get(DEFAULTS_FILE))).not.toContain('--store')
  })

  it('goes with uninstall', () => {
    const installed = afterPlan(freshServer(), planned())
    const { plan } = planUninstall(installed, { keepData: false, keepPackage: false })
    expect(plan.steps.map(({ title }) => title)).toContain(`remove ${STORE_DROP_IN}`)
  })

  it('is refused for postgrey', () => {
    expect(() => resolveChoices({ store, backend: 'postgrey' }, {})).toThrow(
      'shares its triplets with nobody',
    )
  })
})
