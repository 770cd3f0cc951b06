import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { describe, expect, it } from 'vitest'

/** One import of a file: what it names, and whether nothing but types comes through it. */
interface Import {
  readonly from: string
  readonly target: string
  readonly typeOnly: boolean
}

/** docs/architecture.md: which rooms a room may import, and which only for their types. */
interface Rule {
  readonly rooms: readonly string[]
  readonly types?: readonly string[]
  readonly packages?: readonly RegExp[]
}

const PLAIN_NODE = /^node:(path|url|crypto|net|os|util|zlib|buffer|string_decoder|timers|timers\/promises)$/

const RULES: Readonly<Record<string, Rule>> = {
  commands: {
    rooms: [
      'top',
      'commands',
      'setup',
      'change',
      'doctor',
      'maillog',
      'preview',
      'store',
      'migration',
      'demo',
      'postfix',
      'daemon',
      'ui',
    ],
    types: ['host'],
    packages: [/^@oclif\/core$/, /^node:path$/],
  },
  top: {
    rooms: ['top', 'change', 'daemon', 'host', 'maillog', 'postfix', 'setup', 'store', 'ui'],
    packages: [/^@oclif\/core$/, /^node:(crypto|path|worker_threads)$/],
  },
  setup: {
    rooms: ['postfix', 'greylist'],
    types: ['change', 'host'],
    packages: [/^node:(path|url|crypto|net)$/],
  },
  doctor: {
    rooms: ['postfix', 'greylist', 'maillog'],
    types: ['change', 'host'],
    packages: [/^node:(net|path)$/, /^fastest-levenshtein$/],
  },
  change: { rooms: ['host'], packages: [/^node:(crypto|path)$/, /^diff$/] },
  daemon: {
    rooms: ['greylist', 'store'],
    types: [],
    packages: [/^node:/, /^valibot$/, /^toml-eslint-parser$/, /^fastest-levenshtein$/],
  },
  demo: { rooms: [], types: ['host'], packages: [/^node:(crypto|path)$/] },
  migration: { rooms: ['greylist', 'store'], types: ['host'], packages: [/^node:crypto$/] },
  store: { rooms: ['greylist'], packages: [/^node:/, /^lmdb$/, /^iovalkey$/] },
  postfix: { rooms: [], packages: [/^node:(net|path)$/, /^ipaddr\.js$/] },
  maillog: { rooms: [], packages: [PLAIN_NODE, /^ipaddr\.js$/, /^tldts$/] },
  preview: { rooms: ['greylist', 'maillog'] },
  greylist: { rooms: [], packages: [/^ipaddr\.js$/, /^tldts$/, /^node:net$/] },
  host: { rooms: [], packages: [/^node:/, /^execa$/] },
  ui: {
    rooms: [],
    types: ['change', 'demo', 'doctor', 'maillog', 'preview', 'setup', 'store', 'postfix'],
    packages: [/^chalk$/, /^inquirer$/, /^cli-table3$/, /^log-update$/, /^slice-ansi$/, /^node:fs$/],
  },
}

/** Files of a pure room that take a host as a value. */
const TAKES_HOST = new Set([
  'postfix/probe.ts',
  'postfix/postconf.ts',
  'postfix/candidate.ts',
  'maillog/rsyslog.ts',
  'maillog/sources.ts',
  'maillog/why.ts',
  'maillog/follow.ts',
  'maillog/read.ts',
  'maillog/report/follow-report.ts',
  'maillog/scan-thread.ts',
  'maillog/report/report-log.ts',
  'maillog/verify.ts',
  'preview/preview.ts',
])

function roomOf(file: string): string {
  return file.includes('/') ? (file.split('/')[0] ?? '') : 'top'
}

