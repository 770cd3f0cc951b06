/**
 * Where the two say the same in other words. Each rule turns what postgrey said into what is expected of greyctl, and
 * touches nothing but what it names; docs/postgrey.md lists them. Where they decide differently: departures.ts.
 */
interface Excuse {
  readonly name: string
  /** Of an answer, without `action=`. */
  readonly answer?: (theirs: string, options: readonly string[]) => string
  /** Of a log line. */
  readonly line?: (theirs: string) => string
}

export const EXCUSES: readonly Excuse[] = [
  {
    name: 'the usual header names the program that made it, and its date has a numeric zone',
    answer: (theirs, options) =>
      options.some((option) => option.startsWith('--x-greylist-header'))
        ? theirs
        : theirs.replace(
            /^(PREPEND X-Greylist: delayed \d+ seconds by )postgrey-1\.\d+( at mx\.example\.com; )\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \w+$/,
            '$1greyctl-0.1.0$2DATE',
          ),
  },
  {
    name: '%s and %r are filled in wherever they stand, not only once',
    answer: (theirs) => {
      const [, seconds] = /^DEFER_IF_PERMIT 4\.2\.0 (\d+) of %s s, /.exec(theirs) ?? []
      const [, domain] = / for (\S+) or %r$/.exec(theirs) ?? []
      return seconds === undefined || domain === undefined
        ? theirs
        : theirs.replace('%s', seconds).replace('%r', domain)
    },
  },
  {
    name: 'whitelisted: has the address as Postfix gave it; postgrey writes IPv6 out, in capitals',
    line: (theirs) =>
      theirs.replace(/^(whitelisted: (?:\S*\[)?)[0-9A-F]+(?::[0-9A-F]+){7}(\]?)$/, '$1IPv6$2'),
  },
]

/** What greyctl said, without what can be no other: the date of today, IPv6 as it was spelled. */
export function plain(mine: string): string {
  return mine
    .replace(
      /^(PREPEND X-Greylist: .* at mx\.example\.com; )\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000$/,
      '$1DATE',
    )
    .replace(/^(whitelisted: (?:\S*\[)?)[0-9a-fA-F]*:[0-9a-fA-F:]*(\]?)$/, '$1IPv6$2')
}

export function excusedAnswer(theirs: string, options: readonly string[]): string {
  return EXCUSES.reduce((text, { answer }) => answer?.(text, options) ?? text, theirs)
}

export function excusedLine(theirs: string): string {
  return EXCUSES.reduce((text, { line }) => line?.(text) ?? text, theirs)
}
