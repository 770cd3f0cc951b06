/** Writes docs/problems from the texts of doctor's checks; `npm run build` comes first. A test holds them in step. */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')
const { CHECKS } = await import(join(root, 'dist/doctor/checks/index.js'))
const { problemIndex, problemPage } = await import(join(root, 'dist/doctor/page.js'))

const directory = join(root, 'docs/problems')
mkdirSync(directory, { recursive: true })
for (const name of readdirSync(directory)) rmSync(join(directory, name))
writeFileSync(join(directory, 'README.md'), problemIndex(CHECKS))
for (const check of CHECKS) writeFileSync(join(directory, `${check.id}.md`), problemPage(check))
