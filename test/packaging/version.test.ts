import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { released, setVersion } from '../../packaging/version.js'

const FILES = [
  'package.json',
  'package-lock.json',
  'CHANGELOG.md',
  'README.md',
  'docs/packages.md',
  'packaging/greyctl.spec',
]
const NOW: string = JSON.parse(readFileSync('package.json', 'utf8')).version
const NEXT = NOW.replace(/\d+$/, (patch) => String(Number(patch) + 1))
const DAY = '2026-12-01'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'greyctl-version-'))
  for (const name of ['docs', 'packaging']) mkdirSync(join(root, name))
  for (const name of FILES) cpSync(name, join(root, name))
  // also right after a release
  writeFileSync(join(root, 'CHANGELOG.md'), '# Changelog\n\n## [Unreleased]\n\n### Added\n\n- one thing\n')
})
afterEach(() => rmSync(root, { recursive: true }))
const text = (name: string) => readFileSync(join(root, name), 'utf8')

describe('a release', () => {
  it('has its version everywhere, and nobody else has it', () => {
    setVersion(root, NEXT, DAY)
    expect(JSON.parse(text('package.json'))).toEqual({
      ...JSON.parse(readFileSync('package.json', 'utf8')),
      version: NEXT,
    })
    const before = JSON.parse(readFileSync('package-lock.json', 'utf8'))
    expect(JSON.parse(text('package-lock.json'))).toEqual({
      ...before,
      version: NEXT,
      packages: { ...before.packages, '': { ...before.packages[''], version: NEXT } },
    })
    expect(text('README.md')).toContain(`greyctl_${NEXT}_amd64.deb`)
    for (const page of FILES.slice(3)) expect(text(page)).not.toContain(NOW)
    expect(text('docs/packages.md')).toContain(`--define 'version ${NEXT}'`)
    expect(text('CHANGELOG.md')).toBe(
      `# Changelog\n\n## [Unreleased]\n\n## [${NEXT}] - ${DAY}\n\n### Added\n\n- one thing\n`,
    )
  })

  it.each([NOW, '0.0.1', '1.2', 'v9.9.9', '9.9.9-rc1', '', '01.2.3'])('is none: "%s"', (version) => {
    expect(() => setVersion(root, version, DAY)).toThrow(`no version after ${NOW}`)
    for (const name of FILES.filter((file) => file !== 'CHANGELOG.md')) {
      expect(text(name)).toBe(readFileSync(name, 'utf8'))
    }
  })

  it('is later by its numbers, not its letters', () => {
    setVersion(root, '999.10.0', DAY)
    expect(() => setVersion(root, '999.9.0', DAY)).toThrow('no version after 999.10.0')
  })

  it('needs a change', () => {
    expect(() => released('## [Unreleased]\n\n## [1.0.0] - 2026-01-01\n\n- old\n', '1.0.1', DAY)).toThrow(
      'nothing is unreleased',
    )
    expect(() => released('# Changelog\n', '1.0.1', DAY)).toThrow('no part [Unreleased]')
  })
})
