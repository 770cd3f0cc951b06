import type { Check } from '../check.js'
import { DAEMONS } from './daemons.js'
import { DIALOGUE } from './dialogue.js'
import { REACHABILITY } from './reachability.js'
import { SOCKETS } from './sockets.js'
import { SPAWN } from './spawn.js'
import { UNITS } from './units.js'

/** Every check there is, family after family, most frequent trouble first. */
export const CHECKS: readonly Check[] = [
  ...REACHABILITY,
  ...DIALOGUE,
  ...SOCKETS,
  ...UNITS,
  ...DAEMONS,
  ...SPAWN,
]
