/**
 * npm run package [-- --fast] [--architecture=amd64] [--version=1.2.3] [--out=DIR]: everything that a release consists of,
 * in out/: the npm package, a .deb for each architecture, the list of what is in them (CycloneDX), and their checksums. The
 * same source gives the same bytes (SOURCE_DATE_EPOCH, else the time of the last commit). --fast packs quickly and larger,
 * for tests.
 */
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { execa } from 'execa'
import { makeDeb } from './deb.js'
import { fetchPackage } from './fetch.js'
import { buildProgram, ROOT } from './program.js'
import { makeSbom } from './sbom.js'
import { layOut } from './tree.js'

const RUNTIME = JSON.parse(readFileSync(join(ROOT, 'packaging/runtime.json'), 'utf8'))
const LOCK = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
const ARCHITECTURES = { amd64: 'x64', arm64: 'arm64' } as const
type Architecture = keyof typeof ARCHITECTURES

const { values } = parseArgs({
  options: {
    fast: { type: 'boolean', default: false },
    architecture: { type: 'string', multiple: true, default: Object.keys(ARCHITECTURES) },
    version: { type: 'string' },
    out: { type: 'string', default: join(ROOT, 'out') },
  },
})

try {
  await makeRelease()
} catch (error) {
  console.error(`package: ${(error as Error).message}`)
  process.exitCode = 1
}

async function makeRelease(): Promise<void> {
  const out = resolve(values.out)
  mkdirSync(out, { recursive: true })
  const version = values.version ?? JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).version
  const date = await releaseDate()
  // below the checkout, so that the program finds its compiled half while its manifest is made
  mkdirSync(join(ROOT, 'out'), { recursive: true })
  const scratch = mkdtempSync(join(ROOT, 'out/.build-'))
  try {
    const program = await buildProgram(join(scratch, 'program'), version)
    const made: string[] = []
    await execa('npm', ['pack', '--silent', '--pack-destination', out], { cwd: program.directory })
    made.push(`greyctl-${version}.tgz`)
    for (const architecture of values.architecture as Architecture[]) {
      const tree = join(scratch, architecture)
      const [node, lmdb] = await Promise.all([
        runtimeOf(architecture, scratch),
        lmdbOf(architecture, scratch),
      ])
      layOut(tree, { program, node, lmdb, architecture, edition: { version, date } })
      const compression = values.fast ? ['-Zgzip', '-z1'] : ['-Zxz', '-z6']
      await makeDeb(tree, out, { version, architecture, date, node: RUNTIME.version, compression })
      made.push(`greyctl_${version}_${architecture}.deb`)
    }
    const packages = [
      ...program.bundled,
      ...Object.values(ARCHITECTURES).map((name) => `@lmdb/lmdb-linux-${name}`),
    ]
    writeFileSync(
      join(out, `greyctl-${version}.cdx.json`),
      await makeSbom({ version, packages, node: RUNTIME.version, date }),
    )
    made.push(`greyctl-${version}.cdx.json`)
    const sums = made.map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(out, name)))
          .digest('hex')}  ${name}\n`,
    )
    writeFileSync(join(out, 'SHA256SUMS'), sums.join(''))
    for (const name of made)
      console.log(`${(statSync(join(out, name)).size / 1e6).toFixed(1)} MB  ${join(out, name)}`)
  } finally {
    rmSync(scratch, { recursive: true, force: true })
  }
}

function runtimeOf(architecture: Architecture, scratch: string): Promise<string> {
  const { package: name, integrity } = RUNTIME[architecture]
  return fetchPackage(name, RUNTIME.version, integrity, scratch)
}

function lmdbOf(architecture: Architecture, scratch: string): Promise<string> {
  const name = `@lmdb/lmdb-linux-${ARCHITECTURES[architecture]}`
  const { version, integrity } = LOCK.packages[`node_modules/${name}`]
  return fetchPackage(name, version, integrity, scratch)
}

async function releaseDate(): Promise<number> {
  if (process.env.SOURCE_DATE_EPOCH) return Number(process.env.SOURCE_DATE_EPOCH)
  const commit = await execa('git', ['log', '-1', '--format=%ct'], { cwd: ROOT, reject: false })
  if (!commit.failed) return Number(commit.stdout)
  return (
    Math.max(
      ...readdirSync(join(ROOT, 'src')).map((name) => statSync(join(ROOT, 'src', name)).mtimeMs / 1000),
    ) | 0
  )
}
