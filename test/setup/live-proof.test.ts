import { describe, expect, it } from 'vitest'
import { MemoryHost } from '../../src/host/memory.js'
import { liveOptions } from '../../src/setup/live-proof.js'

const GREYCTL = '/etc/default/greyctl'
const POSTGREY = '/etc/default/postgrey'

describe('how long a live proof waits for the retry', () => {
  it.each([
    ['nothing is known', {}, undefined, undefined, 60],
    ["greyctl's options", { [GREYCTL]: 'GREYCTL_OPTS="--delay=5"\n' }, 'bundled', 90, 5],
    ['greyctl.toml', { [GREYCTL]: 'GREYCTL_OPTS=""\n' }, 'bundled', 90, 90],
    ['postgrey, set up by greyctl', { [POSTGREY]: 'POSTGREY_OPTS="--delay=7"\n' }, 'postgrey', 60, 7],
    ['postgrey as Debian starts it', { [POSTGREY]: 'POSTGREY_OPTS="--inet=10023"\n' }, undefined, 60, 300],
    ['postgrey, set up by hand', { [POSTGREY]: 'POSTGREY_OPTS="--delay=120"\n' }, undefined, 60, 120],
    [
      'both, of which greyctl is installed',
      { [GREYCTL]: 'GREYCTL_OPTS=""\n', [POSTGREY]: 'POSTGREY_OPTS=""\n' },
      'bundled',
      60,
      60,
    ],
  ] as const)('%s', async (_, files, backend, own, delay) => {
    const host = new MemoryHost()
    for (const [path, content] of Object.entries(files)) host.seed(path, content)
    expect((await liveOptions(host, backend, own)).delay).toBe(delay)
  })
})
