import { readFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import type { WatchOrders } from './liveness-worker.js'
import type { Log } from './log.js'

/** Milliseconds between two beats of the event loop. */
const BEAT = 500
/** A loop without a beat for so long is stuck (milliseconds): with a second to start anew, back within ten. */
const SILENCE = 7000
/** The watching thread does next to nothing: it gets a small heap of its own (MiB). */
const LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 }

export interface Liveness {
  /** From now on the loop has to beat. */
  begin(): void
  stop(): void
}

/**
 * A thread that ends the whole process when the event loop is stuck: a daemon that accepts connections and does not
 * answer holds every mail up for Postfix's timeout, one that is gone is started anew, or passed by at once. Its program
 * is read at once, while privileges last; the thread itself starts with `begin`, since it takes as long to start as all
 * the rest.
 */
export function watchLiveness(log: Log, facility: string | undefined, silence: number = SILENCE): Liveness {
  const complain = ({ message }: Error) =>
    log.line(`warning: nobody watches whether the daemon is stuck: ${message}`)
  let program: string
  try {
    program = readFileSync(new URL('../daemon/liveness-worker.js', import.meta.url), 'utf8')
  } catch (error) {
    complain(error as Error)
    return { begin() {}, stop() {} }
  }
  const beat = new Int32Array(new SharedArrayBuffer(4))
  const orders: WatchOrders = { beat, silence, facility }
  let worker: Worker | undefined
  let timer: NodeJS.Timeout | undefined
  return {
    begin() {
      Atomics.store(beat, 0, 1)
      timer = setInterval(() => Atomics.add(beat, 0, 1), BEAT).unref()
      worker = new Worker(program, { eval: true, workerData: orders, resourceLimits: LIMITS })
      worker.on('error', complain)
      worker.unref()
    },
    stop() {
      clearInterval(timer)
      void worker?.terminate()
    },
  }
}
