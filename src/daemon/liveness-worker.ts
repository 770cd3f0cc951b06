import { spawnSync } from 'node:child_process'
import { writeSync } from 'node:fs'
import { isMainThread, workerData } from 'node:worker_threads'

export interface WatchOrders {
  /** Changes with every turn of the timer; 0: not yet begun. */
  readonly beat: Int32Array
  /** Milliseconds. */
  readonly silence: number
  /** Where to say it when standard error leads nowhere. */
  readonly facility: string | undefined
}

/** Milliseconds between two looks. */
const LOOK = 500

/** Milliseconds: the journal asks the kernel whose line it reads, and that process had better still be there. */
const READ_WITHIN = 200

/**
 * Counts its own looks instead of reading a clock: a machine that was suspended, or a process that was stopped, is late
 * without being stuck, and this thread was stopped with it.
 */
function watch({ beat, silence, facility }: WatchOrders): void {
  const never = new Int32Array(new SharedArrayBuffer(4))
  let seen = 0
  let quiet = 0
  while (quiet * LOOK < silence) {
    Atomics.wait(never, 0, 0, LOOK)
    const now = Atomics.load(beat, 0)
    quiet = now === seen && now !== 0 ? quiet + 1 : 0
    seen = now
  }
  say(`the event loop has been stuck for ${silence / 1000} s: ending the process`, facility)
  Atomics.wait(never, 0, 0, READ_WITHIN)
  // as systemd's own watchdog does: where core dumps are kept, one tells where it hangs
  process.kill(process.pid, 'SIGABRT')
}

function say(message: string, facility: string | undefined): void {
  try {
    if (facility === undefined) writeSync(2, `${message}\n`)
    else
      spawnSync('logger', ['-t', `greyctl[${process.pid}]`, '-p', `${facility}.err`, message], {
        timeout: 2000,
      })
  } catch {
    // nobody listens; the end is what counts
  }
}

if (!isMainThread) watch(workerData as WatchOrders)
