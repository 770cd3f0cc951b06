import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRealHost } from '../../src/host/real.js'
import { expandParameters } from '../../src/postfix/expand.js'
import { type MainCf, parseMainCfBytes } from '../../src/postfix/main-cf.js'
import {
  postfixVersion,
  readInstanceFacts,
  readOwnSettings,
  readPostconf,
} from '../../src/postfix/postconf.js'
import { wireGreylisting } from '../../src/postfix/wire.js'
import { configurations } from './configurations.js'
import { corpusFiles } from './corpora.js'
import { BASE, havePostfix } from './instance.js'

const host = createRealHost()
let directory = ''

interface Postconf {
  readonly status: number
  readonly values: ReadonlyMap<string, string>
  readonly stderr: string
}

/** The real postconf, by bytes: configuration files are not all UTF-8. */
function postconf(...args: string[]): Postconf {
  const options = { stdio: ['ignore', 'pipe', 'pipe'] as ('ignore' | 'pipe')[], encoding: 'latin1' as const }
  let [status, stdout, stderr] = [0, '', '']
  try {
    const script = 'exec postconf -c "$@" 2>"$0"'
    stdout = execFileSync('sh', ['-c', script, join(directory, 'stderr'), directory, ...args], options)
  } catch (error) {
    const failed = error as { status: number; stdout: string }
    status = failed.status
    stdout = failed.stdout
  }
  stderr = execFileSync('cat', [join(directory, 'stderr')], { encoding: 'latin1' })
  const values = new Map<string, string>()
  for (const line of stdout.split('\n')) {
    const equals = line.indexOf('=')
    if (equals > 0) values.set(line.slice(0, equals).trim(), line.slice(equals + 1))
  }
  return { status, values, stderr }
}

/** Whitespace is one blank to every reader of main.cf; postconf shows control and non-ASCII characters as they are or as "?". */
function normal(value: string): string {
  return value
    .replace(/[ \t\n\v\f\r]+/g, ' ')
    .trim()
    .replace(/[^\x20-\x7e]/g, '?')
}

async function load(bytes: Buffer): Promise<MainCf> {
  await writeFile(join(directory, 'main.cf'), bytes)
  // postfix reads a file that is younger than two seconds again and again until it is older
  await utimes(join(directory, 'main.cf'), 1_700_000_000, 1_700_000_000)
  return parseMainCfBytes(bytes, join(directory, 'main.cf'))
}

/** Every value of the model is the real one; and both stop on the same line. */
function compare(cf: MainCf): number {
  const fatal = cf.problems.find((problem) => problem.fatal)
  const known = postconf('-n')
  if (fatal !== undefined) {
    expect(known.stderr).toMatch(/fatal/)
    const line = /main\.cf, line (\d+)/.exec(known.stderr)?.[1]
    expect(Number(line)).toBe(fatal.line)
    return 0
  }
  // values that mean nothing to Postfix, such as the placeholders of a template, stop it too, but on no line
  if (/fatal: (?!.*main\.cf, line)/.test(known.stderr)) return 0
  expect(known.status).toBe(0)
  let compared = 0
  for (const [name, value] of known.values) {
    const own = cf.get(name)
    if (own === undefined) expect(name).toBe('config_directory')
    else {
      expect({ [name]: normal(own.value) }).toEqual({ [name]: normal(value) })
      compared += 1
    }
  }
  return compared
}

/** What postconf -n complains about, but for duplicates, whose text is the value. */
function complaints(): string[] {
  return postconf('-n')
    .stderr.split('\n')
    .filter((line) => !/overriding earlier entry/.test(line))
}

