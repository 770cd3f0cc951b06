/**
 * npm run site: the documentation as a site, in site/dist. The pages are those of the repository; here they get the addresses
 * of a site, and their links with them. A link to what is no page of the site ends the build, as does a dead one (VitePress).
 */
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { build } from 'vitepress'

const site = import.meta.dirname
const root = join(site, '..')
const content = join(site, 'content')

/** Pages outside of docs/, and where they are on the site. */
const OTHERS = {
  'README.md': 'index.md',
  'docs/README.md': 'documentation.md',
  'CHANGELOG.md': 'changelog.md',
  'CONTRIBUTING.md': 'contributing.md',
  'SECURITY.md': 'security.md',
}

/** Where a file of the repository is on the site; undefined: nowhere. */
function place(path) {
  if (path in OTHERS) return OTHERS[path]
  if (!path.startsWith('docs/') || !existsSync(join(root, path))) return undefined
  return path.slice('docs/'.length).replace(/(^|\/)README\.md$/, '$1index.md')
}

/** The target of a link in the file `path`, as the site has it. Throws for one that leads nowhere on it. */
function rewritten(path, target) {
  if (/^[a-z]+:|^#/.test(target)) return target
  const [file = '', anchor] = target.split('#')
  const named = normalize(join(dirname(path), file))
  const found = place(named) ?? place(join(named, 'README.md'))
  if (found === undefined) throw new Error(`${path}: ${target} is no page of the site`)
  const way = relative(dirname(place(path)), found)
  return `${way.startsWith('.') ? way : `./${way}`}${anchor === undefined ? '' : `#${anchor}`}`
}

/** Links change, code does not. */
function page(path) {
  const parts = readFileSync(join(root, path), 'utf8').split(/(^ *```[\s\S]*?^ *```|`[^`\n]*`)/m)
  const text = parts.map((part, at) =>
    at % 2 === 1 ? part : part.replace(/\]\(([^)\s]+)\)/g, (_, target) => `](${rewritten(path, target)})`),
  )
  return text.join('')
}

rmSync(content, { recursive: true, force: true })
const pages = [
  ...Object.keys(OTHERS),
  ...readdirSync(join(root, 'docs'), { recursive: true })
    .map((name) => `docs/${name}`)
    .filter((name) => name.endsWith('.md') && !(name in OTHERS)),
]
for (const path of pages) {
  const target = join(content, place(path))
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, page(path))
}
cpSync(join(root, 'docs/screenshots'), join(content, 'screenshots'), { recursive: true })
writeFileSync(join(site, 'sidebar.json'), JSON.stringify(sidebar()))
await build(site)

/** The index of the documentation is the order of the site: its sections, and the first link of each line. */
function sidebar() {
  const sections = readFileSync(join(content, 'documentation.md'), 'utf8').split(/^## /m).slice(1)
  return sections.map((section) => {
    const [title = '', ...lines] = section.split('\n')
    const links = lines.flatMap((line) => [...line.matchAll(/\[([^\]]+)\]\(([^)]+)\)/g)])
    const items = links.map(([, text, link]) => ({
      // what continues a sentence there says nothing here
      text: /^[a-z]/.test(text) ? heading(link) : text,
      link: `/${link.replace(/^\.\//, '').replace(/\.md$/, '').replace(/\.md#/, '#')}`,
    }))
    return { text: title, items: items.filter(({ link }) => !/:/.test(link)) }
  })
}

/** The first heading of a page of the site. */
function heading(link) {
  const text = readFileSync(join(content, link.replace(/#.*/, '')), 'utf8')
  return /^# (.*)$/m.exec(text)?.[1] ?? link
}
