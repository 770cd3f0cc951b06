import type { RunStep } from '../change/plan.js'
import type { Backend } from './choices.js'
import type { ServerFacts } from './facts.js'
import type { Program } from './program.js'

/** Where Debian's postgrey keeps its tables. */
const POSTGREY_TABLES = '/var/lib/postgrey'
/** Seconds. */
const TIMEOUT = 300

/** Can the triplets come along when the backend changes? postgrey's tables are read and written with Berkeley DB's own programs. */
export function canCarry(facts: ServerFacts, wanted: Backend): boolean {
  const now = facts.installed?.backend
  if (!facts.live || now === undefined || now === wanted || !facts.postgrey.tableTools) return false
  // a postgrey that runs holds its tables
  return wanted === 'bundled' || !facts.postgrey.service.running
}

/** While both run, and before Postfix asks the new one: nobody who passed at postgrey is asked to come back again. */
export function takeFromPostgrey(program: Program): RunStep {
  return carry(program, 'take the triplets over from postgrey', ['import', '--from', 'postgrey'])
}

/** Before postgrey starts. */
export function giveToPostgrey(program: Program): RunStep {
  return carry(program, 'give the triplets to postgrey', [
    'export',
    '--to',
    'postgrey',
    '--output',
    POSTGREY_TABLES,
  ])
}

function carry(program: Program, title: string, words: readonly string[]): RunStep {
  return {
    kind: 'run',
    id: 'carry-triplets',
    title,
    argv: [program.node, `${program.root}/bin/run.js`, 'store', ...words, '--json'],
    timeout: TIMEOUT,
    hint: 'greyctl store --help; without db5.3-util the change goes on, and the triplets start anew',
  }
}
