import { CONFIG_CASES } from './cases/config.js'
import { DIALOGUE_CASES } from './cases/dialogue.js'
import { LIST_CASES } from './cases/lists.js'
import { LOG_CASES } from './cases/logs.js'
import { MACHINE_CASES } from './cases/machine.js'
import { REACHABILITY_CASES } from './cases/reachability.js'
import { SENDER_CASES } from './cases/senders.js'
import { SERVICE_CASES } from './cases/services.js'
import { SMTPD_ANSWER_CASES } from './cases/smtpd-answers.js'
import { SOCKET_CASES, SPAWN_CASES } from './cases/sockets.js'
import { SUPERVISION_CASES } from './cases/supervision.js'
import { TABLE_CASES } from './cases/tables.js'
import type { Scene } from './scene.js'

/** For each check a machine on which it finds something, and one that is like it and healthy. */
export interface Case {
  readonly broken: Scene
  readonly healthy: Scene
  /** What the finding must say. */
  readonly says?: string | RegExp
}

export const CASES: Readonly<Record<string, readonly Case[]>> = {
  ...CONFIG_CASES,
  ...LIST_CASES,
  ...MACHINE_CASES,
  ...LOG_CASES,
  ...SENDER_CASES,
  ...SERVICE_CASES,
  ...TABLE_CASES,
  ...REACHABILITY_CASES,
  ...DIALOGUE_CASES,
  ...SOCKET_CASES,
  ...SMTPD_ANSWER_CASES,
  ...SUPERVISION_CASES,
  ...SPAWN_CASES,
}
