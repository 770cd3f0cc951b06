/** Bundles the script and style of the report's page (templates/report) with the plotting library, and gathers its licences. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'

/** Writes page.js, page.css and licences.txt. Nothing else of the libraries is needed when greyctl runs. */
export async function buildPage(root, target) {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: ['templates/report/page.ts', 'templates/report/page.css'],
    outdir: target,
    bundle: true,
    minify: true,
    format: 'iife',
    // light-dark() came with these
    target: ['chrome123', 'firefox120', 'safari17.5'],
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  writeFileSync(join(target, 'licences.txt'), licencesOf(root, Object.keys(metafile.inputs)))
}

/** One text for all packages that share it, each named. */
function licencesOf(root, inputs) {
  const packages = new Set(
    inputs.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
  )
  const byText = new Map()
  for (const name of [...packages].sort()) {
    const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license']
      .map((base) => join(root, 'node_modules', name, base))
      .find((path) => existsSync(path))
    if (file === undefined) throw new Error(`${name}: a library of the page without a licence file`)
    const text = readFileSync(file, 'utf8').trim()
    byText.set(text, [...(byText.get(text) ?? []), name])
  }
  return [...byText].map(([text, names]) => `${names.join(', ')}:\n${text}\n`).join('\n')
}
