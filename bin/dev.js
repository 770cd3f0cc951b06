#!/usr/bin/env -S npx tsx
// Runs the commands from src, without a build: ./bin/dev.js install --dry-run
import { execute } from '@oclif/core'

await execute({ development: true, dir: import.meta.url })
