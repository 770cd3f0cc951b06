import { describe, expect, it } from 'vitest'
import type { Plan } from '../../src/change/plan.js'
import { resolveChoices } from '../../src/setup/choices.js'
import { currentChoices } from '../../src/setup/current.js'
import type { ServerFacts } from '../../src/setup/facts.js'
import { planInstall } from '../../src/setup/install-plan.js'
import { planUninstall } from '../../src/setup/uninstall-plan.js'
import { afterPlan, freshServer, STOCK_MAIN_CF, testProgram } from './fixtures.js'

const DEFAULTS = '/etc/default/postgrey'
const STOCK = `# created for Debian\nPOSTGREY_OPTS="--inet=10023"\n#POSTGREY_TEXT="Your text"\n`
const RUNNING = { running: true, enabled: true }
const ids = (plan: Plan) => plan.steps.map(({ id }) => id)
const text = (facts: ServerFacts, path = DEFAULTS) => facts.files.get(path)?.toString('latin1')

/** A server where postgrey was installed by hand. */
function withPostgrey(options = STOCK): ServerFacts {
  const fresh = freshServer()
  const postgrey = { ...fresh.postgrey, installed: true, service: RUNNING, user: true }
  return { ...fresh, postgrey, files: new Map([[DEFAULTS, Buffer.from(options, 'latin1')]]) }
}

/** A server without it, whose package archive has it. */
function withOffer(): ServerFacts {
  const fresh = freshServer()
  const offer = { packages: ['libnet-server-perl', 'postgrey'], options: Buffer.from(STOCK) }
  return { ...fresh, postgrey: { ...fresh.postgrey, offer } }
}

async function install(facts: ServerFacts, flags: Parameters<typeof resolveChoices>[0]) {
  const choices = resolveChoices(flags, currentChoices(facts, flags.backend))
  const { plan, notes } = planInstall(facts, choices, await testProgram(), { proof: true })
  const done = afterPlan(facts, plan)
  const backend = done.installed?.backend
  const postgrey = {
    ...done.postgrey,
    installed: facts.postgrey.installed || backend === 'postgrey',
    offer: undefined,
    service: { running: backend === 'postgrey', enabled: backend === 'postgrey' },
  }
  const service = { running: backend === 'bundled', enabled: backend === 'bundled' }
  return { plan, notes, choices, after: { ...done, postgrey, service } }
}

describe('--backend postgrey', () => {
  it('installs a missing package first, does not let it start before its options, and waits until it answers', async () => {
    const { plan, after } = await install(withOffer(), { backend: 'postgrey' })
    expect(ids(plan)).toEqual([
      'state-dir',
      'postgrey-user-back',
      'hold-start',
      'package',
      'release-start',
      'postgrey-units-back',
      'postgrey-unit-dir',
      'postgrey-options',
      'postgrey-log',
      'read-postgrey-unit',
      'start-postgrey',
      'wait-listening',
      'prove-candidate',
      'reload-back',
      'main-cf',
      'reload-postfix',
      'record',
      'prove-live',
    ])
    expect(text(after)).toBe(STOCK.replace('--inet=10023', '--inet=127.0.0.1:10023 --delay=60'))
    expect(after.installed).toMatchObject({
      backend: 'postgrey',
      postgrey: { packages: ['libnet-server-perl', 'postgrey'], createdUser: true, options: STOCK },
    })
  })

  it('has nothing to do a second time', async () => {
    const { after } = await install(withOffer(), { backend: 'postgrey' })
    expect(ids((await install(after, {})).plan)).toEqual([])
    expect(ids((await install(after, { backend: 'postgrey' })).plan)).toEqual([])
  })

  it('keeps the delay and the port of a postgrey that is there, and every other option', async () => {
    const options = `POSTGREY_OPTS="--inet=127.0.0.1:60000 --delay=50 --max-age=40 --privacy"\n`
    const { choices, plan, after } = await install(withPostgrey(options), { backend: 'postgrey' })
    expect(choices).toMatchObject({ delay: 50, listen: { host: '127.0.0.1', port: 60_000 } })
    expect(ids(plan)).not.toContain('package')
    expect(text(after)).toBe(options)
  })

  it('cannot learn', async () => {
    await expect(install(withPostgrey(), { backend: 'postgrey', learn: true })).rejects.toMatchObject({
      code: 'usage',
    })
  })

  it('changes its address in place when it listened on a port alone', async () => {
    const { plan, after } = await install(withPostgrey(), { backend: 'postgrey', delay: 50 })
    expect(ids(plan)).toEqual(expect.arrayContaining(['postgrey-back', 'restart-postgrey', 'wait-listening']))
    expect(text(after)).toContain('"--inet=127.0.0.1:10023 --delay=50"')
  })
})

