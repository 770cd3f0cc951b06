import { check } from '../check.js'
import type { TableEntry } from '../facts/table-texts.js'

/** Restrictions that look keys up as access(5) says, by the part of a mail that they look at. */
const ACCESS = /^check_(client|reverse_client_hostname|helo|sender|recipient)_access$/
const INDEXED = /^(?:proxy:)?(hash|btree|lmdb|cdb|dbm|texthash):/

/** Why this key is never asked for; undefined for one that may be. */
function fault(key: string, subject: string, parents: boolean): string | undefined {
  if (key.startsWith('@')) return `a domain is written without its @: ${key.slice(1)}`
  if (key.includes('*')) return `there are no stars: write ${key.replace(/^.*\*\.?/, '')}`
  if (/^[\d.]+\/\d+$/.test(key)) return 'networks with a / are for cidr: tables'
  if (/^\d+(\.\d+){0,2}\.$/.test(key)) return `a network ends without a dot: ${key.slice(0, -1)}`
  if (parents && key.startsWith('.'))
    return `a domain stands for its subdomains without the dot: ${key.slice(1)}`
  if (/^(client|reverse|helo)/.test(subject) && key.includes('@')) return 'a client has no mail address'
  return undefined
}

const wrongKey = check({
  id: 'table-wrong-key',
  title: 'entries of an access table can never match',
  severity: 'warning',
  symptom: 'a rule of check_sender_access or check_client_access has no effect, and nothing says why',
  cause:
    'the key is written in a way in which Postfix does not ask (access(5), "EMAIL ADDRESS PATTERNS" and below)',
  look: ['postmap -q KEY hash:FILE', 'postconf parent_domain_matches_subdomains'],
  remedy:
    'write the key as access(5) has it: user@domain, domain, user@, an address, or a network by its octets',
  autofix: 'manual',
  needs: ['services', 'tableTexts'],
  judge: ({ services, tableTexts }) => {
    const found = new Map<string, { entries: TableEntry[]; why: string; subject: string }>()
    for (const service of services) {
      const parents = /\bsmtpd_access_maps\b/.test(service.get('parent_domain_matches_subdomains'))
      for (const { name, argument = '' } of [...service.lists, ...service.classes].flatMap(
        ({ entries }) => entries,
      )) {
        const subject = ACCESS.exec(name)?.[1]
        if (subject === undefined || !INDEXED.test(argument) || found.has(argument)) continue
        const wrong = (tableTexts.entries(argument) ?? []).flatMap((entry) => {
          const why = fault(entry.key, subject, parents)
          return why === undefined ? [] : [{ entry, why }]
        })
        const [first] = wrong
        if (first) found.set(argument, { entries: wrong.map(({ entry }) => entry), why: first.why, subject })
      }
    }
    return [...found].map(([spec, { entries, why }]) => ({
      detail: `${entries.length === 1 ? 'one key' : `${entries.length} keys`} of ${spec}: ${why}`,
      evidence: entries
        .slice(0, 3)
        .map(({ path, line, key, value }) => ({ ref: `${path}:${line}`, text: `${key} ${value}` })),
      affects: [spec],
      commands: /^(?:proxy:)?texthash:/.test(spec)
        ? ['postfix reload']
        : [`postmap ${spec.replace(/^proxy:/, '')}`],
    }))
  },
})

export const TABLE_KEYS = [wrongKey]
