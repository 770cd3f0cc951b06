import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { BEYOND } from '../../src/doctor/beyond.js'
import { CHECKS } from '../../src/doctor/checks/index.js'
import { problemIndex, problemPage } from '../../src/doctor/page.js'

const DIRECTORY = 'docs/problems'
const text = (name: string) => readFileSync(`${DIRECTORY}/${name}`, 'utf8')

describe('docs/problems (npm run docs writes them)', () => {
  it('has a page for each check, and no other', () => {
    const names = ['README.md', ...CHECKS.map(({ id }) => `${id}.md`)]
    expect(readdirSync(DIRECTORY).sort()).toEqual(names.sort())
    expect(text('README.md')).toBe(problemIndex(CHECKS, BEYOND))
  })

  it.each(CHECKS.map((check) => [check.id, check] as const))('%s', (id, check) => {
    expect(text(`${id}.md`)).toBe(problemPage(check))
  })
})
