/**
 * A process that is watched for a second of silence: `beating.mjs DIR stuck` never turns its event loop again. DIR has the
 * compiled program, since the watching thread has no loader for TypeScript.
 */
const [directory, how] = process.argv.slice(2)
const { watchLiveness } = await import(`${directory}/daemon/liveness.js`)
const { createLog, stderrSink } = await import(`${directory}/daemon/log.js`)

const liveness = watchLiveness(createLog(stderrSink()), undefined, 1000)
liveness.begin()
console.log('begun')
setTimeout(() => {
  while (how === 'stuck') {
    // the bug
  }
  console.log('alive')
  liveness.stop()
}, 3000)
