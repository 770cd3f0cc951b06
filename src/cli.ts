import { execute } from '@oclif/core'

/** What bin/run.js starts for everything but `--version`. */
await execute({ dir: import.meta.url })
