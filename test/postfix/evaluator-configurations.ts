import fc from 'fast-check'
import type { Scenario } from '../../src/postfix/evaluator/scenario.js'

/** Tables that the generated lists refer to: by name, type and text. */
export const TABLES = {
  'texthash:SLOT/senders':
    'user@sender.example OK\nsender.example REJECT\n<> DEFER_IF_PERMIT later\nother.example first\n',
  'texthash:SLOT/recipients':
    'alice@example.test DUNNO\nexample.test 450 4.2.0 later\nbob@ REJECT\nrelay.example.test OK\n',
  'texthash:SLOT/clients':
    '203.0.113 DEFER\n198.51.100.7 OK\nfriend.example second, reject\nunknown DEFER_IF_REJECT x\n2001:db8 550 no\n',
  'cidr:SLOT/networks':
    '203.0.113.0/25 DEFER_IF_PERMIT x\n!198.51.100.0/24 DUNNO\n2001:db8::/32 REJECT\n0.0.0.0/0 OK\n',
  'regexp:SLOT/names': '/friend/ OK\n/^unknown$/ warn_if_reject reject\n/\\.example$/ DISCARD\n',
} as const

const ACTIONS = [
  'OK',
  'REJECT',
  'DEFER',
  'DUNNO',
  'DEFER_IF_PERMIT',
  'DEFER_IF_REJECT',
  '450 4.7.1 x',
  'first',
  'DISCARD',
  '12345',
] as const

/** `SLOT` stands for the directory, `POLICY0`… for ports of policy servers. */
const simple = fc.constantFrom(
  ...['permit_mynetworks', 'permit_sasl_authenticated', 'reject_unauth_destination', 'PERMIT_MYNETWORKS'],
  ...[
    'permit_mynetworks',
    'permit_sasl_authenticated',
    'reject_unauth_destination',
    'defer_unauth_destination',
  ],
  ...['permit', 'reject', 'defer', 'defer_if_permit', 'defer_if_reject', 'permit_auth_destination'],
  ...['reject_unknown_client_hostname', 'reject_unknown_reverse_client_hostname', 'reject_non_fqdn_sender'],
  ...['reject_non_fqdn_helo_hostname', 'reject_invalid_helo_hostname', 'reject_non_fqdn_recipient'],
  ...['reject_unauth_pipelining', 'reject_plaintext_session', 'reject_multi_recipient_bounce', 'sleep 0'],
  ...[
    'permit_tls_clientcerts',
    'reject_sender_login_mismatch',
    'reject_unlisted_recipient',
    'check_relay_domains',
  ],
  ...[
    'reject_unknown_client',
    'permit_mx_backup',
    'reject_unlisted_sender',
    'no_such_restriction',
    'sleep x',
  ],
)
const policy = fc.oneof(
  fc.nat({ max: 4 }).map((n) => `check_policy_service inet:127.0.0.1:POLICY${n}`),
  fc
    .nat({ max: 4 })
    .map((n) => `check_policy_service { inet:127.0.0.1:POLICY${n}, timeout=10s, default_action=DUNNO }`),
  fc.constantFrom(
    'check_policy_service { inet:127.0.0.1:1, try_limit=1, retry_delay=1s, default_action=DUNNO }',
    'check_policy_service { inet:127.0.0.1:1, try_limit=1, { default_action = 451 4.3.5 see x } }',
    'check_policy_service { inet:127.0.0.1:1, try_limit=1 }',
  ),
)
/** On which smtpd stops when it starts. */
const unusable = fc.constantFrom(
  ...['tcp:127.0.0.1:1', 'reject', '{ inet, timeout=10s }', '{ UNIX:x }'].map(
    (text) => `check_policy_service ${text}`,
  ),
)
const subject = fc.constantFrom('client', 'reverse_client_hostname', 'helo', 'sender', 'recipient')
const key = fc.constantFrom(
  ...[
    'friend.example',
    'unknown',
    '203.0.113.99',
    '203.0.113',
    'sub.friend.example',
    'user@sender.example',
    'sender.example',
  ],
  ...[
    'example.test',
    'alice@',
    '<>',
    'probe.example',
    'elsewhere.example',
    'user@',
    '198.51',
    'bob@elsewhere.example',
  ],
)
const table = fc.oneof(
  fc.constantFrom(...Object.keys(TABLES)),
  fc.tuple(key, fc.constantFrom(...ACTIONS)).map(([name, action]) => `inline:{ { ${name} = ${action} } }`),
  fc.constantFrom(...ACTIONS.slice(0, 6), 'first').map((action) => `static:${action}`),
  fc.constant('static:{warn_if_reject reject, permit}'),
)
const access = fc.tuple(subject, table).map(([name, spec]) => `check_${name}_access ${spec}`)
const bareTable = table.filter((spec) => !spec.includes('{'))
const named = fc.constantFrom('first', 'second', 'FIRST', '$shared', 'third')
const entry = fc.oneof(
  { weight: 12, arbitrary: simple },
  { weight: 5, arbitrary: access },
  { weight: 3, arbitrary: named },
  { weight: 2, arbitrary: policy },
  { weight: 1, arbitrary: bareTable },
  { weight: 1, arbitrary: fc.constant('warn_if_reject') },
)
const prefixed = fc.oneof(
  { weight: 6, arbitrary: entry },
  { weight: 1, arbitrary: entry.map((text) => `warn_if_reject ${text}`) },
)
const list = (maxLength: number, entries = prefixed) =>
  fc.array(entries, { maxLength }).map((items) => items.join(', '))
const etrnAccess = fc
  .tuple(
    fc.constantFrom('example.test', 'sub.example.test', 'test', 'other.example'),
    fc.constantFrom(...ACTIONS),
  )
  .map(([name, action]) => `check_etrn_access inline:{ { ${name} = ${action} } }`)
