import fc from 'fast-check'
import type { Opinion } from '../../src/postfix/evaluator/opinion.js'
import type { Asked } from './relay-question.js'

/** main.cf texts with the lists that relay control depends on, in every shape and layout that people write. */
const plain = fc.constantFrom(
  ...['permit_mynetworks', 'permit_sasl_authenticated', 'PERMIT_MYNETWORKS', 'permit_mynetworks'],
  ...['reject_unauth_destination', 'defer_unauth_destination', 'reject_unauth_destination'],
  ...['permit', 'reject', 'defer', 'permit_auth_destination', 'permit_mx_backup', 'defer_if_permit'],
  ...['reject_unlisted_recipient', 'reject_non_fqdn_sender', 'defer_if_reject'],
  ...['check_client_access hash:/c', 'check_recipient_access { cidr:/r, a=b }', 'sleep 1'],
  ...['check_policy_service inet:127.0.0.1:12340', 'reject_rbl_client zen.example.org'],
  ...['check_policy_service { unix:private/spf, default_action=DUNNO }'],
)
const named = fc.constantFrom('strict', 'friends', '$shared', `\${shared}`, '$(other)', `\${other?{$shared}}`)
const entry = fc.oneof(
  { weight: 8, arbitrary: plain },
  { weight: 2, arbitrary: named },
  { weight: 1, arbitrary: plain.map((text) => `warn_if_reject ${text}`) },
)
const shallow = fc.oneof(
  { weight: 6, arbitrary: plain },
  { weight: 1, arbitrary: plain.map((text) => `warn_if_reject ${text}`) },
)

const separator = fc.constantFrom(
  ...[', ', ' ', ',', ' , ', '\t', ',\n    ', '\n\t', '\n  , ', ',  \n  ', ',\r\n  '],
  ...[',\n  # permit\n  ', '\n\n# reject_unauth_destination\n  '],
)

/** Mostly one style a list; sometimes every gap its own. */
function layout(entries: fc.Arbitrary<string>, minLength: number): fc.Arbitrary<string> {
  const list = fc.array(entries, { minLength, maxLength: 7 })
  const styles = fc.oneof(
    separator.map((style) => [style]),
    fc.array(separator, { minLength: 7, maxLength: 7 }),
  )
  const start = fc.constantFrom(' ', '', '\n    ', '\n # first\n\t', '  ')
  const end = fc.constantFrom('', '', ',', ' ', '\n   # last', ' ,')
  return fc.tuple(list, styles, start, end).map(([items, glue, before, after]) => {
    const body = items
      .map((item, index) => (index === 0 ? item : `${glue[index % glue.length]}${item}`))
      .join('')
    return items.length === 0 ? before.trimEnd() : `${before}${body}${after}`
  })
}

const optionalList = (name: string) =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constantFrom(`${name} =`, `${name} =  `, `${name}=\n # nothing`) },
    { weight: 6, arbitrary: layout(entry, 1).map((value) => `${name} =${value}`) },
  )

const setting = (name: string, ...values: string[]) =>
  fc.option(fc.constantFrom(...values.map((value) => `${name} = ${value}`)), { nil: undefined })

export const configurations: fc.Arbitrary<string> = fc
  .record({
    relay: optionalList('smtpd_relay_restrictions'),
    recipient: optionalList('smtpd_recipient_restrictions'),
    shadowed: fc.option(fc.constant('smtpd_recipient_restrictions = reject'), { nil: undefined }),
    compat: setting('compatibility_level', '0', '2', '3.6', '3.10'),
    first: setting('smtpd_relay_before_recipient_restrictions', 'yes', 'no'),
    strict: layout(shallow, 1).map((value) => `strict =${value}`),
    friends: layout(shallow, 1).map((value) => `friends =${value}`),
    shared: layout(shallow, 1).map((value) => `shared =${value}`),
    other: optionalList('other').map((text) => text?.replace(/strict|friends|\$.*$/gms, 'permit_mynetworks')),
    end: fc.constantFrom('\n', '', '\r\n', '\n\n# end\n', '\n# end', '\r'),
    crlf: fc.boolean(),
  })
  .map(({ shadowed, end, crlf, ...lines }) => {
    const classes = 'smtpd_restriction_classes = strict, friends'
    const all = [classes, shadowed, ...Object.values(lines)].filter((line) => line !== undefined)
    const text = all.join('\n') + end
    return crlf ? text.replace(/\r?\n/g, '\r\n') : text
  })

/** Fixed answers for a seed: the same entry, the same answer, before and after a change. */
export function oracleFor(seed: number, ours: Opinion): (entry: Asked) => Opinion {
  return (asked) => {
    if (isOurs(asked)) return ours
    const all: readonly Opinion[] = asked.name.startsWith('permit')
      ? ['permit', 'dunno']
      : asked.name.startsWith('reject')
        ? ['reject', 'defer', 'dunno', 'defer_if_permit', 'dunno']
        : ['permit', 'reject', 'defer', 'dunno', 'defer_if_permit', 'defer_if_reject', 'dunno']
    let hash = seed
    for (const character of `${asked.name} ${asked.argument ?? ''}`) {
      hash = (Math.imul(hash, 31) + (character.codePointAt(0) ?? 0)) >>> 0
    }
    return seed === 0 ? 'dunno' : (all[(hash >>> 3) % all.length] ?? 'dunno')
  }
}

export function isOurs(asked: Asked): boolean {
  return asked.name === 'check_policy_service' && (asked.argument ?? '').includes('127.0.0.1:10023')
}
