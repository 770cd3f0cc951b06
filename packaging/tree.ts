import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { resolveChoices } from '../src/setup/choices.js'
import {
  CONFIG_FILE,
  DEFAULTS_FILE,
  PACKAGED_UNIT_DIR,
  SERVICE_UNIT,
  SOCKET_UNIT,
  WHITELIST_CLIENTS,
  WHITELIST_RECIPIENTS,
} from '../src/setup/names.js'
import type { Program, TemplateName } from '../src/setup/program.js'
import { renderDefaults, renderService, renderSocket } from '../src/setup/render.js'
import { completion } from '../src/ui/usage/completion.js'
import { architectureOf, strip } from './elf.js'
import { type Edition, manPage, overviewPage } from './man.js'
import { type BuiltProgram, ROOT } from './program.js'

/** Where the program lies on a server. */
export const PROGRAM_DIR = '/usr/lib/greyctl'

/** Files that belong to the administrator: a package manager leaves an edited one alone. */
export const CONFIGURATION = [CONFIG_FILE, DEFAULTS_FILE, WHITELIST_CLIENTS, WHITELIST_RECIPIENTS]

export interface Parts {
  readonly program: BuiltProgram
  /** Unpacked packages of npm: the runtime, and the compiled half of lmdb. */
  readonly node: string
  readonly lmdb: string
  readonly architecture: string
  readonly edition: Edition
}

/** Lays the files of a package out below `root`, as they will lie on a server. */
export function layOut(root: string, parts: Parts): void {
  const put = (path: string, content: string | Buffer, mode = 0o644) => {
    const file = join(root, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, content)
    chmodSync(file, mode)
  }
  cpSync(parts.program.directory, join(root, PROGRAM_DIR), { recursive: true })
  for (const name of ['CHANGELOG.md', 'LICENSE', 'README.md']) {
    rmSync(join(root, PROGRAM_DIR, name))
    if (name !== 'LICENSE') put(`/usr/share/doc/greyctl/${name}.gz`, packed(readFileSync(join(ROOT, name))))
  }
  const start = readFileSync(join(ROOT, 'bin/run.js'), 'utf8')
  put(`${PROGRAM_DIR}/bin/run.js`, start.replace(/^#!.*/, `#!${PROGRAM_DIR}/node`), 0o755)
  mkdirSync(join(root, 'usr/bin'), { recursive: true })
  symlinkSync(`..${PROGRAM_DIR.slice('/usr'.length)}/bin/run.js`, join(root, 'usr/bin/greyctl'))
  putBinaries(put, parts)
  putServiceFiles(put, parts)
  for (const { file, text } of [
    { file: 'greyctl.8', text: overviewPage(parts.program.commands, parts.edition) },
    ...parts.program.commands.map((usage) => manPage(usage, parts.edition)),
  ]) {
    put(`/usr/share/man/man8/${file}.gz`, packed(text))
  }
  const munin = readFileSync(join(ROOT, 'templates/monitoring/munin'))
  put('/usr/share/munin/plugins/greyctl', munin, 0o755)
  const { commands } = parts.program
  put('/usr/share/bash-completion/completions/greyctl', completion('bash', commands))
  put('/usr/share/zsh/vendor-completions/_greyctl', completion('zsh', commands))
  put('/usr/share/fish/vendor_completions.d/greyctl.fish', completion('fish', commands))
}

type Put = (path: string, content: string | Buffer, mode?: number) => void

/** Without what only debuggers read; of lmdb the one library that this runtime takes. */
function putBinaries(put: Put, { node, lmdb, architecture }: Parts): void {
  const runtime = strip(readFileSync(join(node, 'bin/node')))
  if (architectureOf(runtime) !== architecture) throw new Error(`${node} is not for ${architecture}`)
  put(`${PROGRAM_DIR}/node`, runtime, 0o755)
  put('/usr/share/doc/greyctl/node-license.txt.gz', packed(readFileSync(join(node, 'LICENSE'))))
  const manifest = JSON.parse(readFileSync(join(lmdb, 'package.json'), 'utf8'))
  const place = `${PROGRAM_DIR}/node_modules/${manifest.name}`
  for (const name of ['package.json', 'index.js']) put(`${place}/${name}`, readFileSync(join(lmdb, name)))
  const library = 'node.napi.glibc.node'
  if (!readdirSync(lmdb).includes(library)) throw new Error(`${manifest.name} has no ${library}`)
  put(`${place}/${library}`, strip(readFileSync(join(lmdb, library))))
  const licences = ['LICENSE', 'dependencies/lmdb/libraries/liblmdb/LICENSE']
  const texts = licences.map((name) => readFileSync(join(ROOT, 'node_modules/lmdb', name), 'utf8'))
  put('/usr/share/doc/greyctl/lmdb-license.txt.gz', packed(texts.join('\n')))
}

/** The same texts that `greyctl install` would write. */
function putServiceFiles(put: Put, { program, edition }: Parts): void {
  const template = (name: TemplateName) => readFileSync(join(program.directory, 'templates', name), 'utf8')
  const names = [
    'default',
    'greyctl.service',
    'greyctl.socket',
    'greyctl.toml',
    'whitelist_clients',
    'whitelist_recipients',
  ] as const
  const templates = Object.fromEntries(names.map((name) => [name, template(name)])) as Program['templates']
  const installed = { node: `${PROGRAM_DIR}/node`, root: PROGRAM_DIR, version: edition.version, templates }
  const choices = resolveChoices({}, {})
  put(join(PACKAGED_UNIT_DIR, SERVICE_UNIT), renderService(installed))
  put(join(PACKAGED_UNIT_DIR, SOCKET_UNIT), renderSocket(installed, choices))
  put(DEFAULTS_FILE, renderDefaults(installed, choices))
  put(CONFIG_FILE, template('greyctl.toml'))
  put(WHITELIST_CLIENTS, template('whitelist_clients'))
  put(WHITELIST_RECIPIENTS, template('whitelist_recipients'))
}

/** The name and time of the file are left out of the archive, so that it is the same each time. */
export function packed(content: string | Buffer): Buffer {
  return gzipSync(content, { level: 9 })
}
