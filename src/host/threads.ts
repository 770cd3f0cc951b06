import { availableParallelism } from 'node:os'
import { type ResourceLimits, Worker } from 'node:worker_threads'
import type { Thread, ThreadEvents } from './host.js'

/** Starts a thread of this program; undefined where it would only take turns with this one. */
export function startThread(
  script: URL,
  data: unknown,
  limits: ResourceLimits,
  { heard, ended }: ThreadEvents,
): Thread | undefined {
  if (availableParallelism() < 2) return undefined
  const worker = new Worker(script, { workerData: data, resourceLimits: limits })
  worker.on('message', heard)
  // 'exit' follows
  worker.on('error', () => {})
  worker.on('exit', ended)
  return {
    post: (message) => worker.postMessage(message),
    end: async () => void (await worker.terminate()),
  }
}
