import type { Host } from '../host/host.js'
import { gatherFacts, type ServerFacts } from './facts.js'
import { removablePackages } from './postgrey-package.js'

/** The facts that uninstall plans from; Postfix need not be healthy. */
export async function prepareUninstall(host: Host, configDir: string | undefined): Promise<ServerFacts> {
  const facts = await gatherFacts(host, { configDir, needsPostfix: false })
  const packages = facts.installed?.postgrey?.packages ?? []
  if (!facts.live || packages.length === 0) return facts
  return { ...facts, postgrey: { ...facts.postgrey, removable: await removablePackages(host, packages) } }
}
