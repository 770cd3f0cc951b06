#!/usr/bin/env node
// The oclif entry. `enableCompileCache` exists from Node 22.1 on; a named import of it is a syntax error on 20.
import module from 'node:module'
import { execute } from '@oclif/core'

module.enableCompileCache?.()
await execute({ dir: import.meta.url })
