/**
 * Bundles the program: a file a command and one for the daemon, which share chunks, so that each start reads what it needs
 * and nothing else. Unbundled, `greyctl --version` opened 500 files.
 */
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { licencesOf, packagesOf } from './licences.mjs'

/** Entries besides the commands, by their place in src. */
const ENTRIES = ['cli', 'daemon/main', 'daemon/liveness-worker']

/** oclif looks for these in its development mode; they are no part of the program. */
const DEVELOPMENT = ['typescript', 'ts-node']

/** What libraries written for CommonJS ask for; esbuild leaves `require` of Node's own modules as it is. */
const REQUIRE = [
  "import { createRequire as __createRequire } from 'node:module'",
  "import { fileURLToPath as __fileURLToPath } from 'node:url'",
  'const require = __createRequire(import.meta.url)',
  'const __filename = __fileURLToPath(import.meta.url)',
  "const __dirname = __fileURLToPath(new URL('.', import.meta.url))",
].join('\n')

/** lmdb searches a dozen places for its compiled half. */
const nativeAddon = (root) => ({
  name: 'native-addon',
  setup(bundler) {
    bundler.onResolve({ filter: /^node-gyp-build-optional-packages$/ }, () => ({
      path: join(root, 'scripts/native-addon.cjs'),
    }))
  },
})

/** Writes the bundle and its licences.txt; returns the names of the packages in it. */
export async function bundle(root, target, { minify }) {
  const source = join(root, 'src')
  const commands = readdirSync(join(source, 'commands'), { recursive: true })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `commands/${name.slice(0, -'.ts'.length)}`)
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [...ENTRIES, ...commands].map((name) => ({ in: join(source, `${name}.ts`), out: name })),
    outdir: target,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    minify,
    sourcemap: minify ? false : 'linked',
    external: DEVELOPMENT,
    plugins: [nativeAddon(root)],
    banner: { js: REQUIRE },
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  const packages = packagesOf(Object.keys(metafile.inputs))
  writeFileSync(join(target, 'licences.txt'), licencesOf(root, packages))
  return packages
}
