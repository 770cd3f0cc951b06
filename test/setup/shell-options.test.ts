import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { optionValue, optionWords, writeOptions } from '../../src/setup/shell-options.js'

const PATH = '/etc/default/postgrey'
const INET = { long: 'inet', short: 'i' }
const DELAY = { long: 'delay' }
const write = (text: string) =>
  writeOptions(text, 'POSTGREY_OPTS', PATH, [
    { ...INET, write: '--inet=127.0.0.1:10023' },
    { long: 'unix', short: 'u', write: undefined },
    { ...DELAY, write: '--delay=60' },
  ])

/** What a shell makes of the file. */
function inShell(text: string): string {
  const ran = spawnSync('sh', ['-c', `${text}\nprintf '%s' "$POSTGREY_OPTS"`], { encoding: 'utf8' })
  expect(ran.status, ran.stderr).toBe(0)
  return ran.stdout
}

describe('writeOptions', () => {
  it.each([
    ["Debian's own", 'POSTGREY_OPTS="--inet=10023"\n', 'POSTGREY_OPTS="--inet=127.0.0.1:10023 --delay=60"\n'],
    [
      "the tutorial's",
      'POSTGREY_OPTS="--inet=10023 --delay=50"\n',
      'POSTGREY_OPTS="--inet=127.0.0.1:10023 --delay=60"\n',
    ],
    [
      'other options and comments',
      '# note\nPOSTGREY_OPTS="--max-age=30 --inet=10023 --privacy" # why\n#POSTGREY_TEXT="Please try again"\n',
      '# note\nPOSTGREY_OPTS="--max-age=30 --inet=127.0.0.1:10023 --privacy --delay=60" # why\n#POSTGREY_TEXT="Please try again"\n',
    ],
    [
      'values as words of their own',
      `POSTGREY_OPTS='-i 10023 --delay 300'\n`,
      `POSTGREY_OPTS='--inet=127.0.0.1:10023 --delay=60'\n`,
    ],
    [
      'a socket gives way',
      'POSTGREY_OPTS="--unix=/run/postgrey --delay=300 -u /run/other"\n',
      'POSTGREY_OPTS="--delay=60 --inet=127.0.0.1:10023"\n',
    ],
    ['no quotes', 'POSTGREY_OPTS=--inet=10023\n', 'POSTGREY_OPTS="--inet=127.0.0.1:10023 --delay=60"\n'],
    ['an empty value', 'POSTGREY_OPTS=""\n', 'POSTGREY_OPTS="--inet=127.0.0.1:10023 --delay=60"\n'],
    ['no line', '# nothing\n', '# nothing\nPOSTGREY_OPTS="--inet=127.0.0.1:10023 --delay=60"\n'],
    ['an empty file', '', 'POSTGREY_OPTS="--inet=127.0.0.1:10023 --delay=60"\n'],
    [
      'a text with spaces',
      `POSTGREY_OPTS="--inet=10023 --greylist-text='come back, --delay=9 later' --delay=300"\n`,
      `POSTGREY_OPTS="--inet=127.0.0.1:10023 --greylist-text='come back, --delay=9 later' --delay=60"\n`,
    ],
    [
      'a text in escaped quotes',
      `POSTGREY_OPTS="--greylist-text=\\"come back\\" --inet=10023"\n`,
      `POSTGREY_OPTS="--greylist-text=\\"come back\\" --inet=127.0.0.1:10023 --delay=60"\n`,
    ],
    [
      'folded over lines',
      'POSTGREY_OPTS="--inet=10023 \\\n  --privacy"\n',
      'POSTGREY_OPTS="--inet=127.0.0.1:10023 \\\n  --privacy --delay=60"\n',
    ],
    [
      'the last line counts',
      'POSTGREY_OPTS="--inet=1"\nPOSTGREY_OPTS="--inet=2"\n',
      'POSTGREY_OPTS="--inet=1"\nPOSTGREY_OPTS="--inet=127.0.0.1:10023 --delay=60"\n',
    ],
  ])('%s', (_, before, after) => {
    expect(write(before)).toBe(after)
    expect(write(after)).toBe(after)
    expect(inShell(after)).toContain('--delay=60')
  })

  it.each([
    ['a value made of parts', 'A="x"\nPOSTGREY_OPTS="--inet=10023"$MORE\n', '/etc/default/postgrey:2'],
    ['a quote that is never closed', 'POSTGREY_OPTS="--inet=10023\n', '/etc/default/postgrey:1'],
  ])('refuses %s, and says where', (_, text, where) => {
    expect(() => write(text)).toThrow(expect.objectContaining({ code: 'config-invalid', where }))
  })

  it('keeps every other option, in its order, whatever stands around', () => {
    const other = fc.constantFrom(
      '--privacy',
      '--max-age=30',
      '--hostname=mx',
      "--greylist-text='a b'",
      '-v',
      '--retry-window 2',
    )
    const ours = fc.constantFrom('--inet=10023', '-i 60000', '--unix=/run/x', '--delay=5', '--delay 7')
    const line = fc.array(fc.oneof(other, ours), { maxLength: 8 })
    fc.assert(
      fc.property(line, fc.constantFrom(' ', '  ', '\t'), (words, glue) => {
        const text = `POSTGREY_OPTS="${words.join(glue)}"\n`
        const written = write(text)
        const kept = (value: string) =>
          optionWords(value, 'POSTGREY_OPTS', PATH)
            .map((word) => word.text)
            .filter((word) => /^--?(privacy|max-age|hostname|greylist|v$|retry)|^2$/.test(word))
        expect(kept(written)).toEqual(kept(text))
        const after = optionWords(written, 'POSTGREY_OPTS', PATH)
        expect(optionValue(after, INET)).toBe('127.0.0.1:10023')
        expect(optionValue(after, DELAY)).toBe('60')
        expect(optionValue(after, { long: 'unix', short: 'u' })).toBeUndefined()
        expect(write(written)).toBe(written)
      }),
    )
  })
})
