import { injectInto } from './doctor-injections.js'

/** What differs between Debian releases: units, the log, table types, Postfix's version. All of them: CONTRIBUTING.md. */
injectInto('trixie', [
  'policy-daemon-not-running',
  'port-already-in-use',
  'unit-masked-or-disabled',
  'unit-restart-loop',
  'postfix-not-running',
  'node-runtime-missing',
  'table-db-missing',
  'removed-restriction',
  'backup-mx-not-greylisting',
])
