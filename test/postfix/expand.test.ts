import { describe, expect, it } from 'vitest'
import { compareLevels, expandParameters } from '../../src/postfix/expand.js'
import { parseMainCf } from '../../src/postfix/main-cf.js'

const cf = parseMainCf(
  'a = 1\nempty =\nb = x$a\nc = $b, $b\nlevel = 3.10\nlist = { p, q }\nhollow = $empty\n',
)

describe('expandParameters', () => {
  it.each([
    ['plain', 'plain'],
    ['$a', '1'],
    ['($a)$(a)', '(1)1'],
    [`\${a}b`, '1b'],
    ['$a.$a', '1.1'],
    ['$$a', '$a'],
    ['$c', 'x1, x1'],
    ['$nothing.', '.'],
    ['5$', '5$'],
    ['$ a', '$ a'],
    [`\${a?yes}`, 'yes'],
    [`\${empty?yes}`, ''],
    [`\${empty:no}`, 'no'],
    [`\${a:no}`, ''],
    [`\${hollow?set}`, 'set'],
    [`\${a?1}\${a:5}`, '1'],
    [`\${nothing:$b}`, 'x1'],
    [`\${a?{yes $b}:{no}}`, 'yes x1'],
    [`\${empty?{yes}:{no}}`, 'no'],
    [`\${empty?{yes}}`, ''],
    [`\${a ? {yes} : {no}}`, 'yes'],
    [`\${{$a} == {1} ? {one} : {other}}`, 'one'],
    [`\${{$a} != {1} ? {other}}`, ''],
    [`\${{$level} >=level {3.9} ? {new} : {old}}`, 'new'],
    [`\${{$level} <level {3.6} ? {no} : {yes}}`, 'yes'],
    [`\${{9} < {10} ? {number}:{text}}`, 'number'],
    ['$list', '{ p, q }'],
    [`\${a`, `\${a`],
  ])('%j is %j', (value, expected) => {
    expect(expandParameters(cf, value)).toBe(expected)
  })

  it('takes defaults for what main.cf does not set', () => {
    expect(expandParameters(cf, '$a $z', (name) => (name === 'z' ? '$a!' : 'wrong'))).toBe('1 1!')
  })

  it.each(['a = $a\n', 'a = $b\nb = $c\nc = $a\n', 'a = $b$b\nb = $c$c\nc = $a$a\n'])(
    'gives up on %j',
    (text) => {
      expect(() => expandParameters(parseMainCf(text), '$a')).toThrow(/refers to itself/)
    },
  )

  it('gives up on values that grow without end', () => {
    const lines = Array.from({ length: 60 }, (_, at) => `v${at} = $v${at + 1}$v${at + 1}`)
    expect(() => expandParameters(parseMainCf(`${lines.join('\n')}\nv60 = x\n`), '$v0')).toThrow(
      /refers to itself/,
    )
  })
})

it('orders versions by their numbers', () => {
  expect(['3.10', '2.11.3', '3.9', '3', '3.10-20250117'].sort(compareLevels)).toEqual([
    '2.11.3',
    '3',
    '3.9',
    '3.10',
    '3.10-20250117',
  ])
})
