import type { Host } from '../host/host.js'
import { assertEndpointFree, assertPostfix, assertRoot } from './checks.js'
import { type GivenFlags, type InstallChoices, resolveChoices } from './choices.js'
import { gatherFacts, type ServerFacts } from './facts.js'
import { type InstallPlan, planInstall } from './install-plan.js'
import { DEFAULTS_FILE } from './names.js'
import { hasPostfix, installPostfixPackage } from './postfix-package.js'
import { loadProgram } from './program.js'
import { readDefaults } from './render.js'

export interface InstallRequest {
  /** Where this program itself lies: the machine, also when --root names another tree. */
  readonly programHost: Host
  readonly configDir: string | undefined
  readonly flags: GivenFlags
  readonly withPostfix: boolean
  readonly proof: boolean
  recover(): Promise<void>
  /** Progress of what comes before the plan. */
  say(what: string): void
  /** Asks for the delay (seconds) when nothing has decided it yet; undefined: no questions. */
  readonly askDelay: ((fallback: number) => Promise<number>) | undefined
}

export interface PreparedInstall {
  readonly facts: ServerFacts
  readonly choices: InstallChoices
  readonly planned: InstallPlan
}

/** Everything before the diff: privileges, an interrupted change, Postfix itself, facts, choices, the plan. */
export async function prepareInstall(host: Host, request: InstallRequest): Promise<PreparedInstall> {
  assertRoot(host, 'install')
  await request.recover()
  if (request.withPostfix && host.root === '/' && !(await hasPostfix(host))) {
    await installPostfixPackage(host, request.configDir ?? '/etc/postfix', request.say)
  }
  await assertPostfix(host)
  const facts = await gatherFacts(host, { configDir: request.configDir, needsPostfix: true })
  const current = readDefaults(facts.files.get(DEFAULTS_FILE)?.toString('latin1') ?? '')
  const decided = resolveChoices(request.flags, current)
  const delay =
    request.askDelay && current.delay === undefined ? await request.askDelay(decided.delay) : decided.delay
  const choices = { ...decided, delay }
  await assertEndpointFree(host, facts, choices.listen)
  const program = await loadProgram(request.programHost)
  return { facts, choices, planned: planInstall(facts, choices, program, { proof: request.proof }) }
}
