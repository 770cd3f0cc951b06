import { beforeAll, describe, expect, it } from 'vitest'
import { MemoryHost } from '../../src/host/memory.js'
import { chosenStore } from '../../src/install-store.js'
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

  it('says that hosts which join later have to be let in', () => {
    const reach = { addresses: ['10.0.0.5', '10.0.0.6'], credential: false, grows: true }
    const { notes } = planInstall(
      freshServer(),
      resolveChoices({ store: { location: 'valkey://10.0.0.5,10.0.0.6', reach } }, {}),
      program,
      { proof: true },
    )
    expect(notes.join('\n')).toContain('when others join: this install again')
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

describe('the location that install is given', () => {
  const chosen = (text: string, host = new MemoryHost()) => chosenStore(host, text, { ask: false })

  it('is a server, how the service reaches it, and whether it is handed a password', async () => {
    expect(await chosen('local')).toBe('local')
    expect(await chosen('valkey://192.0.2.9:6380/3')).toEqual({
      location: 'valkey://192.0.2.9:6380/3',
      reach: { addresses: ['192.0.2.9'], credential: false, grows: false },
    })
    // nothing has to be let out to this host's own
    expect(await chosen('valkey:///run/valkey/valkey.sock')).toMatchObject({ reach: { addresses: [] } })
  })

  it.each([
    ['valkey://user:s3cret@192.0.2.9', 'has a password in it'],
    ['192.0.2.9:6379', 'must be valkey://HOST:PORT'],
    ['valkey://192.0.2.9?ca=relative.pem', 'must have an absolute path for ca'],
    ['valkey://192.0.2.9?prefix=a b', 'letters, digits'],
    ["valkey://192.0.2.9?ca=/etc/it's.pem", 'a character that the options file cannot'],
  ])('is refused: %s', async (text, why) => {
    const refused = await chosen(text).catch((error: Error) => error.message)
    expect(refused).toContain(why)
    expect(refused).not.toContain('s3cret')
  })

  it('in a file tree, sentinels and clusters cannot be asked for their hosts: it says where to write them', async () => {
    const tree = Object.assign(new MemoryHost(), { root: '/mnt' })
    for (const text of ['valkey://192.0.2.9,192.0.2.10', 'valkey://192.0.2.9?sentinel=mail']) {
      await expect(chosen(text, tree)).rejects.toMatchObject({
        code: 'usage',
        hints: [expect.stringContaining('greyctl.toml')],
      })
    }
  })
})
