import { join } from 'node:path'
import type { Host } from '../host/host.js'
import { findManager, MANAGER_PATHS, type Manager } from '../postfix/managers.js'
import { GREYLIST_TABLE } from '../postfix/ours.js'
import { type InstanceFacts, readInstanceFacts } from '../postfix/postconf.js'

/** An instance of Postfix (postmulti(1)) as it was found. */
export interface PostfixInstance {
  readonly configDir: string
  readonly mainCfPath: string
  readonly mainCf: Buffer | undefined
  readonly masterCfPath: string
  readonly masterCf: Buffer | undefined
  /** A program that writes this configuration. */
  readonly manager: Manager | undefined
  /** undefined with --root, and when Postfix's own programs cannot read the configuration. */
  readonly postfix: InstanceFacts | undefined
  readonly postfixRunning: boolean
  /** The table of selective greylisting, beside main.cf. */
  readonly tablePath: string
}

/** Reads it without changing it. Throws what readInstanceFacts throws when Postfix's programs are to be `asked`. */
export async function gatherInstance(
  host: Host,
  configDir: string,
  { live, asked }: { readonly live: boolean; readonly asked: boolean },
): Promise<PostfixInstance> {
  const mainCfPath = join(configDir, 'main.cf')
  const mainCf = await host.read(mainCfPath)
  return {
    configDir,
    mainCfPath,
    mainCf,
    masterCfPath: join(configDir, 'master.cf'),
    masterCf: await host.read(join(configDir, 'master.cf')),
    manager: findManager(mainCf?.toString('latin1') ?? '', await present(host, MANAGER_PATHS)),
    postfix: live && asked ? await readInstanceFacts(host, configDir) : undefined,
    postfixRunning: live && (await isPostfixRunning(host, configDir)),
    tablePath: join(configDir, GREYLIST_TABLE),
  }
}

/** `postfix status` exits 0 when the master process runs. */
export async function isPostfixRunning(host: Host, configDir: string): Promise<boolean> {
  const result = await host.run(['postfix', '-c', configDir, 'status'])
  return result.exitCode === 0
}

/** The instance that a command is about, and the others in which greylisting is installed. */
export interface PostfixInstances extends PostfixInstance {
  readonly others: readonly PostfixInstance[]
}

/** The one that the command is about first. */
export function instancesOf(all: PostfixInstances): readonly PostfixInstance[] {
  return [all, ...all.others]
}

/** A step's name in a plan that may do the same for several instances. */
export function idOf(id: string, all: PostfixInstances, { configDir }: PostfixInstance): string {
  const at = instancesOf(all).findIndex((instance) => instance.configDir === configDir)
  return at > 0 ? `${id}-${at + 1}` : id
}

async function present(host: Host, paths: readonly string[]): Promise<ReadonlySet<string>> {
  const stats = await Promise.all(paths.map((path) => host.stat(path)))
  return new Set(paths.filter((_, at) => stats[at] !== undefined))
}
