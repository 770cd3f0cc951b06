/**
 * Writes docs/problems from the texts of doctor's checks, and docs/commands from the commands' own flags and texts (`npm run
 * docs`, which builds first). Tests hold them in step.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BEYOND } from '../src/doctor/beyond.js'
import { CHECKS } from '../src/doctor/checks/index.js'
import { problemIndex, problemPage } from '../src/doctor/page.js'
import { usages } from '../src/ui/usage/model.js'
import { commandFile, commandIndex, commandPage } from './command-page.js'

const root = join(import.meta.dirname, '..')

function write(name, pages) {
  const directory = join(root, 'docs', name)
  mkdirSync(directory, { recursive: true })
  for (const old of readdirSync(directory)) rmSync(join(directory, old))
  for (const [file, text] of pages) writeFileSync(join(directory, file), text)
}

write('problems', [
  ['README.md', problemIndex(CHECKS, BEYOND)],
  ...CHECKS.map((check) => [`${check.id}.md`, problemPage(check)]),
])

const manifest = JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8'))
const commands = usages(manifest.commands)
write('commands', [
  ['README.md', commandIndex(commands)],
  ...commands.map((usage) => [commandFile(usage.command), commandPage(usage)]),
])
