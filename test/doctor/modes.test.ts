import { expect, it } from 'vitest'
import { BEYOND } from '../../src/doctor/beyond.js'
import { CHECKS } from '../../src/doctor/checks/index.js'
import { INJECTIONS, NOT_INJECTED } from '../lab/injections.js'

/** The ways in which greylisting on Postfix is known to break, from public threads, Postfix's source and its manuals. */
const MODES = `
  policy-daemon-not-running
  policy-port-mismatch
  ipv6-localhost-bind
  policy-host-unresolvable
  unix-socket-missing
  unix-socket-permission
  stale-unix-socket
  port-already-in-use
  policy-daemon-hung
  policy-server-closes-early
  malformed-policy-reply
  wrong-service-on-port
  spawn-process-limit
  spawn-time-limit
  spawn-user-wrong
  firewall-or-netns
  policy-timeout-too-long
  unit-masked-or-disabled
  unit-restart-loop
  stale-pidfile
  init-script-cannot-stop
  two-greylisters-running
  no-systemd-pid1
  unit-order
  options-not-applied
  greylist-text-with-spaces
  policy-before-reject-unauth-destination
  no-relay-guard
  policy-before-permit-mynetworks
  policy-before-permit-sasl
  policy-unreachable-after-permit
  policy-only-in-inactive-list
  check-policy-missing-argument
  policy-bad-transport
  policy-brace-syntax
  restriction-class-undeclared
  restriction-class-undefined
  restriction-class-recursion-or-dup
  lookup-table-inside-access-map
  access-map-ok-in-recipient
  bare-table-without-check
  policy-in-client-or-helo-with-delay-reject-no
  policy-in-data-or-eod
  greylist-before-recipient-validation
  greylist-uses-hard-defer
  warn-if-reject-prefix
  removed-restriction
  relay-vs-recipient-order
  compat-level-0
  duplicate-parameter
  broken-continuation-nonindented
  leading-whitespace-swallowed
  inline-comment-in-value
  comment-or-blank-inside-continuation
  comma-missing-or-doubled
  undefined-name
  master-o-whitespace
  master-duplicate-service
  master-line-not-indented
  submission-inherits-greylisting
  master-override-disables-greylisting
  reinjection-port-greylisted
  config-not-reloaded
  wrong-config-dir
  main-cf-permissions
  crlf-or-bom
  config-overwritten-by-manager
  table-type-unsupported
  berkeley-db-removed
  table-db-missing
  table-db-stale
  regexp-syntax-error
  regexp-file-missing-or-unreadable
  postmap-on-regexp
  table-empty-result
  table-wrong-key
  dynamicmaps-permissions
  all-clients-unknown
  client-is-proxy-ip
  whitelist-ignored
  mynetworks-too-wide
  sender-pool-never-same-ip
  outdated-whitelist
  otp-mails-expire
  retry-outside-window
  never-retried
  early-retry-flood
  backup-mx-not-greylisting
  callout-verification-loop
  postscreen-in-front
  fail2ban-bans-greylisted
  mail-rejected-not-deferred
  sender-treats-450-as-permanent
  greylisting-disabled-but-still-450
  db-permission
  db-corrupt
  bdb-version-upgrade
  disk-full
  db-unavailable-sql
  db-on-volume
  clock-jump
  syslog-tz-mismatch
  out-of-memory
  fd-limit
  selinux-denied
  apparmor-denied
  systemd-sandbox
  container-different-netns
  node-runtime-missing
  no-mail-log-file
  wrong-journal-unit
  rfc3339-timestamps
  maillog-file-in-use
  chroot-dev-log-lost
  journald-rate-limit
  log-unreadable
  rotated-gap
  locale-month-names
  template-without-timestamp
`

it('knows every failure mode: a check for each, or why there is none', () => {
  const modes = MODES.trim().split(/\s+/)
  expect(modes).toHaveLength(119)
  const ids = new Set(CHECKS.map(({ id }) => id))
  const explained = BEYOND.map(({ what }) => what).join('\n')
  expect(modes.filter((id) => !ids.has(id) && !explained.includes(`(${id})`))).toEqual([])
})

it('puts every one of them into a running server, or says why it cannot be put there', () => {
  const injected = new Set(INJECTIONS.map(({ id }) => id))
  const missing = CHECKS.map(({ id }) => id).filter((id) => !injected.has(id))
  expect(missing.sort()).toEqual(Object.keys(NOT_INJECTED).sort())
})
