/** Writes docs/problems from the texts of doctor's checks (`npm run docs`). A test holds them in step. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHECKS } from '../src/doctor/checks/index.js'
import { problemIndex, problemPage } from '../src/doctor/page.js'

const root = join(import.meta.dirname, '..')

const directory = join(root, 'docs/problems')
mkdirSync(directory, { recursive: true })
for (const name of readdirSync(directory)) rmSync(join(directory, name))
writeFileSync(join(directory, 'README.md'), problemIndex(CHECKS))
for (const check of CHECKS) writeFileSync(join(directory, `${check.id}.md`), problemPage(check))
