import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseMainCf } from '../../src/postfix/main-cf.js'
import {
  type MasterCf,
  type MasterService,
  parseMasterCf,
  parseMasterCfBytes,
} from '../../src/postfix/master-cf.js'
import {
  insertOverrideToken,
  overrideList,
  overrideOf,
  removeOverride,
  removeOverrideToken,
  setOverride,
} from '../../src/postfix/master-edit.js'
import { corpusFiles } from './corpora.js'
import { masterConfigurations } from './master-configurations.js'

const LIST = 'smtpd_recipient_restrictions'
const main = parseMainCf('')

function first(cf: MasterCf): MasterService {
  const service = cf.services[0]
  if (service === undefined) throw new Error('no service')
  return service
}

/** All but one service, as values. */
function others(cf: MasterCf, service: MasterService): unknown {
  return cf.services
    .filter(({ name, type }) => name !== service.name || type !== service.type)
    .map((each) => [each.words.map((word) => word.text)])
}

describe('master.cf', () => {
  it.each(corpusFiles(/master\.cf/))('keeps every byte of $name, also of pieces of it', ({ bytes }) => {
    const cf = parseMasterCfBytes(bytes)
    expect(cf.toBytes().equals(bytes)).toBe(true)
    // a template's {{ placeholder }} is not to Postfix's taste either
    if (!/\{\{|\{%|PH_/.test(cf.text)) expect(cf.problems).toEqual([])
    for (let end = 0; end < bytes.length; end += 97) {
      const piece = bytes.subarray(0, end)
      expect(parseMasterCfBytes(piece).toBytes().equals(piece)).toBe(true)
    }
  })

  it('keeps every character of any text', () => {
    fc.assert(
      fc.property(fc.oneof(masterConfigurations, fc.string({ unit: 'binary' })), (text) => {
        expect(parseMasterCf(text).toString()).toBe(text)
      }),
    )
  })

  it('reads services, columns, overrides', () => {
    const cf = parseMasterCf(
      [
        '# c',
        'smtp inet n - y - 20 smtpd',
        '  -o { a = b   c }',
        ' # -o no=1',
        '\t-o x=y -v -vo w=1 -oq=7',
        '  -o list={ p q },r',
        'policy unix - n n - 0 spawn user=nobody argv={ /bin/x y }',
        'smtp inet n - n - - smtpd',
        '',
      ].join('\n'),
    )
    expect(cf.problems).toEqual([])
    expect(first(cf)).toMatchObject({
      ...{ name: 'smtp', type: 'inet', line: 2, private: 'n', unprivileged: '-', chroot: 'y', wakeup: '-' },
      ...{ maxproc: '20', command: 'smtpd', stray: [] },
      overrides: [
        { name: 'a', value: 'b c', line: 3 },
        { name: 'x', value: 'y', line: 5 },
        { name: 'w', value: '1', line: 5 },
        { name: 'q', value: '7', line: 5 },
        { name: 'list', value: '{ p q },r', line: 6 },
      ],
    })
    expect(cf.services[1]?.stray.map((word) => word.text)).toEqual(['user=nobody', 'argv={ /bin/x y }'])
    expect(cf.get('smtp', 'inet')?.line).toBe(8)
  })

  it.each([
    ['smtp inet n - y - - \n', 1, /7 fields/],
    ['# x\n\nsmtp tcp n - y - - smtpd\n', 3, /service type/],
    [' smtp inet n - y - - smtpd\n', 1, /whitespace/],
    ['smtp inet n - y - - smtpd\n -o {a b}c\n', 2, /brace/],
    ['smtp inet n - y - - smtpd\n -o {a\n', 2, /brace/],
    ['smtp inet n - yes - 1 smtpd\n', 1, /chroot/],
    ['smtp inet n - y - MAX smtpd\n', 1, /process limit/],
  ])('names what master stops on: %j', (text, line, message) => {
    expect(parseMasterCf(text).problems).toEqual([{ line, message: expect.stringMatching(message) }])
  })

  it('a blank in a short form leaves words behind', () => {
    const service = first(
      parseMasterCf('smtp inet n - y - - smtpd\n -o a=permit_mynetworks, reject -o b=c\n'),
    )
    expect(service.overrides.map(({ name, value }) => [name, value])).toEqual([['a', 'permit_mynetworks,']])
    expect(service.stray.map((word) => word.text)).toEqual(['reject', '-o', 'b=c'])
  })
})

describe('edits of master.cf', () => {
  it.each([
    ['smtp inet n - y - - smtpd', 'smtp inet n - y - - smtpd\n  -o k=v'],
    ['smtp inet n - y - - smtpd\n\t-o a=b\n#end\n', 'smtp inet n - y - - smtpd\n\t-o a=b\n\t-o k=v\n#end\n'],
    ['smtp inet n - y - - smtpd -o a=b\n', 'smtp inet n - y - - smtpd -o a=b -o k=v\n'],
    ['smtp inet n - y - - smtpd\r\n -o a=b\r\n', 'smtp inet n - y - - smtpd\r\n -o a=b\r\n -o k=v\r\n'],
    ['smtp inet n - y - - smtpd\n -o k=1 -o z=1\n', 'smtp inet n - y - - smtpd\n -o k=v -o z=1\n'],
    ['smtp inet n - y - - smtpd\n -ok=1\n', 'smtp inet n - y - - smtpd\n -ok=v\n'],
    ['smtp inet n - y - - smtpd\n -o { k = 1 }\n', 'smtp inet n - y - - smtpd\n -o k=v\n'],
  ])('sets an override: %j', (text, expected) => {
    const cf = parseMasterCf(text)
    const changed = setOverride(cf, first(cf), 'k', 'v')
    expect(changed.text).toBe(expected)
    expect(overrideOf(first(changed), 'k')?.value).toBe('v')
  })

  it('sets and removes what it set, moves nothing else', () => {
    const values = fc.constantFrom(
      'v',
      'a,b',
      'two words',
      '$x',
      '',
      'check_policy_service { inet:h:1, t=1 }',
    )
    let added = 0
    fc.assert(
      fc.property(
        masterConfigurations,
        fc.nat(),
        values,
        fc.constantFrom('own_name', 'x'),
        (text, at, value, name) => {
          const cf = parseMasterCf(text)
          const service = cf.services[at % Math.max(1, cf.services.length)]
          if (service === undefined) return
          const changed = setOverride(cf, service, name, value)
          const now = changed.get(service.name, service.type) as MasterService
          expect(overrideOf(now, name)?.value).toBe(value)
          expect(others(changed, service)).toEqual(others(cf, service))
          expect(now.stray.map((word) => word.text)).toEqual(
            cf.get(service.name, service.type)?.stray.map((word) => word.text),
          )
          const removed = removeOverride(changed, service, name)
          expect(overrideOf(removed.get(service.name, service.type) as MasterService, name)).toBeUndefined()
          expect(others(removed, service)).toEqual(others(cf, service))
          if (name === 'x') return
          expect(removed.text).toBe(text)
          added += 1
        },
      ),
      { numRuns: 1000 },
    )
    expect(added).toBeGreaterThan(300)
  })

  it('puts one word into a list, and takes it out again', () => {
    let inserted = 0
    fc.assert(
      fc.property(masterConfigurations, fc.nat(), fc.nat(), (text, at, where) => {
        const cf = parseMasterCf(text)
        const service = cf.services[at % Math.max(1, cf.services.length)]
        const counted = service && cf.get(service.name, service.type)
        const list = counted && overrideList(main, counted, LIST)
        if (counted === undefined || list === undefined) return
        const gaps = [0, ...list.gapAfter.flatMap((safe, index) => (safe ? [index + 1] : []))]
        const gap = gaps[where % gaps.length] ?? 0
        const word = '$greyctl_check'
        const changed = insertOverrideToken(cf, main, { service: counted, list: LIST, gap }, word)
        const words = overrideList(main, changed.get(counted.name, counted.type) as MasterService, LIST)
        const before = list.tokens.map((token) => token.text)
        expect(words?.tokens.map((token) => token.text)).toEqual(before.toSpliced(gap, 0, word))
        expect(others(changed, counted)).toEqual(others(cf, counted))
        expect(removeOverrideToken(changed, main, { service: counted, list: LIST }, word).text).toBe(text)
        inserted += 1
      }),
      { numRuns: 2000 },
    )
    expect(inserted).toBeGreaterThan(100)
  })

  it('refuses what would not be read back', () => {
    const cf = parseMasterCf('smtp inet n - y - - smtpd\n -o l=a,check_policy_service,b\n')
    const service = first(cf)
    for (const value of ['a\nb', ' a', 'a}', '{', 'a\0']) {
      expect(() => setOverride(cf, service, 'k', value)).toThrow(/one line with its braces/)
    }
    expect(() => setOverride(cf, service, 'k v', 'x')).toThrow(/parameter name/)
    const place = { service, list: 'l' }
    expect(() => insertOverrideToken(cf, main, { ...place, gap: 2 }, 'x')).toThrow(/wants its argument/)
    expect(() => insertOverrideToken(cf, main, { ...place, gap: 1 }, 'x y')).toThrow(/not one word/)
    expect(() => insertOverrideToken(cf, main, { ...place, list: 'm', gap: 0 }, 'x')).toThrow(
      /no m of its own/,
    )
  })
})
