import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRealHost } from '../../src/host/real.js'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'greyctl-tail-'))
})
afterEach(() => rm(root, { recursive: true, force: true }))

describe('the end of a file', () => {
  it('is read without the rest', async () => {
    await writeFile(join(root, 'log'), 'abcdef')
    const host = createRealHost({ root })
    expect(String(await host.tail('/log', 3))).toBe('def')
    expect(String(await host.tail('/log', 99))).toBe('abcdef')
    expect(await host.tail('/none', 3)).toBeUndefined()
    await expect(host.tail('/', 3)).rejects.toThrow('not a regular file')
  })
})
