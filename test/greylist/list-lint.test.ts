import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseClientList } from '../../src/greylist/client-list.js'
import { type ListKind, lintLists } from '../../src/greylist/list-lint.js'

const NOW = Date.UTC(2026, 10, 25) / 1000

const lint = (kind: ListKind, text: string) => lintLists(kind, [{ path: 'list', text }], NOW)
const idsOf = (kind: ListKind, text: string) => lint(kind, text).map(({ line, id }) => [line, id])

describe('a list of clients', () => {
  it.each([
    // what is fine
    ['mail.example.org', undefined],
    ['192.0.2.0/24', undefined],
    ['192.0.2', undefined],
    ['2001:db8::/32', undefined],
    ['/^mx\\d+\\.example\\.org$/', undefined],
    ['/\\.example\\.org$/', undefined],
    ['/(^|\\.)example\\.org$/', undefined],
    ['/^mx.*\\.example\\.org$/', undefined],
    ['/^mx[a-z]*\\d*\\.example\\.org$/', undefined],
    ['/^.*\\.example\\.org$/', undefined],
    ['/^mail-.*\\.example\\.org$/', undefined],
    // what is not
    ['alice@example.org', 'never-matches'],
    ['*.example.org', 'never-matches'],
    ['mail.example.org OK', 'never-matches'],
    ['300.1.2.3', 'never-matches'],
    ['192.0.2.0-192.0.2.255', 'never-matches'],
    ['192.0.2.*', 'never-matches'],
    ['192.0.2.17:25', 'never-matches'],
    ['[192.0.2.17]', 'never-matches'],
    ['m\u00c3\u00bcller.example', 'never-matches'],
    ['http://mail.example.org/', 'never-matches'],
    ['/example\\.org$/i', 'never-matches'],
    ['/@example\\.org$/', 'never-matches'],
    ['com', 'broad'],
    ['co.uk', 'broad'],
    ['github.io', 'broad'],
    ['unknown', 'broad'],
    ['/unknown/', 'broad'],
    ['/.*/', 'broad'],
    ['/./', 'broad'],
    ['10.0.0.0/8', 'broad'],
    ['2000::/3', 'broad'],
    ['192.0.2.5/24', 'host-bits'],
    ['/^mail\\.example\\.org/', 'unanchored'],
    ['/example\\.org$/', 'unanchored'],
    ['/outlook\\.com/', 'unanchored'],
    ['/^example\\..*$/', 'unanchored'],
    ['/^.*\\.example\\..*$/', 'unanchored'],
    ['/^mail-*\\.outbound\\.example\\.org$/', 'glob'],
    ['/^mail.example.org$/', 'loose-dot'],
    ['/(/', 'unreadable'],
  ])('%s: %s', (entry, id) => {
    expect(lint('clients', entry).map((finding) => finding.id)).toEqual(id === undefined ? [] : [id])
  })

  it('says where the same, or more, is said', () => {
    const text = [
      'mail.example.org',
      'example.org',
      'EXAMPLE.ORG',
      '/^mx\\.example\\.org$/',
      '192.0.2.0/24',
      '192.0.2.7',
    ].join('\n')
    expect(lint('clients', text)).toMatchObject([
      { line: 1, id: 'shadowed', message: 'example.org in list:2 covers it' },
      { line: 3, id: 'duplicate', message: 'said already in list:2' },
      { line: 4, id: 'shadowed' },
      { line: 6, id: 'shadowed', message: '192.0.2.0/24 in list:5 covers it' },
    ])
    expect(idsOf('clients', 'notexample.org\nexample.org\nexample.org.net')).toEqual([])
    const expressions = [
      '/^mail\\d+\\.example\\.org$/',
      '/^(a|b)x?\\.mx\\.example\\.org$/',
      '/\\.EXAMPLE\\.org$/',
    ]
    for (const one of expressions) expect(idsOf('clients', `${one}\nexample.org`)).toEqual([[1, 'shadowed']])
    // matches names outside of it, too
    const wider = ['/^(mx\\.)?example\\.net$/', '/^mx\\.other\\.example$|^mx\\.example\\.org$/']
    for (const one of wider) expect(idsOf('clients', `${one}\nexample.org`)).toEqual([])
    expect(idsOf('clients', '/(^|\\.)notexample\\.org$/\nexample.org')).toEqual([])
  })

  it('says of what never matches nothing else', () => {
    expect(idsOf('clients', '*.example.org\nexample.org')).toEqual([[1, 'never-matches']])
  })

  it('knows what was looked at years ago, by its own date or the one above', () => {
    const text = [
      '# 2004-05-20: seen',
      'one.example',
      'two.example # who, why; 2026-11',
      '',
      '# no date',
      'three.example',
      'four.example # 2023-10',
      'five.example # 2023-11',
    ].join('\n')
    expect(lint('clients', text).map(({ line, message }) => [line, message])).toEqual([
      [2, 'last looked at 2004-05: see whether it still holds'],
      [7, 'last looked at 2023-10: see whether it still holds'],
    ])
  })

  it('never fails, whatever is written, and what it says never matches does not', () => {
    const word = fc.string({ maxLength: 30 }).filter((text) => !/[\n#]/.test(text))
    const host = fc.constantFrom('unknown', 'mx1.some-firm.example', 'mail.example.org')
    fc.assert(
      fc.property(word, host, (entry, name) => {
        const never = lint('clients', entry).some(({ id }) => id === 'never-matches')
        const { list } = parseClientList([{ path: 'list', text: entry }])
        if (never) expect(list.matches(name, [192, 0, 2, 1])).toBe(false)
      }),
    )
  })
})

describe('a list of recipients', () => {
  it.each([
    ['postmaster@', undefined],
    ['alice@example.org', undefined],
    ['example.org', undefined],
    ['/^test-\\d+@/', 'unanchored'],
    ['/^test-\\d+@example\\.org$/', undefined],
    ['@example.org', 'never-matches'],
    ['*@example.org', 'never-matches'],
    ['/^test-*@example\\.org$/', 'glob'],
    ['/^abuse@.*$/', undefined],
    ['org', 'broad'],
    ['/@/', 'broad'],
  ])('%s: %s', (entry, id) => {
    expect(lint('recipients', entry).map((finding) => finding.id)).toEqual(id === undefined ? [] : [id])
  })
})

it('has nothing to say about the lists that come with greyctl', () => {
  for (const kind of ['clients', 'recipients'] as const) {
    const path = `templates/whitelist_${kind}`
    expect(lintLists(kind, [{ path, text: readFileSync(path, 'latin1') }], NOW)).toEqual([])
  }
})

const corpus = join(process.env.GREYCTL_CORPORA ?? '/nonexistent', 'whitelists')
it.skipIf(!existsSync(corpus))('says of postgrey’s own lists what a reader says of them', () => {
  const found = (kind: ListKind) =>
    lint(kind, readFileSync(join(corpus, `postgrey-upstream-whitelist_${kind}`), 'latin1'))
      .filter(({ id }) => id !== 'stale')
      .map(({ id, entry }) => [id, entry])
  expect(found('recipients')).toEqual([])
  expect(found('clients')).toEqual([
    ['loose-dot', '/^odk.fdv.uni-lj.si$/'],
    ['loose-dot', '/^mta[12].siol.net$/'],
    ['loose-dot', '/^smtp\\d+.citigroup.com$/'],
    ['loose-dot', '/^.*?.server.arvato-systems.de$/'],
    ['loose-dot', '/^(?:mail|fallback-mx)\\d+.atl.registeredsite.com$/'],
    ['broad', 'cloudflare.net'],
  ])
})