const classEntry = fc.oneof(simple, access, policy)

/** Base settings of the instance, whose trivial-rewrite has them too. */
export const JUDGE_BASE = [
  'compatibility_level = 3.6',
  'myhostname = mx.example.test',
  'mydestination = example.test, localhost',
  'mynetworks = 127.0.0.0/8 198.51.100.0/24',
  'relay_domains = relay.example.test',
  'local_recipient_maps =',
  'inet_protocols = all',
  'smtpd_sasl_auth_enable = yes',
  'smtpd_sasl_type = cyrus',
  '',
].join('\n')

export const evaluatorConfigurations: fc.Arbitrary<string> = fc
  .record({
    client: list(2),
    helo: list(2),
    sender: list(2),
    relay: fc.oneof(
      list(4),
      fc.constant('permit_mynetworks, permit_sasl_authenticated, defer_unauth_destination'),
      fc.constant(undefined),
    ),
    recipient: list(5),
    first: fc.array(classEntry, { minLength: 1, maxLength: 3 }).map((items) => items.join(' ')),
    second: list(3, fc.oneof(classEntry, fc.constant('first'), fc.constant('warn_if_reject first'))),
    shared: list(3, classEntry),
    delayed: fc.oneof(
      { weight: 5, arbitrary: fc.constant('yes') },
      { weight: 1, arbitrary: fc.constant('no') },
    ),
    relayFirst: fc.constantFrom('yes', 'no', undefined),
    level: fc.constantFrom('3.6', '3.6', '2', '0'),
    mynetworks: fc.constantFrom(
      '127.0.0.0/8 198.51.100.0/24',
      '127.0.0.0/8 !198.51.100.7 198.51.100.0/24 [2001:db8::]/64',
    ),
    more: fc.array(
      fc.constantFrom(
        ...[
          'soft_bounce = yes',
          'access_map_reject_code = 454',
          'reject_code = 421',
          'defer_code = 550',
          'non_fqdn_reject_code = 450',
        ],
        ...[
          'unknown_client_reject_code = 550',
          'smtpd_reject_unlisted_recipient = no',
          'smtpd_null_access_lookup_key = nobody',
        ],
        ...['recipient_delimiter = +', 'relay_domains_reject_code = 454'],
      ),
      { maxLength: 2 },
    ),
    empty: fc.constantFrom('permit', 'permit', 'permit', ''),
    data: list(2, fc.oneof({ weight: 40, arbitrary: prefixed }, { weight: 1, arbitrary: unusable })),
    endOfData: list(2),
    etrn: list(2, fc.oneof(prefixed, etrnAccess)),
  })
  .map((each) => {
    const optional = (name: string, value: string | undefined) =>
      value === undefined ? [] : [`${name} = ${value}`]
    return [
      JUDGE_BASE.replace(/^(compatibility_level|mynetworks) .*\n/gm, '').trimEnd(),
      `compatibility_level = ${each.level}`,
      `mynetworks = ${each.mynetworks}`,
      `smtpd_restriction_classes = first, second, third`,
      `first = ${each.first}`,
      `second = ${each.second || 'permit_mynetworks'}`,
      `third = ${each.empty}`,
      `shared = ${each.shared}`,
      `smtpd_client_restrictions = ${each.client}`,
      `smtpd_helo_restrictions = ${each.helo}`,
      `smtpd_sender_restrictions = ${each.sender}`,
      ...optional('smtpd_relay_restrictions', each.relay),
      `smtpd_recipient_restrictions = ${each.recipient}`,
      `smtpd_data_restrictions = ${each.data}`,
      `smtpd_end_of_data_restrictions = ${each.endOfData}`,
      `smtpd_etrn_restrictions = ${each.etrn}`,
      `smtpd_delay_reject = ${each.delayed}`,
      ...optional('smtpd_relay_before_recipient_restrictions', each.relayFirst),
      ...each.more,
      '',
    ].join('\n')
  })

const outside = { address: '203.0.113.99' }
const friend = { address: '203.0.113.200', name: 'mail.sub.friend.example' }

/** The domain that is asked for with ETRN. */
export const ETRN_DOMAIN = 'sub.example.test'

export const SCENARIOS: readonly Scenario[] = [
  { client: outside, helo: 'probe.example', sender: 'user@sender.example', recipient: 'alice@example.test' },
  {
    client: outside,
    helo: 'probe.example',
    sender: 'user@sender.example',
    recipient: 'bob@elsewhere.example',
  },
  { client: outside, helo: 'localname', sender: '', recipient: 'dave+x@example.test' },
  {
    client: friend,
    helo: '[203.0.113.200]',
    sender: 'x+y@sub.sender.example',
    recipient: 'carol@relay.example.test',
  },
  {
    client: friend,
    helo: 'in--valid..name',
    sender: 'a@localname',
    recipient: 'erin@sub.relay.example.test',
  },
  {
    client: { address: '198.51.100.7' },
    helo: 'own.example',
    sender: 'joe@example.test',
    recipient: 'bob@elsewhere.example',
  },
  {
    client: { address: '198.51.100.8', reverseName: 'rev.friend.example' },
    helo: '198.51.100.8',
    sender: 'joe@other.example',
    recipient: 'alice@example.test',
  },
  {
    client: { address: '2001:db8::5' },
    helo: 'v6.friend.example',
    sender: '',
    recipient: 'alice@example.test',
  },
  {
    client: outside,
    user: 'joe',
    helo: 'pc',
    sender: 'joe@example.test',
    recipient: 'bob@elsewhere.example',
  },
  {
    client: friend,
    user: 'joe',
    helo: 'pc.example',
    sender: 'user@sender.example',
    recipient: 'frank@sub.example.test',
  },
]
