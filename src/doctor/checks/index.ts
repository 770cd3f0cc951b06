import type { Check } from '../check.js'
import { DIALOGUE } from './dialogue.js'
import { REACHABILITY } from './reachability.js'

/** Every check there is, family after family, most frequent trouble first. */
export const CHECKS: readonly Check[] = [...REACHABILITY, ...DIALOGUE]
