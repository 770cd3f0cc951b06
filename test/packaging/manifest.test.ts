import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

it('the program is one bundle: besides it the package needs the compiled half of lmdb alone', () => {
  const manifest = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'))
  expect(manifest.dependencies, 'libraries are bundled: npm install --save-dev --save-exact').toBeUndefined()
  const native = Object.entries(manifest.optionalDependencies)
  expect(native.map(([name]) => name)).toEqual(['@lmdb/lmdb-linux-arm64', '@lmdb/lmdb-linux-x64'])
  for (const [, version] of native) expect(version).toBe(manifest.devDependencies.lmdb)
})
