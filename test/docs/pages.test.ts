import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from 'vitest'
import { commandFile, commandIndex, commandPage } from '../../scripts/command-page.js'
import { parseConfig } from '../../src/daemon/config/file.js'
import { usages } from '../../src/ui/usage/model.js'

const PAGES = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync('docs', { recursive: true })
    .map((name) => `docs/${name}`)
    .filter((name) => name.endsWith('.md')),
]
const texts = new Map(PAGES.map((page) => [page, readFileSync(page, 'utf8')]))

interface Link {
  readonly page: string
  /** In the repository; '' for the page itself. */
  readonly file: string
  readonly anchor: string | undefined
}

/** Links and images of a page that lead into the repository; code is no link. */
function linksOf(page: string): readonly Link[] {
  const prose = (texts.get(page) ?? '').replace(/^( *)```[\s\S]*?^\1```/gm, '').replace(/`[^`\n]*`/g, '')
  const targets = [...prose.matchAll(/\]\(([^)\s]+)\)|<img[^>]* src="([^"]+)"/g)].map(
    (found) => found[1] ?? found[2] ?? '',
  )
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor] = target.split('#')
      return { page, file: path === '' ? page : normalize(join(dirname(page), path)), anchor }
    })
}

/** As GitHub makes them of headings. */
function anchorsOf(page: string): readonly string[] {
  const headings = (texts.get(page) ?? '').replace(/^```[\s\S]*?^```/gm, '').matchAll(/^#+ (.+)$/gm)
  return [...headings].map(([, text = '']) =>
    text
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}

describe('the pages of the documentation', () => {
  it('have no link that leads nowhere', () => {
    const dead = PAGES.flatMap(linksOf).filter(
      ({ file, anchor }) =>
        !existsSync(file) ||
        (anchor !== undefined && file.endsWith('.md') && !anchorsOf(file).includes(anchor)),
    )
    expect(dead.map(({ page, file, anchor }) => `${page}: ${file}${anchor ? `#${anchor}` : ''}`)).toEqual([])
  })

  it('are all reached from README.md', () => {
    const reached = new Set(['README.md'])
    for (const page of reached) {
      for (const { file } of linksOf(page)) {
        const found = texts.has(file) ? file : normalize(join(file, 'README.md'))
        if (texts.has(found)) reached.add(found)
      }
    }
    expect(PAGES.filter((page) => !reached.has(page))).toEqual([])
  })

  const needs = (command: string, flag: string): readonly string[] =>
    MANIFEST.commands[command.replace(' ', ':')]?.flags[flag]?.dependsOn ?? []

  it('name no option that the command has not, and with one those that it needs', () => {
    const flagsOf = new Map(
      usages(MANIFEST.commands).map(({ command, flags }) => [
        command,
        new Set(flags.flatMap(({ name, negatable }) => [name, ...(negatable ? [`no-${name}`] : [])])),
      ]),
    )
    const unknown = [...texts].flatMap(([page, text]) =>
      page === 'CHANGELOG.md'
        ? []
        : [...text.matchAll(/greyctl (([a-z]+)(?: [a-z]+)?)((?: (?!greyctl )[^\s`|;&#]+)*)/g)].flatMap(
            ([line, two = '', one = '']) => {
              const command = flagsOf.has(two) ? two : one
              const flags = flagsOf.get(command)
              const given = [...line.matchAll(/ --([a-z][a-z-]+)/g)].map(([, flag = '']) => flag)
              return given
                .filter((flag) => flags && flag !== 'help' && !flags.has(flag))
                .concat(
                  given.flatMap((flag) => needs(command, flag).filter((other) => !given.includes(other))),
                )
                .map((flag) => `${page}: greyctl ${command} --${flag}`)
            },
          ),
    )
    expect(unknown).toEqual([])
  })

  it('name no script of package.json, and no file of the checkout, that is not there', () => {
    const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'))
    const made = /^(?:site\/dist|out|dist)\b/
    const missing = [...texts].flatMap(([page, text]) => [
      ...[...text.matchAll(/npm run (?:--silent )?([a-z][a-z:]*)/g)]
        .filter(([, name = '']) => !(name in scripts))
        .map(([found]) => `${page}: ${found}`),
      ...[
        ...text.matchAll(
          /(?<![\w/.-])(?:test|scripts|src|bench|packaging|templates|bin)\/[\w./-]*\w(?![\w*-])/g,
        ),
      ]
        .filter(([path]) => !made.test(path) && !existsSync(path))
        .map(([path]) => `${page}: ${path}`),
    ])
    expect(missing).toEqual([])
  })
})

describe('what pages show', () => {
  const blocks = [...texts].flatMap(([page, text]) =>
    [...text.matchAll(/^```toml\n([\s\S]*?)^```$/gm)].map(([, toml = '']) => [page, toml] as const),
  )
  it.each(blocks)('%s: a configuration that the daemon takes', (page, toml) => {
    expect(Object.keys(parseConfig(toml, page).settings)).not.toEqual([])
  })

  const figures = (page: string) => texts.get(page)?.replace(/(\d),(?=\d{3})/g, '$1') ?? ''
  /** Of the table that npm run simulate writes, by the greylister. */
  const simulated = new Map(
    [
      ...figures('docs/benchmarks.md').matchAll(
        /^\| ((?:greyctl|postgrey)[^|]*, \d+ s, [^|]*?) \| (.*) \|$/gm,
      ),
    ].map(([, name = '', cells = '']) => [name, cells.split(' | ')]),
  )
  it('does-it-help.md: the figures of the simulation', () => {
    const quoted = [
      ...figures('docs/does-it-help.md').matchAll(/^\| ([^|]+ s, [^|]*?) \| (\d+) \| (\d+) \| (\d+) \|$/gm),
    ]
    expect(quoted.length).toBe(3)
    for (const [, name = '', ...cells] of quoted)
      expect([name, ...cells]).toEqual([name, ...(simulated.get(name) ?? []).slice(0, 3)])
  })
  it('microsoft-365.md: how long a pool without names waits', () => {
    const [, own, other] =
      /waits (\d+) s on average, and (\d+) s/.exec(
        figures('docs/how-to/microsoft-365.md').replace(/\n/g, ' '),
      ) ?? []
    const pool = (name: string) => simulated.get(name)?.[4]
    expect([own, other]).toEqual([
      pool('greyctl, 60 s, no whitelist'),
      pool('greyctl --identity=subnet, 60 s, no whitelist'),
    ])
  })
})

const MANIFEST = JSON.parse(readFileSync('oclif.manifest.json', 'utf8'))

describe('docs/commands (npm run docs writes them)', () => {
  const commands = usages(MANIFEST.commands)
  const text = (name: string) => readFileSync(`docs/commands/${name}`, 'utf8')

  it('has a page for each command, and no other', () => {
    const names = ['README.md', ...commands.map(({ command }) => commandFile(command))]
    expect(readdirSync('docs/commands').sort()).toEqual(names.sort())
    expect(text('README.md')).toBe(commandIndex(commands))
  })

  it.each(commands.map((usage) => [usage.command, usage] as const))('%s', (command, usage) => {
    expect(text(commandFile(command)), 'npm run docs').toBe(commandPage(usage))
  })
})
