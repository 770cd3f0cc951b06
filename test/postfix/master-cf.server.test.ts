import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type MasterCf,
  type MasterService,
  type MasterWord,
  parseMasterCfBytes,
} from '../../src/postfix/master-cf.js'
import { overrideOf, setOverride } from '../../src/postfix/master-edit.js'
import { corpusFiles } from './corpora.js'
import { havePostfix } from './instance.js'
import { masterConfigurations } from './master-configurations.js'

let directory = ''

function postconf(...args: string[]): { lines: string[]; failed: boolean } {
  const script = 'exec postconf -c "$@" 2>/dev/null'
  try {
    const stdout = execFileSync('sh', ['-c', script, 'sh', directory, ...args], { encoding: 'latin1' })
    return { lines: stdout.split('\n').filter(Boolean), failed: false }
  } catch {
    return { lines: [], failed: true }
  }
}

/** As postconf shows a word: without the blanks inside outer braces, and in braces when it holds blanks. */
function shown({ text }: MasterWord): string {
  const inside = text.startsWith('{') ? text.slice(1, -1).trim() : text
  return /[ \t\r\n]/.test(inside) ? `{${inside}}` : inside
}

const blanks = (text: string) => text.replace(/[ \t\r\n\v\f]+/g, ' ').trim()

function line(service: MasterService): string {
  const args = service.args
    .map(shown)
    .join(' ')
    .replace(/(^| )-(v+)o(?= )/g, '$1-$2 -o')
  const columns = service.words.slice(0, 8).map((word) => word.text)
  return blanks([...columns, args].join(' '))
}

async function load(bytes: Buffer): Promise<MasterCf> {
  await writeFile(join(directory, 'master.cf'), bytes)
  return parseMasterCfBytes(bytes)
}

/** The words alone: postconf shows every option apart from its value. */
const joined = (text: string) =>
  text
    .replace(/[{}=]/g, ' ')
    .replace(/ -(v*)o */g, ' -$1 ')
    .replace(/ -(?= |$)/g, ' ')

/** Returns how many services and overrides were compared. */
function compare(cf: MasterCf): number {
  const services = postconf('-M')
  if (services.failed) {
    expect(cf.problems).not.toEqual([])
    return 0
  }
  if (cf.problems.length > 0) return 0
  expect(cf.services.map((each) => blanks(joined(line(each))))).toEqual(
    services.lines.map((each) => blanks(joined(each))),
  )
  // postconf shows the overrides of a name and type under each of its entries, the last value of a name
  const known = new Map<string, string>()
  for (const shownLine of postconf('-P').lines) {
    const [, key = '', value = ''] = /^(\S+?\/[a-z-]+\/[^ ]+) = ?(.*)$/.exec(shownLine) ?? []
    known.set(key, blanks(value))
  }
  const unique = cf.services.filter(
    (each) =>
      cf.services.filter((other) => other.name === each.name && other.type === each.type).length === 1,
  )
  for (const service of unique) {
    const prefix = `${service.name}/${service.type}/`
    const theirs = Object.fromEntries([...known].filter(([key]) => key.startsWith(prefix)))
    const ours = service.overrides.map(({ name }) => [
      prefix + name,
      blanks(overrideOf(service, name)?.value ?? ''),
    ])
    expect(Object.fromEntries(ours)).toEqual(theirs)
  }
  return cf.services.length + known.size
}

describe.runIf(havePostfix())('the model of master.cf and the real postconf', () => {
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'greyctl-master-'))
    await writeFile(join(directory, 'main.cf'), 'myhostname = mx.example.test\n')
  })
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true })
  })

  it.each(corpusFiles(/master\.cf/))('agree on $name', async ({ bytes }) => {
    compare(await load(bytes))
  })

  it('agree on generated files, before and after an edit', async () => {
    let compared = 0
    await fc.assert(
      fc.asyncProperty(masterConfigurations, async (text) => {
        const cf = await load(Buffer.from(text))
        compared += compare(cf)
        const service = cf.services.at(-1)
        if (service === undefined || cf.problems.length > 0) return
        compared += compare(await load(setOverride(cf, service, 'smtpd_banner', 'two words').toBytes()))
      }),
      { numRuns: 150 },
    )
    expect(compared).toBeGreaterThan(500)
  })
})
