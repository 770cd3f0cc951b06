import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { lookAtDaemon } from '../src/daemon-look.js'
import { createRealHost } from '../src/host/real.js'

describe('what the daemon makes of its settings', () => {
  let root = ''
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'greyctl-look-'))
    await mkdir(join(root, 'etc/default'), { recursive: true })
    await mkdir(join(root, 'etc/greyctl'))
  })
  afterEach(() => rm(root, { recursive: true, force: true }))

  async function look(options: string, settings: string) {
    await writeFile(join(root, 'etc/default/greyctl'), `GREYCTL_OPTS="${options}"\n`)
    await writeFile(join(root, 'etc/greyctl/greyctl.toml'), settings)
    return lookAtDaemon(createRealHost({ root }))
  }

  it('is nothing where there is none', async () => {
    expect(await lookAtDaemon(createRealHost({ root }))).toBeNull()
  })

  it('is content with what it takes', async () => {
    expect(await look('--delay=60', 'privacy = true\n')).toEqual({ refused: [], keptAway: [] })
  })

  it('is each line that it does not take', async () => {
    const found = await look('', 'dealy = 60\nidentity = "everybody"\n')
    const path = join(root, 'etc/greyctl/greyctl.toml')
    expect(found?.refused).toEqual([
      expect.stringContaining(`${path}:1: `),
      expect.stringContaining(`${path}:2: `),
    ])
    expect((await look('--delay=soon', ''))?.refused).toEqual([expect.stringContaining('--delay=soon')])
  })

  it('is a listener that nobody may ask', async () => {
    expect((await look('', '[[listen]]\ninet = "*:10099"\n'))?.refused).toHaveLength(1)
  })
})
