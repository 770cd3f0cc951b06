#!/usr/bin/env node
// The program. Its version is told without loading it: scripts ask for that most, and oclif takes longer to load than Node.js.
import { readFileSync } from 'node:fs'

if (process.argv[2] === '--version') {
  const { name, version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  process.stdout.write(`${name}/${version} ${process.platform}-${process.arch} node-${process.version}\n`)
} else {
  await import('../dist/cli.js')
}