describe('uninstall after --backend postgrey', () => {
  const gone = { keepData: false, keepPackage: false }

  it('puts the options back byte for byte, and postgrey runs as before', async () => {
    const { after } = await install(withPostgrey(), { backend: 'postgrey' })
    const { plan } = planUninstall(after, gone)
    const restored = afterPlan(after, plan)
    expect(text(restored)).toBe(STOCK)
    expect(restored.mainCf?.toString()).toBe(STOCK_MAIN_CF)
    expect(ids(plan)).toContain('restart-postgrey')
    expect(ids(plan)).not.toContain('package')
    expect(text(restored, '/etc/systemd/system/postgrey.service.d/greyctl.conf')).toBeUndefined()
  })

  it('takes its own options out of a file that was edited since, and keeps the edit', async () => {
    const { after } = await install(withPostgrey(), { backend: 'postgrey' })
    const edited = text(after)
      ?.replace('--delay=60', '--delay=60 --privacy')
      .replace('#POSTGREY_TEXT', 'POSTGREY_TEXT')
    const files = new Map(after.files).set(DEFAULTS, Buffer.from(edited ?? ''))
    const { plan } = planUninstall({ ...after, files }, gone)
    expect(text(afterPlan({ ...after, files }, plan))).toBe(
      '# created for Debian\nPOSTGREY_OPTS="--inet=10023 --privacy"\nPOSTGREY_TEXT="Your text"\n',
    )
  })

  it('removes a package that install brought, last, with nothing that others need', async () => {
    const { after } = await install(withOffer(), { backend: 'postgrey' })
    const facts = { ...after, postgrey: { ...after.postgrey, removable: ['postgrey'] } }
    const { plan } = planUninstall(facts, gone)
    expect(ids(plan).slice(-3)).toEqual(['package', 'postgrey-user', 'data'])
    const step = plan.steps.find(({ id }) => id === 'package')
    expect(step).toMatchObject({ argv: expect.arrayContaining(['purge', 'postgrey']) })
  })

  it('keeps it on request, stopped, with its own options', async () => {
    const { after } = await install(withOffer(), { backend: 'postgrey' })
    const { plan } = planUninstall(after, { keepData: false, keepPackage: true })
    expect(ids(plan)).toEqual(
      expect.arrayContaining(['stop-postgrey', 'disable-postgrey', 'postgrey-options']),
    )
    expect(ids(plan)).not.toContain('package')
    expect(text(afterPlan(after, plan))).toBe(STOCK)
  })
})

describe('changing over', () => {
  it('starts the new one elsewhere, points Postfix there, and then stops the old one', async () => {
    const { after } = await install(withPostgrey(), { backend: 'bundled', delay: 90 })
    const facts = { ...after, postgrey: { ...after.postgrey, service: { running: false, enabled: false } } }
    const { plan, choices } = await install(facts, { backend: 'postgrey' })
    expect(choices).toMatchObject({
      delay: 90,
      listen: { port: after.installed?.listen.endsWith('23') ? 10_024 : 10_023 },
    })
    const order = ids(plan)
    expect(order.indexOf('start-postgrey')).toBeLessThan(order.indexOf('main-cf'))
    expect(order.indexOf('prove-live')).toBeLessThan(order.indexOf('stop-service'))
    expect(order).toEqual(expect.arrayContaining(['greyctl-socket', 'greyctl-service', 'units-gone']))
    expect(order).not.toContain('remove-user')
  })

  it('and back: the port that is free again, whitelists as they were', async () => {
    const first = await install(withOffer(), { backend: 'bundled' })
    const offer = withOffer().postgrey.offer
    const second = await install(
      { ...first.after, postgrey: { ...first.after.postgrey, offer, installed: false } },
      { backend: 'postgrey' },
    )
    const third = await install(second.after, { backend: 'bundled' })
    expect([first, second, third].map(({ after }) => after.installed?.listen)).toEqual([
      'inet:127.0.0.1:10023',
      'inet:127.0.0.1:10024',
      'inet:127.0.0.1:10023',
    ])
    expect(ids(third.plan)).toEqual(expect.arrayContaining(['stop-postgrey', 'disable-postgrey']))
    const { plan } = planUninstall(
      { ...third.after, postgrey: { ...third.after.postgrey, removable: ['postgrey'] } },
      { keepData: false, keepPackage: false },
    )
    expect(ids(plan)).toContain('package')
    const restored = afterPlan(third.after, plan)
    expect(restored.mainCf?.toString()).toBe(STOCK_MAIN_CF)
  })
})

