import type { Host, RunOptions } from '../host/host.js'

/**
 * The same host for somebody who has so many seconds: no program of theirs runs longer, and none is started or goes on when
 * the signal says that nobody waits for its answer any more.
 */
export function boundedHost(host: Host, limit: number, over: AbortSignal): Host {
  const bounded = (options: RunOptions = {}) => {
    over.throwIfAborted()
    return { ...options, timeout: Math.min(options.timeout ?? limit, limit) }
  }
  const own: Partial<Host> = {
    run: async (argv, options) => host.run(argv, bounded(options)),
    runStream: (argv, options) => host.runStream(argv, { ...bounded(options), signal: over }),
    dialogue: async (argv, options) => host.dialogue(argv, bounded(options)),
  }
  return new Proxy(host, {
    get(target, name) {
      const value = own[name as keyof Host] ?? target[name as keyof Host]
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}
