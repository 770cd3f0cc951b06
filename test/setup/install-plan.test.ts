import { describe, expect, it } from 'vitest'
import { resolveChoices } from '../../src/setup/choices.js'
import type { ServerFacts } from '../../src/setup/facts.js'
import { planInstall } from '../../src/setup/install-plan.js'
import { readDefaults, renderDefaults, renderService, renderSocket } from '../../src/setup/render.js'
import { planUninstall } from '../../src/setup/uninstall-plan.js'
import { afterPlan, freshServer, STOCK_MAIN_CF, testProgram } from './fixtures.js'

const choices = resolveChoices({}, {})
const ids = (plan: { steps: readonly { id: string }[] }) => plan.steps.map(({ id }) => id)

async function install(facts: ServerFacts, given = choices) {
  return planInstall(facts, given, await testProgram(), { proof: true })
}

describe('planInstall', () => {
  it('starts the service before Postfix is told of it, and proves before and after', async () => {
    const { plan } = await install(freshServer())
    expect(ids(plan)).toEqual([
      'config-dir',
      'state-dir',
      'failures-back',
      'units-back',
      'options',
      'greyctl-toml',
      'whitelist-clients',
      'whitelist-recipients',
      'socket-unit',
      'service-unit',
      'create-user',
      'store-back',
      'read-units',
      'enable-service',
      'start-service',
      'check-service',
      'prove-candidate',
      'reload-back',
      'main-cf',
      'reload-postfix',
      'record',
      'prove-live',
    ])
  })

  it('has nothing to do a second time', async () => {
    const facts = freshServer()
    const { plan } = await install(facts)
    expect(ids((await install(afterPlan(facts, plan))).plan)).toEqual([])
  })

  it('does not restart the socket or touch main.cf for another delay', async () => {
    const facts = freshServer()
    const installed = afterPlan(facts, (await install(facts)).plan)
    const { plan } = await install(installed, { ...choices, delay: 90 })
    expect(ids(plan)).toEqual(expect.arrayContaining(['options', 'restart-service', 'prove-live']))
    expect(ids(plan)).not.toContain('main-cf')
    const text = afterPlan(installed, plan).files.get('/etc/default/greyctl')?.toString() ?? ''
    expect(readDefaults(text).delay).toBe(90)
  })

  it('leaves an edited whitelist alone, at a second install and at uninstall', async () => {
    const facts = freshServer()
    const installed = afterPlan(facts, (await install(facts)).plan)
    const path = '/etc/greyctl/whitelist_clients'
    const edited = {
      ...installed,
      files: new Map(installed.files).set(path, Buffer.from('my.example\n')),
    }
    const again = await install(edited)
    expect(ids(again.plan)).toEqual([])
    const { plan, kept } = planUninstall(edited, { keepData: false, keepPackage: false })
    expect(kept).toEqual([path])
    expect(afterPlan(edited, plan).files.get(path)?.toString()).toBe('my.example\n')
  })

  it('writes an init script where systemd does not run, and reloads only a Postfix that runs', async () => {
    const { plan } = await install(freshServer({ init: 'sysv', postfixRunning: false }))
    expect(ids(plan)).toContain('init-script')
    expect(ids(plan)).not.toContain('reload-postfix')
    expect(plan.steps.some((step) => step.kind === 'run' && step.argv[0] === 'systemctl')).toBe(false)
  })

  it('changes files alone below --root', async () => {
    const { plan } = await install(freshServer({ live: false, postfixRunning: false }))
    expect(plan.steps.filter(({ kind }) => kind === 'run' || kind === 'prove')).toEqual([])
  })

  it.each([
    ['no main.cf', { mainCf: undefined }, 'postfix-missing'],
    ['a main.cf that does not parse', { mainCf: Buffer.from('a = b\nnonsense\n') }, 'config-invalid'],
    [
      'a name that the administrator uses',
      { mainCf: Buffer.from('smtpd_restriction_classes = greyctl_check\ngreyctl_check = permit\n') },
      'name-taken',
    ],
  ])('refuses %s', async (_, changes, code) => {
    await expect(install(freshServer(changes))).rejects.toMatchObject({ code })
  })

  it('refuses a runtime that lies in a home', async () => {
    const program = { ...(await testProgram()), node: '/root/.nvm/versions/node/v20.20.0/bin/node' }
    expect(() => planInstall(freshServer(), choices, program, { proof: true })).toThrow(
      expect.objectContaining({ code: 'runtime-in-home' }),
    )
  })
})

/** A server on which the package lies that `npm run package` makes. */
async function packagedServer(): Promise<ServerFacts> {
  const program = await testProgram()
  return freshServer({
    user: { uid: 999, gid: 999 },
    packagedUnits: new Map([
      ['/etc/systemd/system/greyctl.service', Buffer.from(renderService(program))],
      ['/etc/systemd/system/greyctl.socket', Buffer.from(renderSocket(program, choices))],
    ]),
    files: new Map([
      ['/etc/default/greyctl', Buffer.from(renderDefaults(program, choices))],
      ['/etc/greyctl/greyctl.toml', Buffer.from(program.templates['greyctl.toml'])],
      ['/etc/greyctl/whitelist_clients', Buffer.from(program.templates.whitelist_clients)],
      ['/etc/greyctl/whitelist_recipients', Buffer.from(program.templates.whitelist_recipients)],
    ]),
    directories: new Set(['/etc/greyctl']),
  })
}

