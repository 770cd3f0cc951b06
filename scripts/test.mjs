/**
 * The test command. `npm test` runs the fast part; `npm cit` (and `--all`) runs everything: formatting,
 * types, unused code, unit tests, and the tests that need real servers. Ends with the runner's own totals.
 */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const all = process.argv.includes('--all') || process.env.npm_command === 'install-ci-test'

const run = (command, args) => {
  console.log(`> ${command} ${args.join(' ')}`)
  const { status, error } = spawnSync(command, args, { stdio: 'inherit', shell: false })
  if (error) console.error(error.message)
  return status ?? 1
}

if (all && run('npm', ['run', '--silent', 'lint']) !== 0) process.exit(1)
if (run('npm', ['run', '--silent', 'build']) !== 0) process.exit(1)

const scratch = mkdtempSync(join(tmpdir(), 'greyctl-test-'))
const report = join(scratch, 'report.json')
const projects = all ? [] : ['--project', 'unit*']
const others = process.argv.slice(2).filter((argument) => argument !== '--all')
const status = run(join(import.meta.dirname, '../node_modules/.bin/vitest'), [
  'run',
  ...projects,
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...others,
])
let totals
try {
  totals = JSON.parse(readFileSync(report, 'utf8'))
} catch {
  console.error('the test runner left no report')
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
if (totals) {
  const skipped = totals.numPendingTests + totals.numTodoTests
  console.log(
    `${totals.numPassedTests} passed, ${totals.numFailedTests} failed${skipped ? `, ${skipped} skipped` : ''}`,
  )
}
process.exit(totals && totals.numPassedTests > 0 ? status : 1)
