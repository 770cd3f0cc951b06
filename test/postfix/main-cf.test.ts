import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { GreyctlError } from '../../src/errors.js'
import { assertParses, parseMainCf, parseMainCfBytes } from '../../src/postfix/main-cf.js'
import { corpusFiles } from './corpora.js'

const corpus = corpusFiles(/./)

/** Text made of what main.cf is made of, and of what it should not be made of. */
const fragments = fc.array(
  fc.constantFrom(
    ...[
      'a',
      'foo',
      ' ',
      '\t',
      '\n',
      '\r\n',
      '\r',
      '=',
      ' = ',
      '#',
      '# é',
      ',',
      '{',
      '}',
      '$foo',
      `\${a}`,
      '\0',
    ],
    ...['\f', '\v', '\u00a0', 'permit', '\n  ', '\n\n', '\n#x\n ', 'ü'],
  ),
  { maxLength: 60 },
)

describe('round trip', () => {
  it.each(corpus)('$name', ({ bytes }) => {
    expect(parseMainCfBytes(bytes).toBytes().equals(bytes)).toBe(true)
  })

  it('gives back any text', () => {
    fc.assert(
      fc.property(fragments, (parts) => {
        const text = parts.join('')
        expect(parseMainCf(text).toString()).toBe(text)
        expect(parseMainCf(text).toBytes().toString()).toBe(text)
      }),
      { numRuns: 2000 },
    )
  })

  it('gives back any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(parseMainCfBytes(Buffer.from(bytes)).toBytes().equals(Buffer.from(bytes))).toBe(true)
      }),
    )
  })

  it.runIf(corpus.length > 0)('gives back real files with bytes changed, taken out and put in', () => {
    const mutation = fc.record({
      file: fc.nat({ max: Math.max(corpus.length - 1, 0) }),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.nat({ max: 40 }),
      insert: fc.uint8Array({ maxLength: 12 }),
    })
    fc.assert(
      fc.property(mutation, ({ file, at, cut, insert }) => {
        const bytes = corpus[file]?.bytes ?? Buffer.alloc(0)
        const place = Math.floor(at * bytes.length)
        const mutated = Buffer.concat([bytes.subarray(0, place), insert, bytes.subarray(place + cut)])
        expect(parseMainCfBytes(mutated).toBytes().equals(mutated)).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})

describe('reading', () => {
  it.each([
    ['a = b\n', 'a', 'b', 1],
    ['a=b', 'a', 'b', 1],
    ['a \t =  b c \t\n', 'a', 'b c', 1],
    ['# x\n\na = b,\n   c\n\td\n', 'a', 'b, c d', 3],
    ['a =\n  b\n  # not c\n\n# nor d\n  e\nf = g\n', 'a', 'b e', 1],
    ['a = b\r\n  c\r\n', 'a', 'b c', 1],
    ['a =\n', 'a', '', 1],
    ['a = b # c\n', 'a', 'b # c', 1],
    ['a = b = c\n', 'a', 'b = c', 1],
    ['a\n = b\n', 'a', 'b', 1],
    ['a = b\n c = d\n', 'a', 'b c = d', 1],
    ['a = { x, y }\n', 'a', '{ x, y }', 1],
    ['imap-x_1.y = z', 'imap-x_1.y', 'z', 1],
  ])('%j', (text, name, value, line) => {
    const cf = parseMainCf(text)
    expect(cf.get(name)).toMatchObject({ value, line, duplicates: [] })
    expect(cf.problems).toEqual([])
  })

  it('takes the last definition and names the earlier ones', () => {
    const cf = parseMainCf('a = 1\nb = 2\na = 3\n\na = 4\n')
    expect(cf.get('a')).toMatchObject({ value: '4', line: 5, duplicates: [1, 3] })
    expect(cf.names()).toEqual(['a', 'b'])
    expect(cf.get('c')).toBeUndefined()
  })

  it.each([
    ['a = b\npermit_mynetworks,\n', 'missing-equals', 2, true],
    ['\n= b\n', 'missing-name', 2, true],
    ['  a = b\n c\n', 'leading-whitespace', 1, false],
    ['a = b\nc = d\0e\n', 'nul', 2, true],
    ['a b = c\n', 'missing-equals', 1, true],
  ])('problems of %j', (text, kind, line, fatal) => {
    expect(parseMainCf(text).problems).toMatchObject([{ kind, line, fatal }])
  })

  it('names file and line of what postfix stops on', () => {
    const broken = parseMainCf('a = b\nreject_unauth_destination\n', '/x/main.cf')
    const error = caught(() => assertParses(broken))
    expect(error).toMatchObject({ code: 'config-invalid', where: '/x/main.cf:2' })
    expect(() => assertParses(parseMainCf('  a = b\n'))).not.toThrow()
  })
})

describe('changing', () => {
  it.each([
    ['a = 1\nb = 2\n', 'a = x y\nb = 2\n'],
    ['a=1\nb = 2\n', 'a=x y\nb = 2\n'],
    ['a\t=\t1  \nb = 2\n', 'a\t=\tx y\nb = 2\n'],
    ['a = 1\r\nb = 2\r\n', 'a = x y\r\nb = 2\r\n'],
    ['a =\n  1,\n  # why\n  2\nb = 2\n', 'a = x y\n  # why\nb = 2\n'],
    ['a = 0\na = 1\n', 'a = 0\na = x y\n'],
    ['b = 2\n', 'b = 2\na = x y\n'],
    ['b = 2', 'b = 2\na = x y'],
    ['b = 2\r\n', 'b = 2\r\na = x y\r\n'],
    ['', 'a = x y\n'],
    ['a', 'a\na = x y'],
  ])('set in %j', (before, after) => {
    expect(parseMainCf(before).set('a', 'x y').toString()).toBe(after)
  })

  it.each([
    ['a = 1\nb = 2\n', 'b = 2\n'],
    ['b = 2\na = 1', 'b = 2\n'],
    ['a = 0\nb = 2\n# c\na =\n 1\n # d\n 2\n', 'b = 2\n# c\n # d\n'],
    ['b = 2\n', 'b = 2\n'],
  ])('unset in %j', (before, after) => {
    expect(parseMainCf(before).unset('a').toString()).toBe(after)
  })

  it('reads back what it set, and leaves all other parameters alone', () => {
    const value = fc.stringMatching(/^[a-z{}$,=# ]{0,20}$/).map((text) => text.trim())
    fc.assert(
      fc.property(fragments, value, (parts, written) => {
        const cf = parseMainCf(parts.join(''))
        const changed = cf.set('foo', written)
        expect(changed.get('foo')?.value).toBe(written.replace(/ +/g, ' '))
        for (const name of cf.names().filter((each) => each !== 'foo')) {
          expect(changed.get(name)?.value).toBe(cf.get(name)?.value)
        }
      }),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['a', 'b\nc = d'],
    ['a', ' b'],
    ['a', 'b\0'],
    ['a b', 'c'],
    ['#a', 'c'],
    ['', 'c'],
  ])('refuses to set %j to %j', (name, value) => {
    expect(caught(() => parseMainCf('').set(name, value))).toMatchObject({ code: 'usage' })
  })
})

function caught(action: () => unknown): GreyctlError {
  try {
    action()
  } catch (error) {
    if (error instanceof GreyctlError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}
