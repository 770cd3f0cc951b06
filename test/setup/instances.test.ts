import { beforeAll, describe, expect, it } from 'vitest'
import type { Plan } from '../../src/change/plan.js'
import { resolveChoices } from '../../src/setup/choices.js'
import type { ServerFacts } from '../../src/setup/facts.js'
import { planInstall } from '../../src/setup/install-plan.js'
import type { PostfixInstance } from '../../src/setup/instance.js'
import type { Program } from '../../src/setup/program.js'
import { planUninstall } from '../../src/setup/uninstall-plan.js'
import { afterPlan, freshServer, STOCK_MAIN_CF, testProgram } from './fixtures.js'

let program: Program
beforeAll(async () => {
  program = await testProgram()
})

const ALL = { keepData: false, keepPackage: false }
const SECOND: PostfixInstance = {
  configDir: '/etc/postfix-in',
  mainCfPath: '/etc/postfix-in/main.cf',
  mainCf: Buffer.from(STOCK_MAIN_CF),
  masterCfPath: '/etc/postfix-in/master.cf',
  masterCf: undefined,
  manager: undefined,
  postfix: undefined,
  postfixRunning: true,
  tablePath: '/etc/postfix-in/check_client_greylist',
}
const FIRST: PostfixInstance = {
  ...SECOND,
  configDir: '/etc/postfix',
  mainCfPath: '/etc/postfix/main.cf',
  masterCfPath: '/etc/postfix/master.cf',
  tablePath: '/etc/postfix/check_client_greylist',
}

/** The same server as another command sees it that is about the second instance. */
function aboutSecond(facts: ServerFacts): ServerFacts {
  return { ...facts, ...SECOND, others: [{ ...FIRST, mainCf: facts.mainCf }] }
}

function install(facts: ServerFacts, flags = {}) {
  return planInstall(facts, resolveChoices({ ...flags }, {}), program, { proof: true })
}

const files = ({ steps }: Plan) => steps.flatMap((step) => (step.kind === 'file' ? [step.path] : []))
const commands = ({ steps }: Plan) =>
  steps.flatMap((step) => (step.kind === 'run' ? [step.argv.join(' ')] : []))

describe('several instances of Postfix', () => {
  it('the daemon is set up once, and each instance is wired, reloaded and proven', () => {
    const first = freshServer()
    const one = afterPlan(first, install(first).plan)
    expect(one.installed?.instances).toEqual([{ configDir: '/etc/postfix' }])
    const facts = aboutSecond(one)
    const { plan, candidates } = install(facts)
    expect(files(plan)).toEqual(['/etc/postfix-in/main.cf', '/var/lib/greyctl/installed.json'])
    expect(commands(plan)).toContain('postfix -c /etc/postfix-in reload')
    expect(commands(plan)).not.toContain('postfix -c /etc/postfix reload')
    expect(new Set(plan.steps.map(({ id }) => id)).size).toBe(plan.steps.length)
    expect(candidates.map(({ configDir }) => configDir)).toEqual(['/etc/postfix-in', '/etc/postfix'])
    const both = afterPlan(facts, plan)
    expect(both.installed?.instances).toEqual([
      { configDir: '/etc/postfix' },
      { configDir: '/etc/postfix-in' },
    ])
    expect(install(both).plan.steps).toEqual([])
  })

  it('a change of what is asked, or where, reaches all of them', () => {
    const facts = bothInstalled()
    const { plan } = install(facts, { selective: true, listen: 'inet:127.0.0.1:10099' })
    expect(files(plan)).toEqual(
      expect.arrayContaining([
        '/etc/postfix-in/check_client_greylist',
        '/etc/postfix/check_client_greylist',
        '/etc/postfix-in/main.cf',
        '/etc/postfix/main.cf',
      ]),
    )
    expect(new Set(plan.steps.map(({ id }) => id)).size).toBe(plan.steps.length)
  })

  it('uninstall takes greylisting out of all, or of one that is named, and the daemon goes with the last', () => {
    const facts = bothInstalled()
    const all = planUninstall(facts, ALL)
    expect(files(all.plan)).toEqual(
      expect.arrayContaining(['/etc/postfix-in/main.cf', '/etc/postfix/main.cf']),
    )
    expect(commands(all.plan)).toContain('systemctl stop greyctl.service greyctl.socket')
    const one = planUninstall(facts, { ...ALL, thisInstance: true })
    expect(files(one.plan)).toEqual(['/etc/postfix-in/main.cf', '/var/lib/greyctl/installed.json'])
    expect(commands(one.plan).filter((command) => command !== '')).toEqual([
      'postfix -c /etc/postfix-in reload',
    ])
    expect(one.left.map(({ configDir }) => configDir)).toEqual(['/etc/postfix'])
    const last = { ...afterPlan(facts, one.plan), ...FIRST, mainCf: facts.others[0]?.mainCf, others: [] }
    expect(last.installed?.instances).toEqual([{ configDir: '/etc/postfix' }])
    const gone = planUninstall(last, { ...ALL, thisInstance: true })
    expect(commands(gone.plan)).toContain('systemctl stop greyctl.service greyctl.socket')
    // an instance that was never installed in is none of uninstall's business
    const never = { ...last, ...SECOND, others: [{ ...FIRST, mainCf: last.mainCf }] }
    expect(planUninstall(never, { ...ALL, thisInstance: true }).plan.steps).toEqual([])
  })

  it('a place that was taken is given back in the instance where it was', () => {
    const taken = STOCK_MAIN_CF.concat(
      'smtpd_recipient_restrictions = permit_mynetworks, check_policy_service inet:127.0.0.1:60000\n',
    )
    const first = freshServer()
    const before = { ...aboutSecond(afterPlan(first, install(first).plan)), mainCf: Buffer.from(taken) }
    const both = afterPlan(before, install(before, { replace: true }).plan)
    expect(both.installed?.instances).toEqual([
      { configDir: '/etc/postfix' },
      { configDir: '/etc/postfix-in', replaced: expect.stringContaining('inet:127.0.0.1:60000') },
    ])
    const back = afterPlan(both, planUninstall(both, ALL).plan)
    expect(back.mainCf?.toString()).toBe(taken)
  })

  function bothInstalled(): ServerFacts {
    const first = freshServer()
    const facts = aboutSecond(afterPlan(first, install(first).plan))
    return afterPlan(facts, install(facts).plan)
  }
})
