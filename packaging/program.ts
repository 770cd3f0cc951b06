import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Plugin } from '@oclif/core'
import { buildPage } from '../scripts/build-page.mjs'
import { bundle } from '../scripts/bundle.mjs'
import { type CommandSource, type Usage, usages } from '../src/ui/usage/model.js'

export const ROOT = join(import.meta.dirname, '..')

export interface BuiltProgram {
  /** Has bin, dist, templates, package.json and the manifest, as `npm pack` takes it. */
  readonly directory: string
  readonly commands: readonly Usage[]
  /** Packages whose code is in the bundle. */
  readonly bundled: readonly string[]
}

/** The program as it is shipped: bundled, minified, with a package.json for those who run it. */
export async function buildProgram(directory: string, version: string): Promise<BuiltProgram> {
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  const bundled = await bundle(ROOT, join(directory, 'dist'), { minify: true })
  await buildPage(ROOT, join(directory, 'dist/report-page'))
  for (const name of ['templates', 'CHANGELOG.md', 'LICENSE', 'README.md']) {
    cpSync(join(ROOT, name), join(directory, name), { recursive: true })
  }
  // the rest of the page is in the bundle
  for (const name of readdirSync(join(directory, 'templates/report'))) {
    if (name !== 'page.html') rmSync(join(directory, 'templates/report', name))
  }
  mkdirSync(join(directory, 'bin'))
  cpSync(join(ROOT, 'bin/run.js'), join(directory, 'bin/run.js'))
  const {
    devDependencies: _,
    scripts: __,
    ...manifest
  } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  writeJson(join(directory, 'package.json'), { ...manifest, version })
  const commands = await writeManifest(directory)
  return { directory, commands: usages(commands), bundled }
}

async function writeManifest(root: string): Promise<Record<string, CommandSource>> {
  const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, respectNoCacheDefault: true })
  await plugin.load()
  writeJson(join(root, 'oclif.manifest.json'), plugin.manifest)
  return plugin.manifest.commands as unknown as Record<string, CommandSource>
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, undefined, 2)}\n`)
}
