import { createHash } from 'node:crypto'
import {
  chmodSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join, relative } from 'node:path'
import { execa } from 'execa'
import { ROOT } from './program.js'
import { CONFIGURATION, packed } from './tree.js'

const DEBIAN = join(ROOT, 'packaging/debian')
const MAINTAINER = 'The greyctl authors <greyctl@example.org>'

/** Bytes: what an administrator should have to fetch at most. */
const LIMIT = 45_000_000

export interface DebOptions {
  readonly version: string
  readonly architecture: string
  /** Epoch seconds: no file of the package is younger, so that two builds give the same bytes. */
  readonly date: number
  readonly node: string
  /** As dpkg-deb(1) takes them. */
  readonly compression: readonly string[]
}

/** Makes a .deb of a tree that layOut laid out, and returns its path. Throws when it is too large. */
export async function makeDeb(tree: string, target: string, options: DebOptions): Promise<string> {
  const { version, architecture, date, compression } = options
  putDocuments(tree, options)
  putControl(tree, options)
  for (const path of everything(tree)) {
    lutimesSync(path, date, date)
    const about = lstatSync(path)
    if (!about.isSymbolicLink()) chmodSync(path, about.mode & 0o111 ? 0o755 : 0o644)
  }
  const deb = join(target, `greyctl_${version}_${architecture}.deb`)
  await execa('dpkg-deb', ['--root-owner-group', ...compression, '--build', tree, deb], {
    env: { SOURCE_DATE_EPOCH: String(date) },
  })
  const { size } = statSync(deb)
  if (compression[0] === '-Zxz' && size > LIMIT)
    throw new Error(`${deb} has ${size} bytes, more than ${LIMIT}`)
  return deb
}

function putDocuments(tree: string, { version, date }: DebOptions): void {
  const doc = join(tree, 'usr/share/doc/greyctl')
  const licence = readFileSync(join(ROOT, 'LICENSE'), 'utf8').replace(/^MIT License\s+Copyright.*\n+/, '')
  const indented = licence.trim().replace(/^/gm, ' ').replace(/^ $/gm, ' .')
  writeFileSync(join(doc, 'copyright'), read('copyright').replace('{licence}', indented))
  const when = new Date(date * 1000).toUTCString().replace('GMT', '+0000')
  const change = `greyctl (${version}) unstable; urgency=medium\n\n  * See CHANGELOG.md.gz.\n\n -- ${MAINTAINER}  ${when}\n`
  writeFileSync(join(doc, 'changelog.gz'), packed(change))
  const overrides = join(tree, 'usr/share/lintian/overrides')
  mkdirSync(overrides, { recursive: true })
  writeFileSync(join(overrides, 'greyctl'), read('lintian-overrides'))
}

function putControl(tree: string, options: DebOptions): void {
  const files = everything(tree).filter((path) => lstatSync(path).isFile())
  const kilobytes = files.reduce((sum, path) => sum + Math.ceil(statSync(path).size / 1024), 0)
  const control = join(tree, 'DEBIAN')
  mkdirSync(control, { recursive: true })
  const values: Record<string, string> = {
    version: options.version,
    architecture: options.architecture,
    maintainer: MAINTAINER,
    size: String(kilobytes),
    node: options.node,
  }
  writeFileSync(
    join(control, 'control'),
    read('control').replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole),
  )
  writeFileSync(join(control, 'conffiles'), `${CONFIGURATION.join('\n')}\n`)
  for (const name of ['postinst', 'prerm', 'postrm']) {
    writeFileSync(join(control, name), read(name))
    chmodSync(join(control, name), 0o755)
  }
  const sums = files
    .map((path) => relative(tree, path))
    .filter((path) => !CONFIGURATION.includes(`/${path}`))
    .map(
      (path) =>
        `${createHash('md5')
          .update(readFileSync(join(tree, path)))
          .digest('hex')}  ${path}\n`,
    )
  writeFileSync(join(control, 'md5sums'), sums.join(''))
}

function read(name: string): string {
  return readFileSync(join(DEBIAN, name), 'utf8')
}

/** Every file and directory of a tree, itself included, sorted. */
function everything(tree: string): readonly string[] {
  const below = readdirSync(tree, { recursive: true }).map((name) => join(tree, String(name)))
  return [tree, ...below].sort()
}
