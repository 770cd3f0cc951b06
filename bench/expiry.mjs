/**
 * A daemon on a store that is full of expired triplets: node expiry.mjs PROGRAM STORE. Cleans as the service does, only
 * without waiting an hour first. Says its port, and when the store is clean the longest time (ms) that its event loop
 * was held up since.
 */
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'

const [program, store] = process.argv.slice(2)
const { startDaemon } = await import(join(program, 'dist/daemon/daemon.js'))
const { parseOptions } = await import(join(program, 'dist/daemon/options.js'))

const delay = monitorEventLoopDelay({ resolution: 1 })
const log = {
  line(text) {
    if (!text.startsWith('cleaning finished')) return
    console.log(JSON.stringify({ text, pause: delay.max / 1e6 }))
  },
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
const daemon = await startDaemon(options, { log, version: '0', cleaning: { first: 1000, pause: 10 } })
console.log(JSON.stringify({ port: Number(daemon.listening[0].split(':').at(-1)) }))
delay.enable()