describe('greyctl.toml', () => {
  const own = Buffer.from('delay = 30\n')

  it('is written once, all of it comments, and is the administrator’s from then on', async () => {
    const facts = freshServer()
    const { plan } = await install(facts)
    const step = plan.steps.find(({ id }) => id === 'greyctl-toml')
    expect(step).toMatchObject({ kind: 'file', path: '/etc/greyctl/greyctl.toml', before: 'absent' })
    const text = (step as { after: Buffer }).after.toString()
    expect(text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))).toEqual([])
    for (const content of [own, Buffer.from('')]) {
      const edited = freshServer({ files: new Map([['/etc/greyctl/greyctl.toml', content]]) })
      expect((await install(edited)).plan.steps.map(({ id }) => id)).not.toContain('greyctl-toml')
    }
  })
})

describe('from a package', () => {
  it('starts the units that the package brought, and writes nothing but main.cf and its record', async () => {
    const facts = await packagedServer()
    const { plan } = await install(facts)
    expect(plan.steps.flatMap((step) => (step.kind === 'file' ? [step.id] : []))).toEqual([
      'main-cf',
      'record',
    ])
    expect(ids(plan)).toEqual(expect.arrayContaining(['enable-service', 'start-service', 'check-service']))
    expect(ids(plan)).not.toContain('create-user')
  })

  it('writes a socket of its own for another place to listen on', async () => {
    const elsewhere = resolveChoices({ listen: 'inet:127.0.0.1:10099' }, {})
    const { plan } = await install(await packagedServer(), elsewhere)
    expect(ids(plan)).toEqual(expect.arrayContaining(['options', 'socket-unit', 'read-units']))
    expect(ids(plan)).not.toContain('service-unit')
  })

  it('stops and disables them at uninstall; files and user are the package’s', async () => {
    const facts = await packagedServer()
    const after = afterPlan(facts, (await install(facts)).plan)
    const installed = { ...after, service: { running: true, enabled: true } }
    const { plan, kept } = planUninstall(installed, { keepData: false, keepPackage: false })
    expect(ids(plan)).toEqual(expect.arrayContaining(['main-cf', 'stop-service', 'disable-service', 'data']))
    expect(ids(plan)).not.toContain('remove-user')
    expect(kept).toEqual([])
    expect(afterPlan(installed, plan).files.get('/etc/default/greyctl')).toEqual(
      facts.files.get('/etc/default/greyctl'),
    )
  })
})

describe('planUninstall', () => {
  it('brings every file back byte for byte', async () => {
    const facts = freshServer()
    const installed = afterPlan(facts, (await install(facts)).plan)
    const { plan, kept } = planUninstall(installed, { keepData: false, keepPackage: false })
    const after = afterPlan(installed, plan)
    expect(after.mainCf?.toString('latin1')).toBe(STOCK_MAIN_CF)
    expect([...after.files.values()].filter((content) => content !== undefined)).toEqual([])
    expect(kept).toEqual([])
    expect(ids(plan)).toEqual(expect.arrayContaining(['remove-user', 'stop-service', 'data']))
  })

  it('takes out the check for outbound mail, which was written by hand: nobody is there to ask', async () => {
    const submission = (list: string) => `submission inet n - y - - smtpd
  -o smtpd_recipient_restrictions=${list}
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
smtps inet n - y - - smtpd
  -o smtpd_recipient_restrictions=${list && `${list},`}permit_sasl_authenticated,reject
`
    const facts = freshServer({ masterCf: Buffer.from(submission('')) })
    const installed = afterPlan(facts, (await install(facts)).plan)
    const main = installed.mainCf?.toString('latin1') ?? ''
    const check = `greyctl_outbound = check_policy_service { inet:127.0.0.1:10023, default_action=DUNNO, policy_context=outbound }\n`
    const edited = {
      ...installed,
      mainCf: Buffer.from(
        main.replace(/^smtpd_recipient_restrictions = /m, '$&$greyctl_outbound, ') + check,
        'latin1',
      ),
      masterCf: Buffer.from(submission('$greyctl_outbound')),
    }
    expect(edited.mainCf.toString()).toContain('= $greyctl_outbound, ')
    const again = await install(edited)
    expect(ids(again.plan)).toEqual([])
    const after = afterPlan(edited, planUninstall(edited, { keepData: false, keepPackage: false }).plan)
    expect(after.mainCf?.toString('latin1')).toBe(STOCK_MAIN_CF)
    expect(after.masterCf?.toString()).toBe(submission(''))
  })

  it('has nothing to do where nothing is installed', () => {
    expect(planUninstall(freshServer(), { keepData: false, keepPackage: false }).plan.steps).toEqual([])
  })

  it('keeps triplets and user when asked', async () => {
    const facts = freshServer()
    const installed = afterPlan(facts, (await install(facts)).plan)
    const { plan } = planUninstall(installed, { keepData: true, keepPackage: false })
    expect(ids(plan)).not.toContain('data')
    expect(ids(plan)).not.toContain('remove-user')
  })
})