describe('the triplets', () => {
  const tools = (facts: ServerFacts) => ({ ...facts, postgrey: { ...facts.postgrey, tableTools: true } })

  it('come along where they can be read, before the new daemon is asked', async () => {
    const first = await install(withOffer(), { backend: 'bundled' })
    const offer = withOffer().postgrey.offer
    const stopped = { ...first.after, postgrey: { ...first.after.postgrey, offer, installed: false } }
    const second = await install(tools(stopped), { backend: 'postgrey' })
    const order = ids(second.plan)
    expect(order.indexOf('carry-triplets')).toBeGreaterThan(order.indexOf('package'))
    expect(order.indexOf('carry-triplets')).toBeLessThan(order.indexOf('start-postgrey'))
    expect(second.notes.join(' ')).toContain('the triplets come along')
    const third = ids((await install(tools(second.after), { backend: 'bundled' })).plan)
    expect(third.indexOf('carry-triplets')).toBeGreaterThan(third.indexOf('start-service'))
    expect(third.indexOf('carry-triplets')).toBeLessThan(third.indexOf('main-cf'))
    expect(ids((await install(tools(second.after), {})).plan)).toEqual([])
  })

  it('start anew otherwise, and the plan says so', async () => {
    const { after } = await install(withPostgrey(), { backend: 'postgrey' })
    const { plan, notes } = await install(after, { backend: 'bundled' })
    expect(ids(plan)).not.toContain('carry-triplets')
    expect(notes.join(' ')).toContain('db5.3-util')
  })
})

describe('--selective', () => {
  const TABLE = '/etc/postfix/check_client_greylist'

  it('writes the table before Postfix is asked about it, and takes it away again', async () => {
    const { plan, after } = await install(freshServer(), { selective: true })
    expect(ids(plan).indexOf('table')).toBeLessThan(ids(plan).indexOf('prove-candidate'))
    expect(after.mainCf?.toString()).toContain(`greyctl_check = check_client_access regexp:${TABLE}`)
    const all = await install(after, { selective: false })
    expect(ids(all.plan).indexOf('reload-postfix')).toBeLessThan(ids(all.plan).indexOf('table'))
    expect(text(all.after, TABLE)).toBeUndefined()
    const { plan: out } = planUninstall(after, { keepData: false, keepPackage: false })
    expect(text(afterPlan(after, out), TABLE)).toBeUndefined()
    expect(afterPlan(after, out).mainCf?.toString()).toBe(STOCK_MAIN_CF)
  })

  it('keeps a table that was edited, at a second install and at uninstall', async () => {
    const { after } = await install(freshServer(), { selective: true })
    const files = new Map(after.files).set(TABLE, Buffer.from('/^mine$/ check_greylist\n'))
    expect(ids((await install({ ...after, files }, {})).plan)).toEqual([])
    const { kept } = planUninstall({ ...after, files }, { keepData: false, keepPackage: false })
    expect(kept).toEqual([TABLE])
  })

  it.each([
    [['hash', 'pcre'], 'pcre'],
    [undefined, 'regexp'],
  ])('with the tables %j: %s', async (mapTypes, type) => {
    const { after } = await install(freshServer({ mapTypes }), { selective: true })
    expect(after.mainCf?.toString()).toContain(`check_client_access ${type}:${TABLE}`)
  })

  it('says so where Postfix reads neither', async () => {
    await expect(install(freshServer({ mapTypes: ['hash'] }), { selective: true })).rejects.toMatchObject({
      code: 'unsupported',
    })
  })
})
