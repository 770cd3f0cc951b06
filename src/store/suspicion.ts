import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** Milliseconds. Mail waits meanwhile, so a first look is short: enough for some hundred thousand entries. Each further one may take twice as long. */
const FIRST_LOOK = 1000
const LONGEST_LOOK = 8000

/**
 * Whether the store's file ends whoever uses it, and how; undefined: it does not, or nobody can tell. LMDB maps its file into memory,
 * and trusts what it finds there: overwritten pages may end the whole process with a signal, at each start anew. So another
 * process reads all of it, and writes. `early`: how many daemons ended early, one after the other.
 */
export function damageOf(
  directory: string,
  early: number,
  script = new URL('lmdb-worker.js', import.meta.url),
): string | undefined {
  const { signal, error } = spawnSync(process.execPath, [fileURLToPath(script), directory], {
    stdio: 'ignore',
    timeout: Math.min(LONGEST_LOOK, FIRST_LOOK * 2 ** (early - 2)),
    killSignal: 'SIGKILL',
  })
  // it took too long, or could not be started
  if (error !== undefined) return undefined
  return signal === null ? undefined : `whoever reads it ends with ${signal}`
}
