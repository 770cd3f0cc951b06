import fc from 'fast-check'
import { expect, it } from 'vitest'
import { UsualNames } from '../../src/daemon/usual-names.js'

const TYPE = 'smtpd_access_policy'
const WANTED = ['client_address', 'sender', 'recipient']
const OTHERS = ['protocol_state', 'size', 'etrn_domain', 'a.b', 'a-b', 'sender_', 'x']
const usualNames = () => new UsualNames(TYPE, WANTED, { lines: 100, bytes: 4096 })

/** Line by line: the last of doubled names counts. */
function slowly(text: string): string[] {
  const values = new Map(
    text.split('\n').map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
  return WANTED.map((name) => values.get(name) ?? '')
}

const written = (names: readonly string[], values: readonly string[]) =>
  `${names.map((name, at) => `${name}=${name === 'request' ? TYPE : (values[at] ?? '')}`).join('\n')}\n\n`

const layouts = fc
  .shuffledSubarray([...WANTED, ...OTHERS])
  .chain((names) =>
    fc.nat({ max: names.length }).map((at) => [...names.slice(0, at), 'request', ...names.slice(at)]),
  )
const values = fc.array(
  fc.oneof(
    fc.constantFrom('', 'sender=x', '=', 'a\\nb', 'ü', '\0', '.*', '(a+)+$'),
    fc.string({ unit: 'binary-ascii' }).map((text) => text.replace(/[\r\n]/g, '')),
  ),
  { minLength: 12, maxLength: 12 },
)

it('reads what has the same names as reading line by line does', () => {
  fc.assert(
    fc.property(layouts, values, values, fc.string(), (names, first, second, before) => {
      const usual = usualNames()
      usual.learn(written(names, first))
      const request = written(names, second)
      expect(usual.read(`${before}${request}rest`, before.length)).toEqual(slowly(request))
      expect(usual.end).toBe(before.length + request.length)
    }),
  )
})

it('leaves everything else alone: other names, another order, cut off, longer than what counts', () => {
  fc.assert(
    fc.property(layouts, layouts, values, (names, others, texts) => {
      fc.pre(names.join() !== others.join())
      const usual = usualNames()
      usual.learn(written(names, []))
      const request = written(names, texts)
      expect(usual.read(written(others, texts), 0)).toBeUndefined()
      expect(usual.read(request.slice(0, -1), 0)).toBeUndefined()
      expect(usual.read(request.replace(TYPE, 'else'), 0)).toBeUndefined()
      expect(usual.read(request.replace('\n', '\r\n'), 0)).toBeUndefined()
      expect(usual.read(written(['long', ...names], ['x'.repeat(5000)]), 0)).toBeUndefined()
    }),
  )
})

it.each([
  ['a name twice', 'request=smtpd_access_policy\nsender=a\nsender=b\n\n'],
  ['no name', 'request=smtpd_access_policy\n=a\n\n'],
  ['a name that is none', 'request=smtpd_access_policy\na(b=c\n\n'],
  ['carriage returns', 'request=smtpd_access_policy\r\nsender=a\r\n\r\n'],
  [
    'too many',
    `request=smtpd_access_policy\n${Array.from({ length: 100 }, (_, at) => `a${at}=\n`).join('')}\n`,
  ],
])('does not learn from a request with %s', (_, request) => {
  const usual = usualNames()
  usual.learn(request)
  expect(usual.read(request, 0)).toBeUndefined()
})

it('learns anew when a thousand had other names: a probe in between changes nothing', () => {
  const usual = usualNames()
  const [one, other] = [written(['request', 'sender'], []), written(['request', 'recipient'], [])]
  usual.learn(one)
  for (let times = 0; times < 1000; times += 1) usual.learn(other)
  expect(usual.read(one, 0)).toBeDefined()
  usual.learn(other)
  expect(usual.read(other, 0)).toBeDefined()
  expect(usual.read(one, 0)).toBeUndefined()
})