describe.runIf(havePostfix())('the model and the real postconf', () => {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'greyctl-postconf-'))
    await writeFile(join(directory, 'master.cf'), '')
  })
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true })
  })

  it.each(corpusFiles(/main\.cf/))('agree on $name', async ({ bytes }) => {
    compare(await load(bytes))
  })

  it.each([
    'a = b\n c\n# d\n   # e\n\n  \n  f  \nmyhostname=x\n',
    '   mydestination = b\n c\nmyhostname = x\n',
    'myhostname = x\r\nmydestination = a,\r\n\tb,\r\n  c\r\n',
    'myhostname = x\nmydestination =\n\n  # none\nmyorigin = \\\n',
    'myhostname\n  = x\nmydestination == y\nmyorigin==\n',
    'mydestination = x\nmyhostname = y\nmydestination = z',
    'myhostname = y\n= z\n',
    'myhostname = y\nreject\n',
    'myhostname = y\nmy origin = z\n',
    'myhostname = a    b\t\tc\n   d\n',
    'mydestination = h\u00e9, # not a comment\n# h\u00e9\n',
  ])('agree on %j', async (text) => {
    compare(await load(Buffer.from(text, 'latin1')))
    compare(await load(Buffer.from(text, 'utf8')))
  })

  it('agree on generated configurations, also when wired, and wiring brings no warning', async () => {
    let compared = 0
    await fc.assert(
      fc.asyncProperty(configurations, async (text) => {
        const used = 'smtpd_client_restrictions = $shared, $other\n'
        const cf = await load(Buffer.from(used + text))
        compared += compare(cf)
        const before = new Set(complaints())
        const wired = wireGreylisting(cf, { endpoint: 'inet:127.0.0.1:10023' })
        compared += compare(await load(wired.cf.toBytes()))
        const added = complaints().filter((line) => !before.has(line))
        expect(added).toEqual([])
      }),
      { numRuns: 150 },
    )
    expect(compared).toBeGreaterThan(1000)
  })

  it('expand parameters alike', async () => {
    const list = 'smtpd_recipient_restrictions'
    const known = Array.from({ length: 5 }, (_, at) => `p${at}`)
    const atom = fc.oneof(
      fc.constantFrom('permit', 'a', 'b,', '$$', '{ x }', '1', '3.10'),
      fc.constantFrom(...known.flatMap((name) => [`$${name}`, `\${${name}}`, `$(${name})`])),
      fc
        .tuple(fc.constantFrom(...known), fc.constantFrom(...known))
        .chain(([one, two]) =>
          fc.constantFrom(
            `\${${one}?{y $${two}}:{n}}`,
            `\${${one}?yes}`,
            `\${${one}:$${two}}`,
            `\${${one}?{only}}`,
            `\${{$${one}} == {$${two}} ? {same} : {other}}`,
            `\${{$p3} <=level {3.10} ? {old $${one}} : {new}}`,
          ),
        ),
    )
    const value = fc.array(atom, { maxLength: 4 }).map((parts) => parts.join(' '))
    await fc.assert(
      fc.asyncProperty(fc.tuple(value, value, value), async ([one, two, three]) => {
        // no cycles: each refers to later ones alone
        const later = (text: string, least: number) =>
          text.replace(/p([0-4])/g, (_, digit) => `p${Math.max(Number(digit), least)}`)
        const text = `${list} = ${one}\np0 = ${later(two, 1)}\np1 = ${later(three, 2)}\np2 =\np3 = 3.9\np4 = 7 x\n`
        const cf = await load(Buffer.from(text))
        const real = postconf('-x', list).values.get(list) ?? ''
        expect(normal(expandParameters(cf, cf.get(list)?.value ?? ''))).toBe(normal(real))
      }),
      { numRuns: 150 },
    )
  })

  it('readPostconf and the facts of an instance', async () => {
    await load(
      Buffer.from(
        `${BASE}relay_domains = $mydestination, .sub.example, hash:/etc/x, /etc/y, Other.Example\nnothing_uses_this = 1\nvirtual_alias_domains = !no.example v.example\n`,
      ),
    )
    const facts = await readInstanceFacts(host, directory)
    expect(facts).toMatchObject({
      version: await postfixVersion(host),
      configDirectory: directory,
      mailOwner: 'postfix',
      myhostname: 'mx.example.test',
      ownDomains: ['example.test', 'localhost', 'v.example', 'other.example'],
      inetProtocols: ['all'],
      mynetworks: ['127.0.0.0/8', '198.51.100.0/24'],
      recipientDelimiter: '',
      maillogFile: '',
    })
    expect(facts.version).toMatch(/^3\.\d+/)
    expect(facts.queueDirectory).toMatch(/^\//)
    const own = await readOwnSettings(host, directory)
    expect(own.values.relay_domains).toMatch(/^\$mydestination/)
    expect(own.warnings.join('\n')).toMatch(/unused parameter: nothing_uses_this=1/)
    const asked = await readPostconf(host, directory, ['relay_domains', 'no_such_name'], { expand: false })
    expect(asked.values).toMatchObject({ no_such_name: '' })
    expect(asked.values.relay_domains).toMatch(/^\$mydestination/)
  })

  it('names file and line of what postfix stops on', async () => {
    await load(Buffer.from('myhostname = x\n\nreject_unauth_destination\n'))
    await expect(readPostconf(host, directory, ['myhostname'])).rejects.toMatchObject({
      code: 'config-invalid',
      where: `${directory}/main.cf:3`,
    })
    await expect(readPostconf(host, '/nonexistent', ['myhostname'])).rejects.toMatchObject({
      code: 'config-invalid',
    })
  })
})
