import { setFlagsFromString } from 'node:v8'

/**
 * V8 collects young garbage with as many threads as there are processors, and waits for all of them: on a server whose
 * processors are busy that is a wait for the scheduler. Alone, the event loop needs 3 ms each time, whatever else
 * runs; together, where two processors had four to do, up to 80 and in sum half as much again.
 */
export function collectAlone(): void {
  setFlagsFromString('--no-parallel-scavenge')
}
