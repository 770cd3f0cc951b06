import type { Host } from '../host/host.js'
import { assertEndpointFree, assertPostfix, assertRoot, assertServiceManager } from './checks.js'
import { type GivenFlags, type InstallChoices, resolveChoices } from './choices.js'
import { currentChoices } from './current.js'
import { gatherFacts, type ServerFacts } from './facts.js'
import { assertUnmanaged, type InstallPlan, planInstall } from './install-plan.js'
import { hasPostfix, installPostfixPackage } from './postfix-package.js'
import { fetchPostgrey, previewPostgrey } from './postgrey-package.js'
import { loadProgram } from './program.js'

export interface InstallRequest {
  /** Where this program itself lies: the machine, also when --root names another tree. */
  readonly programHost: Host
  readonly configDir: string | undefined
  readonly flags: GivenFlags
  readonly withPostfix: boolean
  readonly proof: boolean
  /** Nothing is fetched or installed to find out what the change would be. */
  readonly dryRun: boolean
  recover(): Promise<void>
  /** Progress of what comes before the plan. */
  say(what: string): void
  /** Asks what no flag decided, knowing what is there; undefined: no questions. */
  readonly ask: ((facts: ServerFacts) => Promise<GivenFlags>) | undefined
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
  const gathered = await gatherFacts(host, { configDir: request.configDir, needsPostfix: true })
  await assertServiceManager(host, gathered)
  assertUnmanaged(gathered, request.flags)
  const flags = { ...request.flags, ...(await request.ask?.(gathered)) }
  const choices = resolveChoices(flags, currentChoices(gathered, flags.backend))
  const facts = await withOffer(host, gathered, choices, request)
  await assertEndpointFree(host, facts, choices)
  const program = await loadProgram(request.programHost)
  return { facts, choices, planned: planInstall(facts, choices, program, { proof: request.proof }) }
}

/** A package that is wanted and missing is fetched and looked into: then the plan can show what it will bring. */
async function withOffer(
  host: Host,
  facts: ServerFacts,
  { backend }: InstallChoices,
  { dryRun, say }: Pick<InstallRequest, 'dryRun' | 'say'>,
): Promise<ServerFacts> {
  if (backend !== 'postgrey' || facts.postgrey.installed || !facts.live) return facts
  const offer = dryRun ? await previewPostgrey(host) : await fetchPostgrey(host, say)
  return { ...facts, postgrey: { ...facts.postgrey, offer } }
}