/** Comments go first, so that an example in one is no import. */
function importsOf(file: string, source: string): readonly Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
  const found = code.matchAll(
    /\b(?:import|export)\s+(type\s+)?(?:([\w*{][^'";]*?)\s+from\s+)?['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/g,
  )
  return [...found].map(([, type, names = '', fixed, dynamic]) => ({
    from: file,
    target: fixed ?? dynamic ?? '',
    typeOnly: type !== undefined || onlyTypes(names),
  }))
}

/** `{ type A, type B }` brings nothing to run. */
function onlyTypes(names: string): boolean {
  const inside = /^\{([^}]*)\}$/.exec(names.trim())?.[1]
  const parts =
    inside
      ?.split(',')
      .map((part) => part.trim())
      .filter(Boolean) ?? []
  return parts.length > 0 && parts.every((part) => part.startsWith('type '))
}

/** Why an import is not allowed; undefined when it is. */
function judge({ from, target, typeOnly }: Import): string | undefined {
  const room = roomOf(from)
  const rule = RULES[room]
  if (rule === undefined) return `${from}: no rule for the room ${room}`
  if (!target.startsWith('.')) {
    const allowed = rule.packages?.some((known) => known.test(target)) ?? false
    return allowed ? undefined : `${from} imports the package ${target}`
  }
  const file = normalize(join(dirname(from), target))
  const other = roomOf(file)
  if (other === room || ['dns-answer.js', 'errors.js', 'hash.js'].includes(file)) return undefined
  if (room === 'daemon' && from === 'daemon/main.ts' && other === 'host') return undefined
  if (other === 'host' && typeOnly && TAKES_HOST.has(from)) return undefined
  if (rule.rooms.includes(other)) return undefined
  if (rule.types?.includes(other) && typeOnly) return undefined
  return `${from} imports ${typeOnly ? 'types of ' : ''}${file}`
}

/** doctor/facts.ts lists all facts; who gathers one takes that list's type, to ask for the others. */
const isFactList = ({ from, typeOnly }: Import, file: string) =>
  typeOnly && from.startsWith('doctor/facts/') && file === 'doctor/facts.ts'

/** A path of files that import each other in a circle, types included: who reads one would have to read all. */
function circles(imports: readonly Import[]): readonly string[] {
  const edges = new Map<string, string[]>()
  for (const one of imports) {
    const { from, target } = one
    if (!target.startsWith('.')) continue
    const file = normalize(join(dirname(from), target)).replace(/\.js$/, '.ts')
    if (isFactList(one, file)) continue
    edges.set(from, [...(edges.get(from) ?? []), file])
  }
  const done = new Set<string>()
  const found: string[] = []
  const visit = (file: string, path: readonly string[]) => {
    if (path.includes(file)) found.push([...path.slice(path.indexOf(file)), file].join(' -> '))
    if (done.has(file) || path.includes(file)) return
    for (const next of edges.get(file) ?? []) visit(next, [...path, file])
    done.add(file)
  }
  for (const file of edges.keys()) visit(file, [])
  return found
}

const SOURCES = join(import.meta.dirname, '..', 'src')
const files = readdirSync(SOURCES, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => relative(SOURCES, join(entry.parentPath, entry.name)))
  .sort()
const sources = new Map(files.map((file) => [file, readFileSync(join(SOURCES, file), 'utf8')]))
const imports = [...sources].flatMap(([file, source]) => importsOf(file, source))

describe('the house', () => {
  it('has imports to judge in every room', () => {
    const rooms = new Set(files.map(roomOf))
    for (const room of [
      'commands',
      'setup',
      'change',
      'doctor',
      'host',
      'postfix',
      'ui',
      'daemon',
      'greylist',
      'store',
      'maillog',
    ]) {
      expect(rooms).toContain(room)
    }
    expect(imports.length).toBeGreaterThan(100)
  })

  it('lets arrows point one way', () => {
    expect(imports.flatMap((one) => judge(one) ?? [])).toEqual([])
  })

  it('has no circles', () => {
    expect(circles(imports)).toEqual([])
  })

  it('prints in one place', () => {
    const printers = [...sources].filter(([, source]) =>
      /\bconsole\.|process\.std(?:out|err)\.write|writeSync\([12]\b/.test(source),
    )
    const rooms = printers.map(([file]) => file).filter((file) => !['ui', 'daemon'].includes(roomOf(file)))
    expect(rooms).toEqual([])
  })

  it('has files of one idea', () => {
    const long = [...sources]
      .map(([file, source]) => [file, source.split('\n').length] as const)
      .filter(([, lines]) => lines > 330)
    expect(long).toEqual([])
  })
})

describe('the judge', () => {
  it.each([
    ['greylist/decide.ts', "import { open } from 'lmdb'", 'imports the package lmdb'],
    ['postfix/main-cf.ts', "import type { Host } from '../host/host.js'", 'imports types of host/host.js'],
    ['setup/plan.ts', "import { applyPlan } from '../change/apply.js'", 'imports change/apply.js'],
    ['setup/plan.ts', "import { type Plan, applyPlan } from '../change/apply.js'", 'imports change/apply.js'],
    ['change/apply.ts', "export * from '../ui/print.js'", 'imports ui/print.js'],
    ['ui/x.ts', "const x = await import('execa')", 'imports the package execa'],
    ['setup/x.ts', "import '../ui/print.js'", 'imports ui/print.js'],
    ['nowhere/x.ts', "import 'node:fs'", 'no rule'],
  ])('%s: %s', (file, source, expected) => {
    expect(importsOf(file, source).map(judge).join()).toContain(expected)
  })

  it('sees a circle', () => {
    const pair = [
      ...importsOf('change/a.ts', "import { b } from './b.js'"),
      ...importsOf('change/b.ts', "import type { A } from './a.js'"),
    ]
    expect(circles(pair)).toEqual(['change/a.ts -> change/b.ts -> change/a.ts'])
  })

  it('lets types through where only types may pass', () => {
    const allowed = importsOf('setup/plan.ts', "import type { Plan } from '../change/plan.js'")
    expect(allowed.map(judge)).toEqual([undefined])
  })
})
