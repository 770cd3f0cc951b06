import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseConfig, readConfig } from '../../../src/daemon/config/file.js'
import { parseOptions } from '../../../src/daemon/options.js'
import { GreyctlError } from '../../../src/errors.js'

const parse = (text: string) => parseConfig(text, 'greyctl.toml')

function complaints(text: string): string[] {
  try {
    parse(text)
    return []
  } catch (error) {
    expect(error).toBeInstanceOf(GreyctlError)
    return (error as GreyctlError).message.split('\n')
  }
}

describe('greyctl.toml', () => {
  it('says what flags say', () => {
    const { settings } = parse(
      'delay = 30\nretry-window = "6h"\nlearn = true\n[store]\nlocation = "memory:"\n',
    )
    expect(settings).toEqual({
      delay: 30,
      'retry-window': 21_600,
      learn: true,
      store: { location: 'memory:' },
    })
  })

  it('says where a key stands', () => {
    const file = parse('\ndelay = 1\n[store]\nlocation = "memory:"\n')
    expect(file.where('delay')).toBe('greyctl.toml:2')
    expect(file.where('store', 'location')).toBe('greyctl.toml:4')
    expect(file.where('store')).toBe('greyctl.toml:3')
  })

  it.each([
    ['delay = -1', ['greyctl.toml:1: delay: must be a whole number from 0 to 604800']],
    ['delay = 1.5', ['greyctl.toml:1: delay: must be a whole number from 0 to 604800']],
    ['delay = "60"', ['greyctl.toml:1: delay: must be a whole number from 0 to 604800']],
    ['delay = nan', ['greyctl.toml:1: delay: must be a whole number from 0 to 604800']],
    ['\n\ndealy = 1', ['greyctl.toml:3: unknown key dealy; did you mean delay?']],
    ['store.locaton = "x"', ['greyctl.toml:1: unknown key store.locaton; did you mean location?']],
    ['frobnicate = 1', ['greyctl.toml:1: unknown key frobnicate']],
    ['"a\\nb" = 1', ['greyctl.toml:1: unknown key "a\\nb"']],
    ['__proto__ = 1', ['greyctl.toml:1: unknown key __proto__']],
    ['[__proto__]\ndelay = 5', ['greyctl.toml:1: unknown key __proto__']],
    ['constructor = 1', ['greyctl.toml:1: unknown key constructor']],
    ['store = 1', ['greyctl.toml:1: store: must be a table']],
    [
      'retry-window = "6d"',
      [expect.stringContaining('greyctl.toml:1: retry-window: must be a number of days')],
    ],
    ['greylist-action = "OK"', [expect.stringContaining('greyctl.toml:1: greylist-action: must be DEFER')]],
    [
      'whitelist-clients = [\n "/a",\n 5,\n]',
      ['greyctl.toml:3: whitelist-clients[2]: must be the path of a file'],
    ],
    [
      'learn = "yes"\ndealy = 1',
      [expect.stringContaining(':1: learn'), expect.stringContaining(':2: unknown')],
    ],
    ['delay = 1\ndelay = 2', [expect.stringContaining('greyctl.toml:2: not TOML: defining a key multiple')]],
    ['\ndelay = ', [expect.stringMatching(/^greyctl\.toml:[23]: not TOML: /)]],
    ['[store\n', [expect.stringMatching(/^greyctl\.toml:\d: not TOML: /)]],
  ])('%j', (text, expected) => {
    expect(complaints(text)).toEqual(expected)
  })

  it('takes any text: settings, or complaints that name a line', () => {
    const piece = fc.constantFrom(
      'delay',
      ' = ',
      '1',
      '"',
      '\n',
      '[',
      ']',
      '{',
      '}',
      'store',
      '.',
      '#',
      ',',
      '\r',
      '\u0000',
    )
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join('')),
    )
    fc.assert(
      fc.property(text, (given) => {
        for (const complaint of complaints(given)) expect(complaint).toMatch(/^greyctl\.toml:\d+: /)
      }),
      { numRuns: 500 },
    )
  })

  it('is not too deep for us', () => {
    expect(complaints(`delay = ${'['.repeat(50_000)}`)).toEqual([
      expect.stringMatching(/^greyctl\.toml:\d+: /),
    ])
  })
})

describe('the file and the flags', () => {
  let base: string
  let path: string
  beforeEach(() => {
    base = mkdtempSync(join(tmpdir(), 'greyctl-config-'))
    path = join(base, 'greyctl.toml')
  })
  afterEach(() => rmSync(base, { recursive: true, force: true }))

  const options = (text: string, ...argv: string[]) => {
    writeFileSync(path, text)
    return parseOptions(['--inet=1', `--config=${path}`, ...argv])
  }

  it('flags win, and it is said', () => {
    const made = options('delay = 30\nmax-age = 3\n', '--delay=90')
    expect(made.policy).toMatchObject({ delay: 90, maxAge: 3 * 86_400 })
    expect(made.notes).toEqual([`${path}:1: delay counts for nothing: --delay=90 wins`])
  })

  it('--lookup-by-subnet takes back what the file says', () => {
    expect(options('lookup-by-host = true').policy.ipv4Prefix).toBe(32)
    expect(options('lookup-by-host = true', '--lookup-by-subnet').policy.ipv4Prefix).toBe(24)
  })

  it('blames whoever made the delay too long', () => {
    expect(() => options('retry-window = "1h"\ndelay = 7200')).toThrow(`${path}:2: delay: a delay of 7200 s`)
    expect(() => options('retry-window = "1h"', '--delay=7200')).toThrow('--delay=7200: a delay of 7200 s')
    expect(() => options('delay = 7200', '--retry-window=1h')).toThrow(`--retry-window=1h: a delay of 7200 s`)
  })

  it('must be readable when it was asked for', () => {
    expect(() => parseOptions(['--inet=1', `--config=${base}/none`])).toThrow(`${base}/none: cannot be read`)
    expect(readConfig(undefined, join(base, 'none'))).toBeUndefined()
  })
})
