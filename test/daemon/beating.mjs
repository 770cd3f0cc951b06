/**
 * A process that is watched for a second of silence: `beating.mjs stuck` never turns its event loop again. It takes the
 * built program, since the watching thread has no loader for TypeScript.
 */
const built = (name) => import(new URL(`../../dist/daemon/${name}`, import.meta.url).href)
const { watchLiveness } = await built('liveness.js')
const { createLog, stderrSink } = await built('log.js')

const liveness = await watchLiveness(createLog(stderrSink()), undefined, 1000)
liveness.begin()
console.log('begun')
setTimeout(() => {
  while (process.argv[2] === 'stuck') {
    // the bug
  }
  console.log('alive')
  liveness.stop()
}, 3000)
