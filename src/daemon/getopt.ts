import { GreyctlError } from '../errors.js'

/** postgrey's options by all their names, as it gives them to Getopt::Long (postgrey 1.37). */
const NAMES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(
    [
      ...[
        'help',
        'man',
        'version',
        'noaction',
        'verbose',
        'quiet',
        'daemonize',
        'unix',
        'inet',
        'socketmode',
      ],
      ...['user', 'group', 'dbdir', 'pidfile', 'delay', 'max-age', 'lookup-by-subnet', 'lookup-by-host'],
      ...['ipv4cidr', 'ipv6cidr', 'auto-whitelist-clients', 'whitelist-clients', 'whitelist-recipients'],
      ...[
        'syslog-facility',
        'retry-window',
        'greylist-action',
        'greylist-text',
        'privacy',
        'hostname',
        'exim',
      ],
      ...['listen-queue-size', 'x-greylist-header'],
    ].map((name) => [name, name]),
  ),
  syslogfacility: 'syslog-facility',
  facility: 'syslog-facility',
  'no-action': 'noaction',
  h: 'help',
  n: 'noaction',
  v: 'verbose',
  q: 'quiet',
  d: 'daemonize',
  u: 'unix',
  i: 'inet',
}
const MAY_LACK_VALUE = 'auto-whitelist-clients'
const LACKED = '5'

/**
 * The words as node:util's parseArgs takes them, `--name` and `--name=value`, from all that Getopt::Long takes: names in
 * any case and cut short as long as only one of postgrey's is meant, one dash for two, a value in the next word, also one
 * that begins with a dash, or left out where postgrey has one ready. `valued`: does an option take a value? undefined: there
 * is no such option. Throws GreyctlError('usage') for a name that means several.
 */
export function longForm(
  argv: readonly string[],
  valued: (name: string) => boolean | undefined,
): readonly string[] {
  const args: string[] = []
  const words = argv.values()
  for (const word of words) {
    const [, dashes, said = '', value] = /^(--|-|\+)([a-z][a-z\d-]*)(?:=(.*))?$/is.exec(word) ?? []
    const name = dashes && wholeName(said.toLowerCase(), valued)
    if (!name || (dashes === '+' && valued(name) === undefined)) args.push(word)
    else if (value !== undefined) args.push(`--${name}=${value}`)
    else if (valued(name) === true && name !== MAY_LACK_VALUE) {
      const { value: next } = words.next()
      args.push(next === undefined ? `--${name}` : `--${name}=${next}`)
    } else args.push(`--${name}`)
  }
  return args.flatMap((word, at) => {
    if (at > 0 && args[at - 1] === `--${MAY_LACK_VALUE}` && /^\d+$/.test(word)) return []
    if (word !== `--${MAY_LACK_VALUE}`) return [word]
    const next = args[at + 1] ?? ''
    return [`${word}=${/^\d+$/.test(next) ? next : LACKED}`]
  })
}

function wholeName(said: string, valued: (name: string) => boolean | undefined): string {
  const known = NAMES[said] ?? (valued(said) === undefined ? undefined : said)
  if (known !== undefined) return known
  const meant = new Set(Object.keys(NAMES).flatMap((name) => (name.startsWith(said) ? [NAMES[name]] : [])))
  if (meant.size > 1) {
    throw new GreyctlError(
      'usage',
      `--${said} may be ${[...meant].map((name) => `--${name}`).join(' or ')}`,
      {
        hints: ['write the option in full'],
      },
    )
  }
  const [only = said] = meant
  return only
}
