import { listWords } from '../../postfix/restriction-list.js'
import type { Entry } from '../facts/services.js'
import type { Facts } from '../facts.js'

/** postconf(5), smtpd_*_restrictions: every restriction of Postfix 2.3 to 3.11. */
export const KNOWN =
  /^(permit|reject|defer|defer_if_permit|defer_if_reject|sleep|warn_if_reject|check_policy_service|check_relay_domains|check_(ccert|sasl|etrn)_access|check_(client|reverse_client_hostname|helo|sender|recipient)(_(mx|ns|a))?_access|permit_(auth_destination|inet_interfaces|mx_backup|mynetworks|naked_ip_address|sasl_authenticated|tls_all_clientcerts|tls_clientcerts|dnswl_client|rhswl_client)|(reject|defer)_unauth_destination|reject_(invalid|non_fqdn|unknown)(_helo)?_hostname|reject_non_fqdn_(sender|recipient)|reject_(rbl|rbl_client|maps_rbl|multi_recipient_bounce|plaintext_session|unauth_pipelining)|reject_rhsbl_(client|reverse_client|helo|sender|recipient)|reject_unknown_(client|client_hostname|sender_domain|recipient_domain|address|forward_client_hostname|reverse_client_hostname)|reject_(unlisted|unverified)_(sender|recipient)|reject_((un)?authenticated_|known_)?sender_login_mismatch)$/

/** Each entry once, however many services share the list. */
export function entriesOf(services: Facts['services']) {
  const owners = new Map(services.flatMap((service) => service.lists.map((list) => [list, service] as const)))
  const seen = new Map<string, { service: Facts['services'][number]; list: string; entry: Entry }>()
  for (const [list, service] of owners) {
    for (const entry of list.entries) {
      const key = `${list.name} ${entry.name} ${entry.argument} ${entry.where.ref}`
      if (!seen.has(key)) seen.set(key, { service, list: list.name, entry })
    }
  }
  return [...seen.values()]
}

const classesOf = (services: Facts['services']) =>
  new Set(
    services.flatMap((service) =>
      listWords(service.get('smtpd_restriction_classes')).map((name) => name.toLowerCase()),
    ),
  )

export function unknownEntries(services: Facts['services']) {
  const classes = classesOf(services)
  return entriesOf(services).filter(
    ({ entry: { name } }) => !KNOWN.test(name) && !classes.has(name) && !/[:{}#$]/.test(name),
  )
}
