import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect } from 'vitest'
import { openStore } from '../../src/store/open.js'
import type { LocalSpec } from '../../src/store/spec.js'
import type { Store } from '../../src/store/store.js'
import { conforms } from './conformance.js'

const made: string[] = []

function directory(): string {
  const path = mkdtempSync(join(tmpdir(), 'greyctl-store-'))
  made.push(path)
  return path
}

const lmdb = (): LocalSpec => ({ kind: 'lmdb', directory: directory() })
const warn = (message: string) => expect.unreachable(message)

const KINDS: Readonly<Record<string, () => Store>> = {
  memory: () => openStore({ kind: 'memory' }),
  lmdb: () => openStore(lmdb()),
  'lmdb with a journal': () => openStore(lmdb(), { durability: 'strict', warn }),
  'lmdb with a journal that lags': () => openStore(lmdb(), { durability: 'relaxed', warn }),
}

afterAll(() => {
  for (const path of made.splice(0)) rmSync(path, { recursive: true, force: true })
})

for (const [name, make] of Object.entries(KINDS)) conforms(name, make, { ordered: true, forgets: false })
