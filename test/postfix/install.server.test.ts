import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GreyctlError } from '../../src/errors.js'
import { createRealHost } from '../../src/host/real.js'
import type { Scenario } from '../../src/postfix/evaluator/scenario.js'
import { type MainCf, parseMainCf } from '../../src/postfix/main-cf.js'
import { unwireGreylisting, type Wired, wireGreylisting } from '../../src/postfix/wire.js'
import { SEED } from '../seed.js'
import { corpusFiles } from './corpora.js'
import { evaluatorConfigurations, JUDGE_BASE, SCENARIOS, TABLES } from './evaluator-configurations.js'
import { havePostfix, type Instance, makeInstance } from './instance.js'
import { askSmtpd, type PolicyServer, type Ruling, startPolicyServer } from './smtpd-judge.js'

/** Generated configurations; GREYCTL_INSTALL_RUNS=500 is the full measure, and asks about every real file too. */
const RUNS = Number(process.env.GREYCTL_INSTALL_RUNS ?? 20)
const PARALLEL = 3
const host = createRealHost()
const OWN = new Set(
  SCENARIOS.filter(({ client, user }) => client.address.startsWith('198.51.100.') || user !== undefined),
)

describe.runIf(havePostfix())('install, judged by smtpd', () => {
  let instance: Instance
  let owner: { uid: number; gid: number }
  let other: PolicyServer[]
  let greylister: PolicyServer
  beforeAll(async () => {
    instance = await makeInstance(JUDGE_BASE, JUDGE_BASE)
    owner = (await host.user('postfix')) ?? { uid: 0, gid: 0 }
    const actions = ['DUNNO', 'DEFER_IF_PERMIT later', 'OK', 'REJECT no', 'first']
    other = await Promise.all(actions.map(startPolicyServer))
    greylister = await startPolicyServer('DEFER_IF_PERMIT Greylisted')
    mkdirSync(directory())
    for (const [spec, text] of Object.entries(TABLES))
      writeFileSync(spec.replace(/^.*SLOT/, directory()), text)
  })
  afterAll(async () => {
    for (const server of [...(other ?? []), greylister]) server?.close()
    await instance?.remove()
  })
  const directory = () => join(instance.directory, '..', 'tables')

  interface Count {
    configurations: number
    compared: number
    deferred: number
    /** Configurations that install leaves alone. */
    refused: number
    skipped: number
  }

  /** Asks before and after; says what changed that must not. */
  async function compare(text: string, slot: string, count: Count): Promise<string | undefined> {
    const cf = parseMainCf(text)
    const wired = wire(cf, `inet:127.0.0.1:${greylister.port}`)
    // a list that wants an argument, for one: install says so and touches nothing
    if (wired === undefined) {
      count.refused += 1
      return undefined
    }
    if (unwireGreylisting(wired.cf).toString() !== text) return 'uninstall left something behind'
    count.configurations += 1
    const ask = (mainCf: string) => askSmtpd(instance, owner, { slot, mainCf, scenarios: SCENARIOS })
    const before = await ask(text)
    const after = await ask(wired.cf.toString())
    const codes = wired.warnings.map(({ code }) => code)
    for (const [at, scenario] of SCENARIOS.entries()) {
      const [was, is] = [before[at], after[at]]
      const said = was && is && judge(scenario, was, is, codes, mayDiscard(text))
      count[COUNTED[said ?? 'skipped']] += 1
      if (said !== 'wrong') continue
      return `${JSON.stringify(scenario)}\nbefore: ${was?.answer}\nafter: ${is?.answer}\nwarnings: ${codes.join(' ')}`
    }
    return undefined
  }

  async function compareAll(texts: readonly string[]): Promise<{ wrong: string[]; count: Count }> {
    const count: Count = { configurations: 0, compared: 0, deferred: 0, refused: 0, skipped: 0 }
    const wrong: string[] = []
    const next = texts.entries()
    const worker = async (slot: number) => {
      for (const [, text] of next) {
        if (wrong.length > 2) return
        const said = await compare(text, `install-${slot}`, count)
        if (said !== undefined) wrong.push(`${text}\n${said}`)
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, (_, slot) => worker(slot)))
    console.log(JSON.stringify(count))
    return { wrong, count }
  }

  it('defers strangers and changes nothing else, on generated configurations', async () => {
    const seed = SEED
    console.log(`install against smtpd: seed ${seed}, ${RUNS} configurations`)
    const texts = fc
      .sample(evaluatorConfigurations, { seed, numRuns: RUNS })
      .map((text) =>
        text.replaceAll('SLOT', directory()).replace(/POLICY(\d)/g, (_, n) => String(other[Number(n)]?.port)),
      )
    const { wrong, count } = await compareAll(texts)
    expect(wrong.join('\n\n')).toBe('')
    expect(count.compared).toBeGreaterThan(RUNS * 3)
    if (RUNS >= 20) expect(count.deferred).toBeGreaterThan(0)
  })

  it.runIf(process.env.GREYCTL_INSTALL_RUNS !== undefined)(
    'defers strangers and changes nothing else, on real files',
    async () => {
      // what the machine would have to have: names, tables of recipients, TLS keys, milters
      const more = [
        ...JUDGE_BASE.split('\n').filter((line) => !line.startsWith('compatibility_level')),
        'virtual_alias_maps =\nvirtual_mailbox_maps =\nvirtual_alias_domains =\nvirtual_mailbox_domains =',
        'relay_recipient_maps =\nsmtpd_sender_login_maps =\nsmtpd_milters =\nsmtpd_tls_auth_only = no',
        'smtpd_proxy_filter =\nsmtpd_sasl_path = smtpd\nsmtpd_upstream_proxy_protocol =',
      ].join('\n')
      const files = corpusFiles(/main\.cf/)
        .map(({ bytes }) => `${bytes.toString('latin1')}\n${more}\n${instance.mainCf('')}`)
        .filter((text) => parseMainCf(text).problems.every((problem) => !problem.fatal))
        // a DNS list costs a time-out each on a machine without network
        .map((text) =>
          text.replace(
            /(reject_rbl_client|reject_rhsbl_[a-z_]+|permit_dnswl_client)[ \t]+[^\s,]+/g,
            'reject_unauth_pipelining',
          ),
        )
        .map((text) =>
          text.replace(
            /reject_unknown_(sender_domain|recipient_domain|helo_hostname|hostname)|reject_unverified_\w+/g,
            'reject_unauth_pipelining',
          ),
        )
      const { wrong } = await compareAll(
        process.env.GREYCTL_INSTALL_RUNS === undefined ? files.slice(0, 3) : files,
      )
      expect(wrong.join('\n\n')).toBe('')
    },
  )
})

