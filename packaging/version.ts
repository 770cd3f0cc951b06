import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** What names the packages of the present version. */
const PAGES = ['README.md', 'docs/packages.md', 'packaging/greyctl.spec']

/**
 * Makes a checkout one of another version: package.json and its lock, the pages that name the packages, and the changelog, whose
 * unreleased changes become those of the version. Throws, and writes nothing, for a version that is no later one, and where
 * nothing changed. `day` as in 2026-11-25.
 */
export function setVersion(root: string, version: string, day: string): void {
  const read = (name: string) => readFileSync(join(root, name), 'utf8')
  const now: string = JSON.parse(read('package.json')).version
  if (!isLater(version, now)) throw new Error(`${version} is no version after ${now}: X.Y.Z`)
  const changed = new Map<string, string>([['CHANGELOG.md', released(read('CHANGELOG.md'), version, day)]])
  changed.set(
    'package.json',
    replaced(read('package.json'), `"version": "${now}"`, `"version": "${version}"`, 1),
  )
  changed.set(
    'package-lock.json',
    // of the whole, and of the package in the checkout; all else there is of others
    replaced(read('package-lock.json'), `"version": "${now}"`, `"version": "${version}"`, 2),
  )
  for (const page of PAGES)
    changed.set(
      page,
      read(page).replaceAll(named(now), (name) => name.replace(now, version)),
    )
  for (const [name, text] of changed) writeFileSync(join(root, name), text)
}

/** `greyctl_1.2.3_amd64.deb`, `greyctl-1.2.3.tgz`, `version 1.2.3`. */
function named(version: string): RegExp {
  return new RegExp(`(?<=greyctl[_-]|version )${version.replaceAll('.', '\\.')}(?=_|\\.tgz|')`, 'g')
}

function isLater(version: string, than: string): boolean {
  if (!/^(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){2}$/.test(version)) return false
  const [one, other] = [version, than].map((text) => text.split('.').map(Number))
  const at = one?.findIndex((part, index) => part !== other?.[index]) ?? -1
  return at >= 0 && (one?.[at] ?? 0) > (other?.[at] ?? 0)
}

/** The first so many of them. */
function replaced(text: string, from: string, to: string, times: number): string {
  const parts = text.split(from)
  if (parts.length <= times) throw new Error(`"${from}" is not where it should be`)
  return parts.slice(0, times).join(to) + to + parts.slice(times).join(from)
}

/** Keep a Changelog: what was unreleased is under its version and day, and a new, empty part is begun. */
export function released(changelog: string, version: string, day: string): string {
  const [head, rest] = changelog.split(/^## \[Unreleased\]\n/m)
  if (rest === undefined) throw new Error('CHANGELOG.md has no part [Unreleased]')
  if (!/^- /m.test(rest.split(/^## /m)[0] ?? '')) throw new Error('CHANGELOG.md: nothing is unreleased')
  return `${head}## [Unreleased]\n\n## [${version}] - ${day}\n${rest}`
}
