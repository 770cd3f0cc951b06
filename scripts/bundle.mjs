/**
 * Bundles the program: a file a command, which share chunks, so that each start reads what it needs and nothing else
 * (unbundled, `greyctl --version` opened 500 files); and the daemon apart from them, as two files of CommonJS and what it
 * loads late. As 30 modules it listened a third later: Node.js loads them one by one, and a module that imports node:fs
 * loads the streams and promises of it too.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { build, transform } from 'esbuild'
import { licencesOf, packagesOf } from './licences.mjs'

/**
 * What systemd starts, the thread that watches it and the one that writes its store, by their place in src. The last shares
 * nothing with the others: what it needs would else come to them in three more files.
 */
const DAEMON = [['daemon/main', 'daemon/liveness-worker'], ['store/lmdb-worker']]

/** The thread that helps to read a long log. */
const SCAN = 'scan-worker'

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

/** The other way round: what modules know of themselves. The directive holds for all of the file only if it comes first. */
const META = "'use strict'; const __url = require('node:url').pathToFileURL(__filename).href;"

/** `greyctl daemon` runs the same file as systemd. */
const daemonOutside = {
  name: 'daemon-outside',
  setup(bundler) {
    bundler.onResolve({ filter: /^\.\.\/daemon\/main\.js$/ }, ({ path }) => ({ path, external: true }))
  },
}

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
  const common = {
    absWorkingDir: root,
    outdir: target,
    chunkNames: 'chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    minify,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  }
  // all of the daemon lies in one directory, whatever room of src it comes from
  // and the thread that scans logs where the chunks lie, one of which starts it
  const placed = (name) =>
    DAEMON.flat().includes(name) ? `daemon/${basename(name)}` : name === SCAN ? `chunks/${name}` : name
  const entries = (names) => names.map((name) => ({ in: join(source, `${name}.ts`), out: placed(name) }))
  const made = await Promise.all([
    build({
      ...common,
      entryPoints: entries(['cli', SCAN, ...commands]),
      external: DEVELOPMENT,
      plugins: [nativeAddon(root), daemonOutside],
      banner: { js: REQUIRE },
      sourcemap: minify ? false : 'linked',
    }),
    ...DAEMON.map(async (names) => {
      const result = await build({
        ...common,
        entryPoints: entries(names),
        chunkNames: 'daemon/[name]-[hash]',
        plugins: [nativeAddon(root)],
        define: { 'import.meta.url': '__url' },
        write: false,
      })
      await Promise.all(result.outputFiles.map((file) => writeCommon(file, minify)))
      return result
    }),
  ])
  writeFileSync(join(target, 'daemon/package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`)
  const packages = packagesOf(made.flatMap(({ metafile }) => Object.keys(metafile.inputs)))
  writeFileSync(join(target, 'licences.txt'), licencesOf(root, packages))
  return packages
}

/** esbuild splits nothing but ES modules; each of them becomes CommonJS by itself. */
async function writeCommon({ path, text }, minify) {
  const { code } = await transform(text, {
    format: 'cjs',
    platform: 'node',
    target: 'node20.19',
    // import() would take the loader of ES modules, and read the file twice
    supported: { 'dynamic-import': false },
    minify,
    banner: META,
    legalComments: 'none',
  })
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, code)
}
