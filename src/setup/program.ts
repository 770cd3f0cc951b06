import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { GreyctlError } from '../errors.js'
import type { Host } from '../host/host.js'

const TEMPLATES = [
  'check_client_greylist',
  'default',
  'greyctl.service',
  'greyctl.socket',
  'greyctl.toml',
  'init',
  'openrc',
  'postgrey.conf',
  'whitelist_clients',
  'whitelist_recipients',
] as const

export type TemplateName = (typeof TEMPLATES)[number]

/** This program as it lies on the machine: what a service has to start. */
export interface Program {
  /** Absolute path of the Node.js that runs now, links resolved. */
  readonly node: string
  /** The directory with dist/ and templates/, links resolved. */
  readonly root: string
  readonly version: string
  readonly templates: Readonly<Record<TemplateName, string>>
}

/** Reads the program's own files through a host whose root is `/`. */
export async function loadProgram(host: Host): Promise<Program> {
  const root = await programRoot(host)
  const texts = await Promise.all(TEMPLATES.map((name) => readOwn(host, join(root, 'templates', name))))
  const manifest = JSON.parse(await readOwn(host, join(root, 'package.json'))) as { version: string }
  return {
    node: await host.realpath(process.execPath),
    root,
    version: manifest.version,
    templates: Object.fromEntries(TEMPLATES.map((name, at) => [name, texts[at]])) as Record<
      TemplateName,
      string
    >,
  }
}

/** One of the program's templates, and where it lies. */
export async function loadTemplate(host: Host, name: string): Promise<{ path: string; text: string }> {
  const path = join(dirname(fileURLToPath(import.meta.url)), '..', '..', 'templates', name)
  return { path, text: await readOwn(host, path) }
}

/** The directory with dist/ and templates/, links resolved. */
export function programRoot(host: Host): Promise<string> {
  return host.realpath(join(dirname(fileURLToPath(import.meta.url)), '..', '..'))
}

/** A file that belongs to the program; without it nothing can go on. */
export async function readOwn(host: Host, path: string): Promise<string> {
  const content = await host.read(path)
  if (content === undefined) {
    throw new GreyctlError('internal', 'a file of the program itself is missing', {
      where: path,
      hints: ['install greyctl again, or run git checkout in its source directory'],
    })
  }
  return content.toString('utf8')
}

/** Paths end up in unit files and shell scripts: only characters that mean themselves there. */
const PLAIN_PATH = /^\/[\w./+@-]+$/

/** Throws GreyctlError('runtime-in-home' | 'unsupported') when a service could not be started from here. */
export function assertServable(program: Program): void {
  if (/^\/(home|root)\//.test(program.node)) {
    throw new GreyctlError('runtime-in-home', `a service cannot depend on a Node.js in a user's home`, {
      where: program.node,
      hints: ['install Node.js >= 20.19 for the whole system (below /usr or /opt) and run greyctl with it'],
    })
  }
  for (const path of [program.node, program.root]) {
    if (!PLAIN_PATH.test(path)) {
      throw new GreyctlError('unsupported', 'this path has characters that a unit file cannot hold safely', {
        where: path,
        hints: ['move the program to a path of letters, digits and . _ - + @ /'],
      })
    }
  }
}
