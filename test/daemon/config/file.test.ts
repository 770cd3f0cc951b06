import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseConfig, readConfig } from '../../../src/daemon/config/file.js'
import { SETTING_NAMES } from '../../../src/daemon/config/settings.js'
import { HELP } from '../../../src/daemon/help.js'
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

  it('says what flags cannot', () => {
    const { settings } = parse(`
      may-ask = ["192.0.2.0/24", "2001:db8::1"]
      [[listen]]
      inet = "[::1]:10023"
      [[listen]]
      unix = "/run/greyctl.sock"
      mode = "0660"
      group = "postfix"
      [whitelist]
      networks = ["198.51.100.7"]
      senders = ["news.example", "j\u00f6rg@example.org", "<>"]
      [recipients]
      "postmaster@" = "off"
      "new.example" = "learn"
      "slow.example" = 600
      "both@slow.example" = { delay = 5, learn = false }
    `)
    expect(settings).toEqual({
      'may-ask': [
        { bytes: [192, 0, 2, 0], prefix: 24 },
        { bytes: [32, 1, 13, 184, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], prefix: 128 },
      ],
      listen: [
        { inet: { host: '::1', port: 10_023 } },
        { unix: '/run/greyctl.sock', mode: 0o660, group: 'postfix' },
      ],
      whitelist: {
        networks: [{ bytes: [198, 51, 100, 7], prefix: 32 }],
        // one character a byte, as in a request
        senders: ['news.example', 'j\u00c3\u00b6rg@example.org', '<>'],
      },
      recipients: {
        'postmaster@': { off: true },
        'new.example': { learn: true },
        'slow.example': { delay: 600 },
        'both@slow.example': { delay: 5, learn: false },
      },
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

  it('listeners of the file come beside those of the flags, or alone', () => {
    const file = '[[listen]]\nunix = "/x"\nmode = "0600"\n'
    const unix = { kind: 'unix', path: '/x', mode: 0o600 }
    expect(options(file).endpoints).toMatchObject([{ kind: 'inet', port: 1 }, unix])
    writeFileSync(path, file)
    expect(parseOptions([`--config=${path}`]).endpoints).toMatchObject([unix])
    expect(parseOptions([`--config=${path}`], { inherited: [3] }).endpoints).toMatchObject([
      { kind: 'descriptor', descriptor: 3 },
      unix,
    ])
  })

  it('a listener that others can reach needs somebody who may ask, already for --check', () => {
    const file = '[[listen]]\ninet = "127.0.0.2:1"\n[[listen]]\ninet = "192.0.2.1:1"\n'
    const refused = (where: object) =>
      expect.objectContaining({ message: expect.stringMatching(/who may ask$/), ...where })
    expect(() => options(file)).toThrowError(refused({ where: `${path}:3` }))
    expect(() => options('', '--inet=*:1')).toThrowError(refused({ where: undefined }))
    expect(options(`may-ask = ["192.0.2.7"]\n${file}`).endpoints).toHaveLength(3)
  })

  it('a recipient may not wait longer than the retry window either', () => {
    expect(() => options('retry-window = "1h"\n[recipients]\nx = 60\ny = 3601\n')).toThrow(
      `${path}:4: recipients.y: a delay of 3601 s is longer than the retry window (3600 s)`,
    )
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

describe('what is written about the file', () => {
  const read = (name: string) => readFileSync(new URL(`../../../${name}`, import.meta.url), 'utf8')

  it('the example says nothing as it is, and something that holds without its comment signs', () => {
    const example = read('templates/greyctl.toml')
    expect(parse(example).settings).toEqual({})
    const whole = parse(example.replace(/^#(?=[\w"[])/gm, '')).settings
    expect(whole).toMatchObject({
      delay: 60,
      listen: [{ mode: 0o660 }],
      recipients: { 'shop.example': { delay: 30 } },
    })
    expect(Object.keys(whole).length).toBeGreaterThan(9)
  })

  it('the page has every key', () => {
    const page = read('docs/configuration.md')
    for (const name of SETTING_NAMES) expect(page).toContain(`\`${name}\``)
  })

  it('the help has every option', () => {
    for (const name of SETTING_NAMES) expect(HELP).toContain(`--${name}`)
  })
})
