/** Compiles src to dist, bundles the report's page, and writes oclif.manifest.json, with which a command starts in a third of the time. */
import { spawnSync } from 'node:child_process'
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Plugin } from '@oclif/core'
import { buildPage } from './build-page.mjs'

const root = join(import.meta.dirname, '..')
const [dist, fresh, old] = ['dist', 'dist.new', 'dist.old'].map((name) => join(root, name))
const manifest = join(root, 'oclif.manifest.json')
for (const path of [fresh, old]) rmSync(path, { recursive: true, force: true })

const compiler = join(root, 'node_modules/typescript/bin/tsc')
const { status } = spawnSync(process.execPath, [compiler, '-p', root, '--outDir', fresh], {
  stdio: 'inherit',
})
if (status !== 0) process.exit(status ?? 1)
await buildPage(root, join(fresh, 'report-page'))

// a service may run from here: dist is there at every moment but one, and never half written
if (existsSync(dist)) renameSync(dist, old)
renameSync(fresh, dist)
for (const path of [old, manifest]) rmSync(path, { recursive: true, force: true })

const plugin = new Plugin({
  root,
  type: 'core',
  ignoreManifest: true,
  errorOnManifestCreate: true,
  respectNoCacheDefault: true,
})
await plugin.load()
writeFileSync(manifest, `${JSON.stringify(plugin.manifest, undefined, 2)}\n`)
