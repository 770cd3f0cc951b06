/**
 * A daemon on a store that is full of expired triplets: node expiry.mjs PROGRAM STORE. Cleans as the service does, only
 * sooner and with shorter pauses. Says its port; when cleaning begins the longest time (ms) that its event loop was held
 * up in the ten seconds before, and when the store is clean the longest since.
 */
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const [program, store] = process.argv.slice(2)
const { collectAlone } = await import(join(program, 'dist/daemon/collector.js'))
const { startDaemon } = await import(join(program, 'dist/daemon/daemon.js'))
const { LmdbThread } = await import(join(program, 'dist/store/lmdb-thread.js'))
const { parseOptions } = await import(join(program, 'dist/daemon/options.js'))

/** Milliseconds under the same load, without cleaning. */
const BEFORE = 12_000
collectAlone()
const delay = monitorEventLoopDelay({ resolution: 1 })
const log = {
  line(text) {
    if (!text.startsWith('cleaning finished')) return
    console.log(JSON.stringify({ text, pause: delay.max / 1e6 }))
  },
  record() {},
  rarely: (_, text) => console.error(text),
  flush: async () => {},
}
const options = parseOptions([
  '--config=/dev/null',
  '--identity=subnet',
  '--inet=127.0.0.1:0',
  `--dbdir=${store}`,
  '--whitelist-clients=/dev/null',
  '--whitelist-recipients=/dev/null',
])
const daemon = await startDaemon(options, {
  log,
  version: '0',
  thread: () => new LmdbThread(console.error),
  cleaning: { first: BEFORE, pause: 10 },
})
console.log(JSON.stringify({ port: Number(daemon.listening[0].split(':').at(-1)) }))
// the first two seconds are the compiler's
setTimeout(() => delay.enable(), 2000)
setTimeout(() => {
  console.log(JSON.stringify({ before: delay.max / 1e6 }))
  delay.reset()
}, BEFORE - 10)