const COUNTED = { same: 'compared', greylisted: 'deferred', wrong: 'compared', skipped: 'skipped' } as const

/** What install made of an answer: nothing, a deferral of somebody who may be deferred, or what it must not. */
function judge(
  scenario: Scenario,
  was: Ruling,
  is: Ruling,
  warnings: readonly string[],
  discards: boolean,
): 'same' | 'greylisted' | 'wrong' {
  const own = OWN.has(scenario)
  // a server that did not start may start with the guard that install brings: never as an open relay
  if (was.outcome === 'no-service') {
    // what is taken and thrown away is not relayed
    const relays =
      !discards && is.outcome === 'accepted' && !own && scenario.recipient.endsWith('@elsewhere.example')
    return relays ? 'wrong' : 'same'
  }
  if (was.outcome === is.outcome) return 'same'
  const greylisted = was.outcome === 'accepted' && is.outcome === 'deferred' && /Greylisted/.test(is.answer)
  const warning = scenario.user === undefined ? 'own-networks-asked' : 'authenticated-asked'
  return greylisted && (!own || warnings.includes(warning)) ? 'greylisted' : 'wrong'
}

function wire(cf: MainCf, endpoint: string): Wired | undefined {
  try {
    return wireGreylisting(cf, { endpoint })
  } catch (error) {
    if (error instanceof GreyctlError && error.code === 'config-invalid') return undefined
    throw error
  }
}

function mayDiscard(text: string): boolean {
  return /DISCARD|tables\/names/.test(text)
}
