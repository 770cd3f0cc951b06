/**
 * What answers a request, with the store behind it. The daemon loads it when its sockets are bound, since it takes as long
 * to load as all the rest: who connects meanwhile waits, where nobody listens Postfix would go on without an answer.
 */
export { serveControl } from './control.js'
export { Correspondents } from './correspondents.js'
export { Engine } from './engine.js'
export { openPatiently } from './opening.js'
export { createPools } from './pools.js'
