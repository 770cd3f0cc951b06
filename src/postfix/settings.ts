import { compareLevels, expandWith } from './expand.js'
import type { MainCf } from './main-cf.js'
import type { MasterService } from './master-cf.js'

/** The settings that count for one smtpd process. */
export interface Settings {
  /** mail_version, as in `3.7.11`. */
  readonly version: string
  /** Not expanded; undefined: not set, and no default is known. */
  raw(name: string): string | undefined
  /** Expanded; empty where nothing is known. Throws GreyctlError('config-invalid') for a parameter that contains itself. */
  get(name: string): string
}

export interface SettingsSources {
  /** The service of master.cf whose overrides count; without it main.cf alone. */
  readonly service?: MasterService
  /** mail_version; default 3.9. */
  readonly version?: string
  /** What postconf(1) says of parameters that neither file sets: the machine's own names and networks are known only so. */
  readonly defaults?: (name: string) => string | undefined
}

const DEFAULT_VERSION = '3.9.0'

/** An `-o` of master.cf over main.cf over the defaults of that version and compatibility level (postconf(5)). */
export function effectiveSettings(cf: MainCf, sources: SettingsSources = {}): Settings {
  const { service, version = DEFAULT_VERSION, defaults } = sources
  const own = new Map(cf.definitions.map(({ name, value }) => [name, value]))
  for (const { name, value } of service?.overrides ?? []) own.set(name, value)
  const raw = (name: string) => {
    if (name === 'mail_version') return version
    return own.get(name) ?? defaults?.(name) ?? defaultValue(name, version)
  }
  return { version, raw, get: expanded(raw, cf.path) }
}

/** Each parameter is expanded once. */
function expanded(raw: Settings['raw'], path: string): Settings['get'] {
  const known = new Map<string, string>()
  return (name) => {
    const value = known.get(name) ?? expandWith(raw, raw(name) ?? '', path)
    known.set(name, value)
    return value
  }
}

/** The same settings with other values, as `-o` on the command line would give them. */
export function withOverrides(settings: Settings, overrides: Readonly<Record<string, string>>): Settings {
  const raw = (name: string) => overrides[name] ?? settings.raw(name)
  return { version: settings.version, raw, get: expanded(raw, 'main.cf') }
}

/** Does this service run in the queue directory as its root? `-` means yes before compatibility level 1 and 3.0 (master(5)). */
export function isChrooted(service: MasterService, settings: Settings): boolean {
  if (service.chroot !== '-') return service.chroot === 'y'
  if (compareLevels(settings.version, '3.0') < 0) return true
  return compareLevels(settings.get('compatibility_level') || '0', '1') < 0
}

function defaultValue(name: string, version: string): string | undefined {
  const since = (least: string) => compareLevels(version, least) >= 0
  const byVersion: Record<string, string | undefined> = {
    // the relay list came with 2.10, and took the guard out of the recipient list's default
    smtpd_relay_restrictions: relayDefault(since),
    smtpd_recipient_restrictions: since('2.10') ? '' : 'permit_mynetworks, reject_unauth_destination',
    smtpd_relay_before_recipient_restrictions: since('3.6')
      ? `\${{$compatibility_level} <level {3.6} ? {no} : {yes}}`
      : 'no',
    relay_domains: since('3.0')
      ? `\${{$compatibility_level} <level {2} ? {$mydestination} : {}}`
      : '$mydestination',
    compatibility_level: since('3.0') ? '0' : '',
  }
  return Object.hasOwn(byVersion, name) ? byVersion[name] : DEFAULTS[name]
}

function relayDefault(since: (version: string) => boolean): string {
  if (!since('2.10')) return ''
  const list = 'permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination'
  return since('3.0') ? `\${{$compatibility_level} <level {1} ? {} : {${list}}}` : list
}

/** postconf -d, for what decides about a mail and is the same on every machine. */
const DEFAULTS: Readonly<Record<string, string>> = {
  smtpd_client_restrictions: '',
  smtpd_helo_restrictions: '',
  smtpd_sender_restrictions: '',
  smtpd_data_restrictions: '',
  smtpd_end_of_data_restrictions: '',
  smtpd_restriction_classes: '',
  smtpd_delay_reject: 'yes',
  smtpd_delay_open_until_valid_rcpt: 'yes',
  smtpd_helo_required: 'no',
  smtpd_reject_unlisted_recipient: 'yes',
  smtpd_reject_unlisted_sender: 'no',
  smtpd_null_access_lookup_key: '<>',
  smtpd_sender_login_maps: '',
  smtpd_sasl_auth_enable: 'no',
  smtpd_milters: '',
  smtpd_proxy_filter: '',
  smtpd_policy_service_default_action: '451 4.3.5 Server configuration problem',
  smtpd_policy_service_timeout: '100s',
  mydestination: '$myhostname, localhost.$mydomain, localhost',
  myorigin: '$myhostname',
  virtual_alias_maps: '$virtual_maps',
  virtual_alias_domains: '$virtual_alias_maps',
  virtual_mailbox_maps: '',
  virtual_mailbox_domains: '$virtual_mailbox_maps',
  virtual_maps: '',
  relay_recipient_maps: '',
  local_recipient_maps: 'proxy:unix:passwd.byname $alias_maps',
  parent_domain_matches_subdomains:
    'debug_peer_list,fast_flush_domains,mynetworks,permit_mx_backup_networks,qmqpd_authorized_clients,relay_domains,smtpd_access_maps',
  recipient_delimiter: '',
  soft_bounce: 'no',
  reject_tempfail_action: 'defer_if_permit',
  unknown_address_tempfail_action: '$reject_tempfail_action',
  access_map_reject_code: '554',
  access_map_defer_code: '450',
  defer_code: '450',
  reject_code: '554',
  relay_domains_reject_code: '554',
  non_fqdn_reject_code: '504',
  invalid_hostname_reject_code: '501',
  unknown_client_reject_code: '450',
  unknown_address_reject_code: '450',
  plaintext_reject_code: '450',
  maps_rbl_reject_code: '554',
}
