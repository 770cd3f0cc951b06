import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseClientTable } from '../../src/greylist/client-table.js'
import { createRealHost } from '../../src/host/real.js'
import {
  type EvaluateOptions,
  type Evaluation,
  evaluate,
  evaluateEtrn,
  fallbackAction,
} from '../../src/postfix/evaluator/evaluate.js'
import type { Scenario } from '../../src/postfix/evaluator/scenario.js'
import { type Lookup, readCidrTable, readTextTable } from '../../src/postfix/evaluator/tables.js'
import { parseMainCf } from '../../src/postfix/main-cf.js'
import { effectiveSettings } from '../../src/postfix/settings.js'
import { SEED } from '../seed.js'
import {
  ETRN_DOMAIN,
  evaluatorConfigurations,
  JUDGE_BASE,
  SCENARIOS,
  TABLES,
} from './evaluator-configurations.js'
import { havePostfix, type Instance, makeInstance } from './instance.js'
import { askSmtpd, type PolicyServer, type Ruling, startPolicyServer } from './smtpd-judge.js'

/** Configurations; GREYCTL_JUDGE_RUNS=3000 is the full measure, about seven minutes. */
const RUNS = Number(process.env.GREYCTL_JUDGE_RUNS ?? 60)
/** Most of the time smtpd waits for a policy server that is not there. */
const PARALLEL = RUNS > 200 ? 12 : 8
/** Policy questions of one mail that no list of the generator holds without going round. */
const MOST_ASKED = 20
const ACTIONS = ['DUNNO', 'DEFER_IF_PERMIT later', 'OK', 'REJECT no', 'first']
const host = createRealHost()

describe.runIf(havePostfix())('the evaluator and smtpd', () => {
  let instance: Instance
  let owner: { uid: number; gid: number }
  let policies: PolicyServer[][]
  let tables: ReadonlyMap<string, Lookup>
  beforeAll(async () => {
    instance = await makeInstance(JUDGE_BASE, JUDGE_BASE)
    owner = (await host.user('postfix')) ?? { uid: 0, gid: 0 }
    policies = await Promise.all(
      Array.from({ length: PARALLEL }, () => Promise.all(ACTIONS.map(startPolicyServer))),
    )
    const directory = join(instance.directory, '..', 'tables')
    mkdirSync(directory)
    tables = new Map(
      Object.entries(TABLES).map(([spec, text]) => {
        const [type = '', path = ''] = spec.replace('SLOT', directory).split(':')
        writeFileSync(path, text)
        return [`${type}:${path}`, readerOf(type, text)]
      }),
    )
  })
  afterAll(async () => {
    for (const server of policies?.flat() ?? []) server.close()
    await instance?.remove()
  })

  function readerOf(type: string, text: string): Lookup {
    if (type === 'texthash') return readTextTable(text)
    if (type === 'cidr') return readCidrTable(text) ?? (() => undefined)
    const { table } = parseClientTable('', text)
    return (key) => table.lookup(key)?.action
  }

  it('agree on generated configurations', async () => {
    const count = { configurations: 0, compared: 0, certain: 0, starts: 0, unasked: 0, policies: 0 }
    const seed = SEED
    console.log(`evaluator against smtpd: seed ${seed}, ${RUNS} configurations`)
    const texts = fc.sample(evaluatorConfigurations, { seed, numRuns: RUNS })
    const wrong: string[] = []
    const next = texts.entries()
    const worker = async (slot: number) => {
      for (const [, text] of next) {
        if (wrong.length > 4) return
        await compare(text, slot, wrong, count)
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, (_, slot) => worker(slot)))
    console.log(JSON.stringify(count))
    expect(wrong.join('\n\n')).toBe('')
    expect(count.compared).toBeGreaterThan(RUNS * 8)
    expect(count.certain).toBeGreaterThan(count.compared / 2)
    expect(count.starts).toBeGreaterThan(RUNS / 4)
  })

  async function compare(
    generated: string,
    slot: number,
    wrong: string[],
    count: {
      configurations: number
      compared: number
      certain: number
      starts: number
      unasked: number
      policies: number
    },
  ): Promise<void> {
    const own = policies[slot] ?? []
    const text = generated
      .replaceAll('SLOT', join(instance.directory, '..', 'tables'))
      .replace(/POLICY(\d)/g, (_, n) => String(own[Number(n)]?.port))
    const settings = effectiveSettings(parseMainCf(text), { version: '3.7.11' })
    count.configurations += 1
    for (const server of own) server.reset()
    const rulings = await askSmtpd(instance, owner, {
      slot: String(slot),
      mainCf: text,
      scenarios: SCENARIOS,
      data: true,
      etrn: ETRN_DOMAIN,
    })
    if (rulings.some((ruling) => ruling?.outcome !== 'no-service')) count.starts += 1
    let expectedCalls = 0
    // a client list that is asked at once is asked about this connection too
    let sure = settings.get('smtpd_delay_reject') === 'yes'
    const options: EvaluateOptions = {
      tables: (spec) => tables.get(spec),
      policy: ({ endpoint, argument }) =>
        own.find(({ port }) => endpoint.endsWith(`:${port}`))?.action ?? fallbackAction(argument, settings),
    }
    const mails = SCENARIOS.map((scenario) => ({
      scenario,
      answer: evaluate(settings, scenario, { ...options, data: true }),
      // XCLIENT logs in before HELO, which no client can
      early: scenario.user !== undefined && settings.get('smtpd_delay_reject') === 'no',
    }))
    const etrns = SCENARIOS.map((scenario) => ({
      scenario,
      answer: evaluateEtrn(settings, { ...scenario, domain: ETRN_DOMAIN }, options),
      early: false,
    }))
    const different: { scenario: Scenario; ruling: Ruling; answer: Evaluation }[] = []
    ;[...mails, ...etrns].forEach(({ scenario, answer, early }, at) => {
      const ruling = early ? undefined : rulings[at]
      if (ruling === undefined) {
        count.unasked += 1
        sure = false
        return
      }
      count.compared += 1
      if (answer.outcomes.length === 1) count.certain += 1
      else sure = false
      // a service that answers with the class in which it is asked goes round until smtpd's limit of recursion: the
      // answer is the same, but how often it is asked before that differs by one or two
      if (answer.asked.length > MOST_ASKED) sure = false
      // what is put off for certain may be so before or behind the question
      if (answer.asked.some(({ certain }) => !certain)) sure = false
      expectedCalls += answer.asked.filter(({ endpoint }) => !endpoint.endsWith(':1')).length
      if (!answer.outcomes.includes(ruling.outcome)) different.push({ scenario, ruling, answer })
    })
    const [first] = different
    if (first !== undefined) {
      const { scenario, ruling, answer } = first
      const log = [...new Set(ruling.said?.match(/(warning|fatal|reject_warning): .*/g))]
        .slice(0, 12)
        .join('\n')
      const said = `smtpd: ${ruling.stage} ${ruling.answer}\n${log}`
      wrong.push(`${shorten(text)}\n${JSON.stringify(scenario)}\n${said}\nours: ${JSON.stringify(answer)}`)
    }
    const calls = own.reduce((sum, server) => sum + server.count(), 0)
    if (!sure) return
    count.policies += calls
    if (calls !== expectedCalls)
      wrong.push(`${shorten(text)}\npolicy servers were asked ${calls} times, not ${expectedCalls}`)
  }
})

/** Without what is the same in all of them. */
function shorten(text: string): string {
  return text.replace(/^[\s\S]*?(?=smtpd_restriction_classes)/, '')
}
