import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { GreyctlError } from '../../src/errors.js'
import { openStore } from '../../src/store/open.js'
import { parseStoreSpec } from '../../src/store/spec.js'
import type { Store } from '../../src/store/store.js'

let base: string
let directory: string
const record = { first: 1, last: 2, count: 3 }

beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'greyctl-lmdb-'))
  directory = join(base, 'store')
})
afterEach(() => rmSync(base, { recursive: true, force: true }))

const spec = () => ({ kind: 'lmdb', directory }) as const

async function fill(count: number): Promise<void> {
  const store = openStore(spec())
  for (let start = 0; start < count; start += 100) {
    await store.putMany(
      Array.from({ length: 100 }, (_, index) => [`t${(start + index) * 7919}${'x'.repeat(60)}`, record]),
    )
  }
  await store.close()
}

/** Opens, which must complain, and works afterwards. */
async function expectNewStart(): Promise<string> {
  const warnings: string[] = []
  const store = openStore(spec(), { warn: (message) => warnings.push(message) })
  expect(await store.stats()).toMatchObject({ entries: 0 })
  await store.putMany([['tnew', record]])
  await store.close()
  expect(warnings).toHaveLength(1)
  const again = openStore(spec())
  expect(await again.getMany(['tnew'])).toEqual([record])
  await again.close()
  expect(readdirSync(directory).some((name) => name.startsWith('data.mdb.damaged-'))).toBe(true)
  return warnings[0] ?? ''
}

describe('an LMDB store', () => {
  it('is there again after it was closed, private to its user', async () => {
    await fill(100)
    const store = openStore(spec())
    expect(await store.stats()).toMatchObject({ spec: `lmdb:${directory}`, entries: 100 })
    await store.close()
  })

  it('can be read by another process while it is written', async () => {
    const store = openStore(spec())
    await store.putMany([['tone', record]])
    const reader = openStore(spec(), { readOnly: true })
    expect(await reader.getMany(['tone'])).toEqual([record])
    await store.putMany([['ttwo', record]])
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await reader.getMany(['ttwo'])).toEqual([record])
    await reader.close()
    await store.close()
  })

  it.each([
    ['garbage', () => Buffer.alloc(40_960, 'garbage')],
    ['a text', () => Buffer.from('not a database\n')],
    [
      'a first page that is overwritten',
      (good: Buffer) => Buffer.concat([Buffer.alloc(4096), good.subarray(4096)]),
    ],
    [
      'a second page that is overwritten',
      (good: Buffer) => Buffer.concat([good.subarray(0, 4096), Buffer.alloc(4096), good.subarray(8192)]),
    ],
    ['half of it', (good: Buffer) => good.subarray(0, good.length / 2)],
    ['one page less', (good: Buffer) => good.subarray(0, 3 * 4096)],
  ])('of %s is put aside, and a new one started', async (_, damage) => {
    await fill(2000)
    const file = join(directory, 'data.mdb')
    const bytes = damage(readFileSync(file))
    writeFileSync(file, bytes)
    expect(await expectNewStart()).toContain(`${file} is damaged`)
  })

  it('that is empty is a new one', async () => {
    mkdirSync(directory)
    writeFileSync(join(directory, 'data.mdb'), '')
    const store = openStore(spec(), { warn: () => expect.unreachable() })
    await store.putMany([['tnew', record]])
    await store.close()
  })

  it('that lacks only pages without content is not damaged', async () => {
    await fill(2000)
    const file = join(directory, 'data.mdb')
    const size = readFileSync(file).length
    // as if the last transaction had taken pages and given them back
    const header = readFileSync(file)
    for (const at of [24, 4096 + 24]) header.writeBigUInt64LE(header.readBigUInt64LE(at + 120) + 3n, at + 120)
    writeFileSync(file, header)
    const store = openStore(spec(), { warn: () => expect.unreachable() })
    expect(await store.stats()).toMatchObject({ entries: 2000 })
    await store.close()
    expect(readFileSync(file).length).toBeGreaterThan(size)
  })

  it('starts anew when it turns out to be damaged in use', async () => {
    await fill(2000)
    const file = join(directory, 'data.mdb')
    const bytes = readFileSync(file)
    bytes.fill(0, 2 * 4096)
    writeFileSync(file, bytes)
    const warnings: string[] = []
    const store = openStore(spec(), { warn: (message) => warnings.push(message) })
    await expect((async () => store.getMany([`t7919${'x'.repeat(60)}`]))()).rejects.toThrow()
    expect(warnings).toHaveLength(1)
    await store.putMany([['tnew', record]])
    expect(await store.getMany(['tnew'])).toEqual([record])
    await store.close()
  })

  it('says where it cannot be', () => {
    writeFileSync(directory, '')
    expect(() => openStore(spec())).toThrow(GreyctlError)
    try {
      openStore(spec())
    } catch (error) {
      expect(error).toMatchObject({ code: 'store-failed', where: directory })
    }
  })
})

describe('kill -9 while writing', () => {
  it('loses nothing that was acknowledged', { timeout: 60_000 }, async () => {
    let acknowledged = -1
    for (let round = 0; round < 5; round += 1) {
      acknowledged = await writeUntilKilled(acknowledged + 1, 40 + round * 37)
      const store = openStore(spec(), { warn: () => expect.unreachable() })
      await expectAll(store, acknowledged)
      await store.close()
    }
    expect(acknowledged).toBeGreaterThan(20)
  })
})

/** The last batch that the child called committed before it was killed. */
function writeUntilKilled(start: number, milliseconds: number): Promise<number> {
  const writer = fileURLToPath(new URL('writer.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', writer, directory, String(start)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    if (output === '') setTimeout(() => child.kill('SIGKILL'), milliseconds)
    output += chunk.toString()
  })
  return new Promise((resolve) => {
    child.on('close', () => {
      const whole = output.slice(0, output.lastIndexOf('\n'))
      resolve(Number(whole.split('\n').at(-1)))
    })
  })
}

async function expectAll(store: Store, last: number): Promise<void> {
  const keys = Array.from({ length: last + 1 }, (_, batch) => [`t${batch}-0`, `t${batch}-9`]).flat()
  const found = await store.getMany(keys)
  expect(keys.filter((_, index) => found[index] === undefined)).toEqual([])
}

it('a store is named by its kind and place', () => {
  expect(parseStoreSpec('memory:')).toEqual({ kind: 'memory' })
  expect(parseStoreSpec('lmdb:/var/lib/x')).toEqual({ kind: 'lmdb', directory: '/var/lib/x' })
  for (const bad of ['', 'lmdb:', 'lmdb:relative', 'memory:x', '/var/lib/x']) {
    expect(parseStoreSpec(bad)).toBeUndefined()
  }
})
