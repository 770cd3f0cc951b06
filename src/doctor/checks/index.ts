import type { Check } from '../check.js'
import { CLASSES } from './classes.js'
import { CLIENTS } from './clients.js'
import { CONFIG_FILES } from './config-files.js'
import { DAEMON_SETTINGS } from './daemon-settings.js'
import { DAEMONS } from './daemons.js'
import { DEFERRAL } from './deferral.js'
import { DELIVERY } from './delivery.js'
import { DIALOGUE } from './dialogue.js'
import { EXCHANGERS } from './exchangers.js'
import { LISTS } from './lists.js'
import { LOG_PLACES } from './log-places.js'
import { LOGS } from './logs.js'
import { MAIN_CF } from './main-cf.js'
import { MASTER_CF } from './master-cf.js'
import { NAMES } from './names.js'
import { OUTBOUND } from './outbound.js'
import { PLACEMENT } from './placement.js'
import { PLATFORM } from './platform.js'
import { POLICY_WORDS } from './policy-words.js'
import { REACHABILITY } from './reachability.js'
import { RELAY } from './relay.js'
import { RESOURCES } from './resources.js'
import { SENDERS } from './senders.js'
import { SERVICES } from './services.js'
import { SHARED_STORE } from './shared-store.js'
import { SMTPD_ANSWERS } from './smtpd-answers.js'
import { SOCKETS } from './sockets.js'
import { SPAWN } from './spawn.js'
import { STAMPS } from './stamps.js'
import { TABLE_KEYS } from './table-keys.js'
import { TABLES } from './tables.js'
import { UNITS } from './units.js'

/** Every check there is, family after family, most frequent trouble first. */
export const CHECKS: readonly Check[] = [
  ...REACHABILITY,
  ...DIALOGUE,
  ...SOCKETS,
  ...PLACEMENT,
  ...RELAY,
  ...SMTPD_ANSWERS,
  ...POLICY_WORDS,
  ...LISTS,
  ...CLASSES,
  ...UNITS,
  ...DAEMONS,
  ...DAEMON_SETTINGS,
  ...SPAWN,
  ...MAIN_CF,
  ...NAMES,
  ...MASTER_CF,
  ...CONFIG_FILES,
  ...SERVICES,
  ...OUTBOUND,
  ...TABLES,
  ...TABLE_KEYS,
  ...CLIENTS,
  ...DEFERRAL,
  ...DELIVERY,
  ...SENDERS,
  ...EXCHANGERS,
  ...RESOURCES,
  ...SHARED_STORE,
  ...PLATFORM,
  ...LOGS,
  ...STAMPS,
  ...LOG_PLACES,
]
