/** Bundles the script and style of the report's page (templates/report) with the plotting library, and gathers its licences. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import { licencesOf, packagesOf } from './licences.mjs'

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
  writeFileSync(join(target, 'licences.txt'), licencesOf(root, packagesOf(Object.keys(metafile.inputs))))
}
