import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The packages of node_modules that a bundle's inputs (esbuild's metafile) come from, sorted. */
export function packagesOf(inputs) {
  return [
    ...new Set(
      inputs.flatMap((path) => /(?:^|.*\/)node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []),
    ),
  ].sort()
}

/** One text for all packages that share it, each named. */
export function licencesOf(root, packages) {
  const byText = new Map()
  for (const name of packages) {
    const text = licenceOf(root, name)
    byText.set(text, [...(byText.get(text) ?? []), name])
  }
  return [...byText].map(([text, names]) => `${names.join(', ')}:\n${text}\n`).join('\n')
}

/** Its licence file; the few packages that come without one name their licence in package.json. */
function licenceOf(root, name) {
  const directory = join(root, 'node_modules', name)
  const file = ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'LICENSE-MIT', 'MIT-LICENSE.txt']
    .map((base) => join(directory, base))
    .find((path) => existsSync(path))
  if (file !== undefined) return readFileSync(file, 'utf8').trim()
  const { license, author, homepage } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
  if (license === undefined) throw new Error(`${name} is bundled and says nothing about its licence`)
  const by = typeof author === 'object' ? author.name : author
  return [`${license} (its package names the licence and has no text of it)`, by, homepage]
    .filter(Boolean)
    .join('\n')
}
