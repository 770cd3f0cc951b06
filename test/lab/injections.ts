/** A fault that is put into a running server. Shell scripts, run as root inside. */
export interface Injection {
  /** What doctor must name. */
  readonly id: string
  readonly inject: string
  /** Beyond putting /etc/postfix back and reloading. */
  readonly restore?: string
  /** Other findings that are true of the broken server. */
  readonly also?: readonly string[]
  /** Who is asked then takes everything: mail is not put off when doctor --fix has mended it. */
  readonly asksNoGreylister?: true
  /** The Debian release in which it can happen; all without it. */
  readonly only?: 'bookworm'
  /** More options for doctor. */
  readonly options?: string
  /** Who looks, other than root. */
  readonly user?: string
  /** Whether Postfix is to read the broken configuration (default), or does not hear of it. */
  readonly reload?: false
}

const MAIN = '/etc/postfix/main.cf'
const MASTER = '/etc/postfix/master.cf'

const append = (file: string, ...lines: string[]) => `cat >>${file} <<'EOF'\n${lines.join('\n')}\nEOF\n`
const endpoint = (other: string) => `sed -i 's#inet:127.0.0.1:10023#${other}#' ${MAIN}\n`
const list = (value: string) =>
  `sed -i 's#^smtpd_recipient_restrictions = .*#smtpd_recipient_restrictions = ${value}#' ${MAIN}\n`

/** A server on the loopback, or on a socket, that treats every connection with a line of JavaScript. */
const server = (place: string, code: string) =>
  `mkdir -p /var/spool/postfix/lab; rm -f /var/spool/postfix/lab/socket
   setsid node -e 'require("net").createServer((s) => { s.on("error", () => {}); ${code} }).listen(${place})' >/dev/null 2>&1 &
   echo $! >/root/server.pid
   n=0; until ss -Hlntxp | grep -q "pid=$(cat /root/server.pid),"; do n=$((n + 1)); [ $n -lt 100 ] || exit 9; sleep 0.05; done\n`
const stopServer = 'kill -9 $(cat /root/server.pid) 2>/dev/null; rm -rf /var/spool/postfix/lab'
const ANSWER = 's.on("data", (d) => /\\n\\n$/.test(d) && s.write("action=DUNNO\\n\\n"))'

const daemon = (port: number) =>
  `setsid node /opt/greyctl/dist/daemon/main.js --inet=127.0.0.1:${port} --store=memory: >/dev/null 2>&1 &
   echo $! >/root/server.pid
   n=0; until ss -Hlnt | grep -q ':${port} '; do n=$((n + 1)); [ $n -lt 100 ] || exit 9; sleep 0.05; done\n`

const POLICY = `cat >/usr/local/bin/lab-policy <<'EOF'
#!/bin/sh
while read -r line; do [ -n "$line" ] || printf 'action=DUNNO\\n\\n'; done
EOF
chmod 755 /usr/local/bin/lab-policy\n`
const spawn = (limit: string, user = 'nobody') =>
  `${POLICY}${endpoint('unix:private/lab-policy')}${append(MASTER, `lab-policy unix - n n - ${limit} spawn`, `  user=${user} argv=/usr/local/bin/lab-policy`)}`
const timeLimit = append(MAIN, 'lab-policy_time_limit = 3600')
const submission = (...options: string[]) => append(MASTER, 'submission inet n - y - - smtpd', ...options)
const table = (type: string) =>
  `${list(`permit_mynetworks, check_client_access ${type}:/etc/postfix/lab, permit_sasl_authenticated, $greyctl_check`)}`

/**
 * Postfix waits with a main.cf that was written in this second or the one before (dict_load_file_xt in dict.c), each of its
 * programs anew. These were edited a moment ago.
 */
export const RELOAD = `touch -d '3 seconds ago' ${MAIN} ${MASTER}; postfix reload 2>/dev/null`

/** A mail from outside, after a reload, and its lines in the log. Whatever it is answered within so many seconds. */
const mail = (seconds = 8) => `${RELOAD}
swaks --server 192.0.2.25 --local-interface 198.51.100.11 --helo mx2.good.example --timeout ${seconds} --from b@good.example --to alice@example.test >/dev/null 2>&1 || true; sleep 0.5\n`

/** Lines of an old log: when, as date(1) understands it, and what. */
const lines = (file: string, rows: readonly (readonly [string, string])[]) =>
  `{ ${rows.map(([when, text]) => `echo "$(date -d '${when}' --iso-8601=seconds) mx ${text}"`).join('\n')}\n} >${file}\n`
const putOff = (client: string, from: string, to = 'alice') =>
  `postfix/smtpd[77]: NOQUEUE: reject: RCPT from ${client}: 450 4.2.0 <${to}@example.test>: Recipient address rejected: Greylisted, come back later; from=<${from}> to=<${to}@example.test> proto=ESMTP helo=<x.example>`
const letIn = (delay: number, from: string, to = 'alice') =>
  `greyctl[7]: action=pass, reason=triplet found, delay=${delay}, client_name=mail.good.example, client_address=198.51.100.10, sender=${from}, recipient=${to}@example.test`
const NOTHING_SINCE: readonly [string, string] = [
  'now',
  'postfix/smtpd[78]: connect from x.example[198.51.100.10]',
]
const many = <T>(count: number, make: (at: number) => T) => Array.from({ length: count }, (_, at) => make(at))
const oldLog = (rows: readonly (readonly [string, string])[]) => ({
  inject: lines('/root/old.log', [...rows, NOTHING_SINCE]),
  restore: 'rm -f /root/old.log',
  options: '--log /root/old.log',
  reload: false as const,
})
const inRotated = (text: string) => ({
  inject: text,
  restore: 'rm -f /var/log/mail.log.1',
  reload: false as const,
})

export const INJECTIONS: readonly Injection[] = [
  {
    id: 'policy-daemon-not-running',
    inject: 'systemctl stop greyctl.socket greyctl.service',
    restore: 'systemctl start greyctl.socket greyctl.service',
    reload: false,
  },
  { id: 'policy-port-mismatch', inject: endpoint('inet:127.0.0.1:10024') },
  { id: 'ipv6-localhost-bind', inject: endpoint('inet:[::1]:10023') },
  { id: 'policy-host-unresolvable', inject: endpoint('inet:grey.invalid:10023') },
  { id: 'firewall-or-netns', inject: endpoint('inet:240.0.0.1:10023') },
  { id: 'unix-socket-missing', inject: endpoint('unix:greyctl/socket') },
  {
    id: 'unix-socket-permission',
    asksNoGreylister: true,
    inject: `${server('"/var/spool/postfix/lab/socket"', ANSWER)}chmod 700 /var/spool/postfix/lab\n${endpoint('unix:lab/socket')}`,
    restore: stopServer,
  },
  {
    id: 'stale-unix-socket',
    inject: `${server('"/var/spool/postfix/lab/socket"', ANSWER)}chmod 666 /var/spool/postfix/lab/socket; kill -9 $(cat /root/server.pid)\n${endpoint('unix:lab/socket')}`,
    restore: stopServer,
  },
  {
    id: 'port-already-in-use',
    inject: `systemctl stop greyctl.socket greyctl.service\n${server('10023, "127.0.0.1"', ANSWER)}systemctl start greyctl.socket || true`,
    restore: `${stopServer}; systemctl reset-failed greyctl.socket greyctl.service; systemctl start greyctl.socket greyctl.service`,
    also: ['unit-restart-loop'],
    reload: false,
  },
  {
    id: 'policy-daemon-hung',
    inject: server('10099, "127.0.0.1"', '') + endpoint('inet:127.0.0.1:10099'),
    restore: stopServer,
  },
  {
    id: 'policy-server-closes-early',
    inject: server('10099, "127.0.0.1"', 's.on("data", () => s.end())') + endpoint('inet:127.0.0.1:10099'),
    restore: stopServer,
  },
  {
    id: 'malformed-policy-reply',
    inject:
      server('10099, "127.0.0.1"', 's.on("data", () => s.write("status=ok\\n\\n"))') +
      endpoint('inet:127.0.0.1:10099'),
    restore: stopServer,
  },
  { id: 'wrong-service-on-port', inject: endpoint('inet:127.0.0.1:25') },
  { id: 'spawn-process-limit', asksNoGreylister: true, inject: spawn('3') + timeLimit },
  { id: 'spawn-time-limit', asksNoGreylister: true, inject: spawn('0') },
  { id: 'spawn-user-wrong', inject: spawn('0', 'policyd') + timeLimit, also: ['policy-server-closes-early'] },
  {
    id: 'unit-masked-or-disabled',
    inject: 'systemctl -q disable greyctl.service',
    restore: 'systemctl -q enable greyctl.service',
    reload: false,
  },
  {
    id: 'unit-restart-loop',
    inject: `sed -i 's/--delay=[0-9]*/--delay=often/' /etc/default/greyctl; systemctl restart greyctl.service || true
n=0; until [ "$(systemctl show -p NRestarts --value greyctl.service)" -ge 1 ]; do n=$((n + 1)); [ $n -lt 100 ] || exit 9; sleep 0.1; done`,
    restore: `cp -a /root/default.greyctl /etc/default/greyctl; systemctl reset-failed greyctl.service; systemctl restart greyctl.service`,
    also: ['policy-daemon-hung', 'options-not-applied', 'daemon-settings-refused'],
    reload: false,
  },
  {
    id: 'stale-pidfile',
    inject: 'echo 4194000 >/run/postgrey.pid',
    restore: 'rm -f /run/postgrey.pid',
    reload: false,
  },
  { id: 'init-script-cannot-stop', inject: daemon(10055), restore: stopServer, reload: false },
  {
    id: 'two-greylisters-running',
    inject:
      daemon(60000) +
      list(
        'permit_mynetworks, permit_sasl_authenticated, check_policy_service { inet:127.0.0.1:60000, timeout=10s, default_action=DUNNO }, $greyctl_check',
      ),
    restore: stopServer,
    also: ['init-script-cannot-stop'],
  },
  {
    id: 'postfix-not-running',
    inject: 'postfix stop 2>/dev/null',
    restore: 'systemctl restart postfix',
    also: ['unit-order'],
    reload: false,
  },
  {
    id: 'unit-order',
    only: 'bookworm',
    inject: 'systemctl stop postfix@-',
    restore: 'systemctl restart postfix',
    also: ['postfix-not-running'],
    reload: false,
  },
  {
    id: 'options-not-applied',
    inject: `sed -i 's/--delay=[0-9]*/& --retry-window=3/' /etc/default/greyctl`,
    restore: 'cp -a /root/default.greyctl /etc/default/greyctl; systemctl restart greyctl.service',
    reload: false,
  },
  {
    id: 'greylist-text-with-spaces',
    inject: `sed -i 's/--delay=[0-9]*/& --greylist-text=come back/' /etc/default/greyctl`,
    restore: 'cp -a /root/default.greyctl /etc/default/greyctl',
    also: ['options-not-applied', 'daemon-settings-refused'],
    reload: false,
  },
  {
    id: 'node-runtime-missing',
    inject: `sed -i 's#^ExecStart=[^ ]*#ExecStart=/opt/gone/node#' /etc/systemd/system/greyctl.service; systemctl daemon-reload`,
    restore: 'cp -a /root/greyctl.service /etc/systemd/system/; systemctl daemon-reload',
    reload: false,
  },
  {
    id: 'unit-file-changed',
    inject: 'echo "# edited" >>/etc/systemd/system/greyctl.service',
    restore: 'cp -a /root/greyctl.service /etc/systemd/system/; systemctl daemon-reload',
    reload: false,
  },
  {
    id: 'broken-continuation-nonindented',
    inject: append(MAIN, 'smtpd_sender_restrictions = permit_mynetworks,', 'reject_non_fqdn_sender'),
    also: ['postconf-fatal', 'config-not-reloaded'],
    reload: false,
  },
  {
    id: 'duplicate-parameter',
    inject: append(
      MAIN,
      'smtpd_helo_restrictions = permit_mynetworks',
      'smtpd_helo_restrictions = permit_mynetworks, reject_invalid_helo_hostname',
    ),
  },
  {
    id: 'leading-whitespace-swallowed',
    inject: append(MAIN, 'mail_name = Postfix', ' smtpd_delay_reject = yes'),
  },
  { id: 'inline-comment-in-value', inject: append(MAIN, 'mail_name = Postfix # our name') },
  { id: 'undefined-name', inject: append(MAIN, 'smtpd_client_event_limit_exceptions = $our_name') },
  {
    id: 'policy-only-in-inactive-list',
    inject: append(MAIN, 'smtpd_recipient_restriction = permit_mynetworks, $greyctl_check'),
  },
  { id: 'crlf-or-bom', inject: `sed -i 's/$/\\r/' ${MAIN}` },
  {
    id: 'master-o-whitespace',
    inject: submission('  -o smtpd_recipient_restrictions=permit_sasl_authenticated, reject'),
    also: ['no-relay-guard'],
  },
  { id: 'master-duplicate-service', inject: append(MASTER, 'pickup unix n - y 60 1 pickup') },
  {
    id: 'master-line-not-indented',
    inject: `${submission()}${append(MASTER, '-o syslog_name=postfix/submission')}`,
    also: ['config-not-reloaded', 'postconf-fatal'],
    reload: false,
  },
  {
    id: 'master-unknown-override',
    inject: submission('  -o smtpd_recipient_restriction=permit_sasl_authenticated,reject'),
  },
  {
    id: 'config-not-reloaded',
    // later than the last reload by more than the slack of the check, and not in the future: a reload must mend it
    inject: `sleep 3\n${append(MAIN, 'smtpd_helo_required = yes')}`,
    reload: false,
  },
  { id: 'main-cf-permissions', inject: `chmod g+w ${MASTER}` },
  { id: 'config-unreadable-to-mail-owner', inject: `chmod 600 ${MAIN}` },
  { id: 'config-overwritten-by-manager', inject: `sed -i '1i # Ansible managed' ${MAIN}` },
  {
    id: 'submission-inherits-greylisting',
    inject: `${list('permit_mynetworks, $greyctl_check')}${submission('  -o syslog_name=postfix/submission')}`,
    also: ['policy-before-permit-sasl'],
  },
  {
    id: 'master-override-disables-greylisting',
    inject: `sed -i '/^smtp *inet/a\\  -o smtpd_recipient_restrictions=permit_mynetworks,reject_unlisted_recipient' ${MASTER}`,
    also: ['greylisting-off'],
  },
  {
    id: 'reinjection-port-greylisted',
    inject: `${append(MASTER, '127.0.0.1:10026 inet n - y - - smtpd', '  -o { smtpd_recipient_restrictions = $greyctl_check, reject_unauth_destination }')}`,
    also: ['policy-before-permit-mynetworks', 'policy-before-permit-sasl'],
  },
  {
    id: 'wrong-config-dir',
    inject: `cp -a /etc/postfix /etc/postfix-in; sed -i '/greyctl_check/d' /etc/postfix-in/main.cf
${append('/etc/postfix-in/main.cf', 'multi_instance_enable = yes')}${append(MAIN, 'multi_instance_directories = /etc/postfix-in')}`,
    restore: 'rm -rf /etc/postfix-in',
    // a reload goes to all instances then, and may come late
    also: ['config-not-reloaded'],
  },
  { id: 'table-type-unsupported', inject: `touch /etc/postfix/lab; ${table('pcre')}` },
  {
    id: 'table-db-missing',
    inject: `touch /etc/postfix/lab; ${table('hash')}`,
    also: ['smtpd-answers-otherwise'],
  },
  {
    id: 'table-db-stale',
    inject: `echo '192.0.2.9 DUNNO' >/etc/postfix/lab; postmap /etc/postfix/lab; touch -d '1 minute ago' /etc/postfix/lab.db; ${table('hash')}`,
  },
  { id: 'regexp-syntax-error', inject: `echo '/^(dhcp/ DUNNO' >/etc/postfix/lab; ${table('regexp')}` },
  { id: 'regexp-file-missing-or-unreadable', inject: table('regexp') },
  {
    id: 'postmap-on-regexp',
    inject: `echo '/x/ DUNNO' >/etc/postfix/lab; touch /etc/postfix/lab.db; ${table('regexp')}`,
  },
  {
    id: 'dynamicmaps-permissions',
    inject: 'chmod 666 /etc/postfix/dynamicmaps.cf',
    also: ['main-cf-permissions'],
  },
  // restriction lists
  {
    id: 'greylisting-off',
    inject: list('permit_mynetworks, permit_sasl_authenticated'),
    also: ['policy-only-in-inactive-list'],
  },
  {
    id: 'policy-unreachable-after-permit',
    inject: list('permit_mynetworks, permit_auth_destination, $greyctl_check'),
    also: ['greylisting-off'],
  },
  {
    id: 'no-relay-guard',
    inject: append(MAIN, 'smtpd_relay_restrictions ='),
    also: ['duplicate-parameter', 'policy-before-reject-unauth-destination'],
  },
  {
    id: 'policy-before-reject-unauth-destination',
    inject: `sed -i 's/^smtpd_relay_restrictions = .*/smtpd_relay_restrictions =/' ${MAIN}\n${list('permit_mynetworks, $greyctl_check, reject_unauth_destination')}`,
  },
  {
    id: 'policy-before-permit-mynetworks',
    inject: list('$greyctl_check, permit_mynetworks, permit_sasl_authenticated'),
  },
  {
    id: 'policy-before-permit-sasl',
    inject: `${list('permit_mynetworks, $greyctl_check, permit_sasl_authenticated')}${append(MAIN, 'smtpd_sasl_auth_enable = yes')}`,
    // there are no SASL mechanisms here: smtpd ends when it is asked
    also: ['smtpd-answers-otherwise'],
  },
  {
    id: 'policy-in-client-or-helo-with-delay-reject-no',
    inject: `${list('permit_mynetworks')}${append(MAIN, 'smtpd_client_restrictions = permit_mynetworks, permit_sasl_authenticated, $greyctl_check', 'smtpd_delay_reject = no')}`,
  },
  {
    id: 'policy-in-data-or-eod',
    inject: `${list('permit_mynetworks')}${append(MAIN, 'smtpd_data_restrictions = permit_mynetworks, permit_sasl_authenticated, $greyctl_check')}`,
  },
  {
    id: 'policy-asked-twice',
    inject: append(
      MAIN,
      'smtpd_sender_restrictions = permit_mynetworks, permit_sasl_authenticated, $greyctl_check',
    ),
  },
  { id: 'relay-vs-recipient-order', inject: append(MAIN, 'smtpd_relay_before_recipient_restrictions = no') },
  {
    id: 'warn-if-reject-prefix',
    inject: list('permit_mynetworks, permit_sasl_authenticated, warn_if_reject $greyctl_check'),
  },
  {
    id: 'unknown-restriction',
    inject: `${list('permit_mynetworks, permit_sasl_authenticated, reject_unknown_sender, $greyctl_check')}${mail()}`,
    also: ['restrictions-not-evaluated'],
    restore: 'postfix reload 2>/dev/null',
    reload: false,
  },
  {
    id: 'restrictions-not-evaluated',
    inject: `${list('permit_mynetworks, permit_sasl_authenticated, reject_unknown_sender, $greyctl_check')}${mail()}`,
    also: ['unknown-restriction'],
    restore: 'postfix reload 2>/dev/null',
    reload: false,
  },
  {
    id: 'restriction-class-undeclared',
    inject: `${list('permit_mynetworks, permit_sasl_authenticated, grey')}${append(MAIN, 'grey = $greyctl_check')}`,
    also: ['greylisting-off', 'policy-only-in-inactive-list'],
  },
  {
    id: 'restriction-class-undefined',
    inject: append(MAIN, 'smtpd_restriction_classes = grey'),
    also: ['undefined-name'],
  },
  {
    id: 'restriction-class-recursion-or-dup',
    inject: append(MAIN, 'smtpd_restriction_classes = grey', 'grey = permit_mynetworks, grey'),
  },
  {
    id: 'check-policy-missing-argument',
    inject: list('permit_mynetworks, permit_sasl_authenticated, $greyctl_check, check_policy_service'),
  },
  {
    id: 'policy-bad-transport',
    inject: endpoint('tcp:127.0.0.1:10023'),
    also: ['policy-daemon-not-running', 'smtpd-answers-otherwise'],
  },
  {
    id: 'policy-brace-syntax',
    inject: `sed -i 's/default_action=DUNNO/default-action=DUNNO/' ${MAIN}`,
    also: ['policy-timeout-too-long', 'smtpd-answers-otherwise'],
  },
  {
    id: 'bare-table-without-check',
    inject: append(MAIN, 'smtpd_data_restrictions = static:DUNNO'),
  },
  {
    id: 'removed-restriction',
    inject: list('permit_mynetworks, permit_sasl_authenticated, permit_mx_backup, $greyctl_check'),
    also: ['greylisting-off', 'policy-unreachable-after-permit'],
  },
  {
    id: 'policy-timeout-too-long',
    inject: list('permit_mynetworks, permit_sasl_authenticated, check_policy_service inet:127.0.0.1:10023'),
    also: ['policy-only-in-inactive-list'],
  },
  {
    id: 'compat-level-0',
    inject: `sed -i '/^compatibility_level/d' ${MAIN}`,
    also: ['relay-vs-recipient-order'],
  },
  {
    id: 'open-relay',
    inject: `sed -i 's/^smtpd_relay_restrictions = .*/smtpd_relay_restrictions = all, reject/' ${MAIN}\n${append(MAIN, 'smtpd_restriction_classes = all', 'all = permit')}`,
  },
  {
    id: 'access-map-ok-in-recipient',
    inject: `echo 'partner.example OK' >/etc/postfix/lab
sed -i 's/^smtpd_relay_restrictions = .*/smtpd_relay_restrictions =/' ${MAIN}
${list('permit_mynetworks, permit_sasl_authenticated, check_sender_access texthash:/etc/postfix/lab, reject_unauth_destination, $greyctl_check')}`,
  },
  {
    id: 'table-wrong-key',
    inject: `echo '@partner.example DUNNO' >/etc/postfix/lab\n${list('permit_mynetworks, permit_sasl_authenticated, check_sender_access texthash:/etc/postfix/lab, $greyctl_check')}`,
  },
  {
    id: 'greylisting-disabled-but-still-450',
    inject: `${list('permit_mynetworks, permit_sasl_authenticated, reject_unknown_client_hostname')}${RELOAD}
swaks --server 192.0.2.25 --local-interface 203.0.113.99 --helo x.example --from b@good.example --to alice@example.test >/dev/null 2>&1 || true; sleep 0.5\n`,
    also: ['greylisting-off', 'policy-only-in-inactive-list'],
    restore: 'postfix reload 2>/dev/null',
    reload: false,
  },
  {
    id: 'greylist-uses-hard-defer',
    inject: `sed -i 's/--delay=[0-9]*/& --greylist-action=DEFER/' /etc/default/greyctl; systemctl restart greyctl.service`,
    restore: 'cp -a /root/default.greyctl /etc/default/greyctl; systemctl restart greyctl.service',
    also: ['greylist-before-recipient-validation'],
    reload: false,
  },
  {
    id: 'greylist-before-recipient-validation',
    inject: `sed -i 's/--delay=[0-9]*/& --greylist-action=DEFER/' /etc/default/greyctl; systemctl restart greyctl.service`,
    restore: 'cp -a /root/default.greyctl /etc/default/greyctl; systemctl restart greyctl.service',
    also: ['greylist-uses-hard-defer'],
    reload: false,
  },
  // the daemon's own settings
  {
    id: 'daemon-settings-refused',
    inject: `cp -a /etc/greyctl/greyctl.toml /root/greyctl.toml; echo 'dealy = 60' >>/etc/greyctl/greyctl.toml`,
    restore: 'cp -a /root/greyctl.toml /etc/greyctl/greyctl.toml',
    reload: false,
  },
  {
    // for Postfix on another host: the daemon listens there, and no packet of it arrives
    id: 'daemon-cut-off',
    inject: `cp -a /etc/greyctl/greyctl.toml /root/greyctl.toml
printf 'may-ask = ["203.0.113.0/24"]\n[[listen]]\ninet = "192.0.2.25:10099"\n' >>/etc/greyctl/greyctl.toml; systemctl restart greyctl.service`,
    restore: 'cp -a /root/greyctl.toml /etc/greyctl/greyctl.toml; systemctl restart greyctl.service',
    reload: false,
  },
  // the machine around it
  {
    id: 'chroot-resolver-differs',
    inject: 'echo "nameserver 192.0.2.53" >>/var/spool/postfix/etc/resolv.conf',
    restore: 'cp /etc/resolv.conf /var/spool/postfix/etc/resolv.conf',
    reload: false,
  },
  { id: 'all-clients-unknown', inject: append(MAIN, 'smtpd_peername_lookup = no') },
  {
    id: 'mynetworks-too-wide',
    inject: `sed -i 's#^mynetworks = .*#mynetworks = 0.0.0.0/0#' ${MAIN}`,
    also: ['open-relay', 'greylisting-off', 'policy-unreachable-after-permit'],
  },
  {
    id: 'whitelist-ignored',
    inject: 'echo "*.good.example" >>/etc/greyctl/whitelist_clients.local',
    restore: 'rm -f /etc/greyctl/whitelist_clients.local',
    reload: false,
  },
  {
    id: 'whitelist-too-broad',
    inject: 'echo com >>/etc/greyctl/whitelist_clients.local',
    restore: 'rm -f /etc/greyctl/whitelist_clients.local',
    reload: false,
  },
  { id: 'mail-rejected-not-deferred', inject: append(MAIN, 'access_map_defer_code = 550') },
  {
    id: 'fail2ban-bans-greylisted',
    inject: `mkdir -p /etc/fail2ban; printf '[postfix]\\nenabled = true\\n' >/etc/fail2ban/jail.local
sed -i 's/--delay=[0-9]*/& --greylist-text=Service unavailable/' /etc/default/greyctl`,
    restore: 'rm -rf /etc/fail2ban; cp -a /root/default.greyctl /etc/default/greyctl',
    also: ['options-not-applied', 'greylist-text-with-spaces', 'daemon-settings-refused'],
    reload: false,
  },
  {
    id: 'postscreen-in-front',
    inject: `sed -i -e 's/^smtp *inet.*smtpd$/smtp inet n - y - 1 postscreen\\nsmtpd pass - - y - - smtpd/' ${MASTER}\n${append(MAIN, 'postscreen_bare_newline_enable = yes')}`,
  },
  { id: 'soft-bounce', inject: append(MAIN, 'soft_bounce = yes') },
  {
    id: 'callout-verification-loop',
    inject: append(MAIN, 'smtpd_sender_restrictions = permit_mynetworks, reject_unverified_sender'),
  },
  {
    id: 'db-permission',
    inject: 'chown root /var/lib/greyctl/store',
    restore: 'chown greyctl /var/lib/greyctl/store',
    reload: false,
  },
  {
    id: 'disk-full',
    inject: 'mkdir -p /var/lib/sqlgrey; mount -t tmpfs -o size=1m tmpfs /var/lib/sqlgrey',
    restore: 'umount /var/lib/sqlgrey; rmdir /var/lib/sqlgrey',
    reload: false,
  },

  {
    id: 'policy-server-unreachable',
    inject: `${endpoint('inet:127.0.0.1:10024')}${mail()}`,
    also: ['policy-port-mismatch'],
    restore: 'postfix reload 2>/dev/null',
    reload: false,
  },
  {
    id: 'maillog-file-in-use',
    inject: `sed -i '/^postlog/d' ${MASTER}\n${append(MAIN, 'maillog_file = /var/log/postfix.log')}`,
    also: ['config-not-reloaded'],
    reload: false,
  },
  {
    id: 'chroot-dev-log-lost',
    inject: 'mv /var/spool/postfix/dev/log /var/spool/postfix/dev/log.away',
    restore: 'mv /var/spool/postfix/dev/log.away /var/spool/postfix/dev/log',
    reload: false,
  },
  // what the log tells of senders
  {
    id: 'sender-pool-never-same-ip',
    ...oldLog(
      many(4, (at) => [
        `${9 - at} hours ago`,
        putOff(`o${at}.mailer.example[203.0.${at}.5]`, 'a@good.example'),
      ]),
    ),
  },
  {
    id: 'otp-mails-expire',
    ...oldLog(
      many(3, (at) => [
        `${9 - at} hours ago`,
        letIn(900 + at, `no-reply${at}@good.example`.replace(/\d/, ''), `user${at}`),
      ]),
    ),
  },
  {
    id: 'retry-outside-window',
    ...oldLog([
      ['3 days ago', putOff('mail.good.example[198.51.100.10]', 'a@good.example')],
      ['1 hour ago', putOff('mail.good.example[198.51.100.10]', 'a@good.example')],
    ]),
  },
  {
    id: 'never-retried',
    ...oldLog(many(24, (at) => ['8 hours ago', putOff(`unknown[203.0.${at}.9]`, `x${at}@spam.example`)])),
  },
  {
    id: 'early-retry-flood',
    ...inRotated(
      lines(
        '/var/log/mail.log.1',
        many(40, (at) => [
          `3 hours ago ${at} seconds`,
          putOff('mail.good.example[198.51.100.10]', 'f@good.example'),
        ]),
      ),
    ),
  },
  {
    id: 'sender-treats-450-as-permanent',
    ...oldLog([
      ['9 hours ago', putOff('www.shop.example[198.51.100.10]', 'orders@shop.example', 'alice')],
      ['8 hours ago', putOff('www.shop.example[198.51.100.10]', 'orders@shop.example', 'bob')],
    ]),
  },
  {
    id: 'backup-mx-not-greylisting',
    inject: `printf 'mx-host=example.test,mx2.example.test,20\\nhost-record=mx2.example.test,203.0.113.200\\n' >/etc/dnsmasq.d/more.conf; systemctl restart dnsmasq`,
    restore: 'rm -f /etc/dnsmasq.d/more.conf; systemctl restart dnsmasq',
    reload: false,
  },
  // and how it is kept
  {
    id: 'locale-month-names',
    ...inRotated(
      `for n in 1 2 3 4; do echo "Απρ 15 12:20:2$n mx postfix/smtpd[77]: connect from x.example[198.51.100.10]"; done >/var/log/mail.log.1`,
    ),
  },
  {
    id: 'syslog-tz-mismatch',
    ...inRotated(
      lines(
        '/var/log/mail.log.1',
        many(10, (at) => [
          `${at % 2 === 0 ? 3 : 1} hours ago ${at} seconds`,
          `postfix/${at % 2 === 0 ? 'qmgr' : 'cleanup'}[77]: ABCDEF1234: removed`,
        ]),
      ),
    ),
    also: ['clock-jump'],
  },
  {
    // Postfix runs since hours, and its log begins now
    id: 'rotated-gap',
    inject: `touch -d '1 day ago' ${MAIN} ${MASTER} /etc/default/greyctl /etc/greyctl/*
awk '$1 == "btime" { $2 -= 3 * 3600 } { print }' /proc/stat >/root/proc.stat; mount --bind /root/proc.stat /proc/stat
cp -a /var/log/mail.log /root/whole.log; : >/var/log/mail.log; logger -p mail.info -t 'postfix/smtpd[77]' 'connect from x.example[198.51.100.10]'
n=0; until [ -s /var/log/mail.log ]; do n=$((n + 1)); [ $n -lt 100 ] || exit 9; sleep 0.05; done`,
    restore: `umount /proc/stat; cat /var/log/mail.log >>/root/whole.log; cat /root/whole.log >/var/log/mail.log; rm /root/whole.log /root/proc.stat
cp -a /root/default.greyctl /etc/default/greyctl`,
    reload: false,
  },
  {
    id: 'rfc3339-timestamps',
    ...oldLog(many(3, () => ['1 hour ago', 'postfix/qmgr[77]: ABCDEF1234: removed'])),
    inject: `${lines('/root/old.log', [['1 hour ago', 'postfix/qmgr[77]: ABCDEF1234: removed']])}touch /usr/bin/postgreyreport`,
    restore: 'rm -f /usr/bin/postgreyreport /root/old.log',
  },
  {
    id: 'no-mail-log-file',
    inject: `systemctl stop rsyslog.service syslog.socket; mv /var/log/mail.log /var/log/syslog /usr/bin/journalctl /root/`,
    restore:
      'mv /root/mail.log /root/syslog /var/log/; mv /root/journalctl /usr/bin/; systemctl start rsyslog',
    reload: false,
  },
  { id: 'log-unreadable', inject: 'chmod 640 /var/log/mail.log', user: 'alice', reload: false },
  {
    id: 'wrong-journal-unit',
    only: 'bookworm',
    inject: `mkdir -p /etc/fail2ban/filter.d; printf '[postfix]\nenabled = true\n' >/etc/fail2ban/jail.local
printf '[Init]\njournalmatch = _SYSTEMD_UNIT=postfix.service\n' >/etc/fail2ban/filter.d/postfix.conf
systemctl stop rsyslog.service syslog.socket; mv /var/log/mail.log /root/`,
    restore: 'rm -rf /etc/fail2ban; mv /root/mail.log /var/log/; systemctl start rsyslog',
    reload: false,
  },
  {
    id: 'db-on-volume',
    inject: 'touch /run/.containerenv',
    restore: 'rm -f /run/.containerenv',
    reload: false,
  },
  // what only the log tells
  {
    id: 'lookup-table-inside-access-map',
    inject: `echo '/./ hash:/etc/postfix/other' >/etc/postfix/lab\n${table('regexp')}${mail()}`,
    restore: 'postfix reload 2>/dev/null',
    also: ['restrictions-not-evaluated', 'smtpd-answers-otherwise'],
    reload: false,
  },
  {
    id: 'table-empty-result',
    inject: `echo '/./' >/etc/postfix/lab\n${table('regexp')}${mail()}`,
    restore: 'postfix reload 2>/dev/null',
    also: ['regexp-syntax-error', 'restrictions-not-evaluated', 'smtpd-answers-otherwise'],
    reload: false,
  },
  { id: 'smtpd-answers-otherwise', inject: append(MAIN, 'smtpd_sasl_auth_enable = yes') },
  {
    id: 'postconf-fatal',
    inject: append(MAIN, 'smtpd_sender_restrictions = permit_mynetworks,', 'reject_non_fqdn_sender'),
    also: ['broken-continuation-nonindented', 'config-not-reloaded'],
    reload: false,
  },
  {
    id: 'outbound-not-asked',
    inject: `cp -a /etc/greyctl/greyctl.toml /root/greyctl.toml
printf '[outbound]\nlearn = true\n' >>/etc/greyctl/greyctl.toml; systemctl restart greyctl.service`,
    restore: 'cp -a /root/greyctl.toml /etc/greyctl/greyctl.toml; systemctl restart greyctl.service',
    reload: false,
  },
  {
    id: 'container-different-netns',
    inject: 'touch /run/.containerenv; systemctl stop greyctl.socket greyctl.service',
    restore: 'rm -f /run/.containerenv; systemctl start greyctl.socket greyctl.service',
    also: ['policy-daemon-not-running', 'db-on-volume'],
    reload: false,
  },
  {
    id: 'no-systemd-pid1',
    inject: 'systemctl stop greyctl.socket greyctl.service; mv /run/systemd/system /run/systemd/system.away',
    restore:
      'mv /run/systemd/system.away /run/systemd/system; systemctl start greyctl.socket greyctl.service',
    also: ['policy-daemon-not-running'],
    reload: false,
  },
  {
    id: 'outdated-whitelist',
    inject: `touch -d '5 years ago' /etc/greyctl/whitelist_clients`,
    restore: 'touch /etc/greyctl/whitelist_clients',
    reload: false,
  },
  {
    id: 'client-is-proxy-ip',
    ...oldLog(many(60, (at) => [`${at + 1} minutes ago`, 'postfix/smtpd[77]: connect from gw[172.17.0.1]'])),
  },
  {
    id: 'db-corrupt',
    inject: 'mkdir -p /var/lib/postgrey; head -c 8192 /dev/zero >/var/lib/postgrey/postgrey.db',
    restore: 'rm -r /var/lib/postgrey',
    reload: false,
  },
  {
    id: 'bdb-version-upgrade',
    ...oldLog([['1 hour ago', "postgrey[7]: Program version 5.3 doesn't match environment version 5.1"]]),
  },
  {
    id: 'db-unavailable-sql',
    ...oldLog([['1 hour ago', "sqlgrey: dbaccess: can't connect to DB: no such file"]]),
  },
  {
    id: 'clock-jump',
    ...oldLog([['1 hour ago', 'postgrey[7]: correcting date for first seen in the future!']]),
  },
  {
    id: 'fd-limit',
    ...oldLog([['1 hour ago', 'greyctl[7]: warning: accept: EMFILE: too many open files']]),
  },
  {
    id: 'journald-rate-limit',
    ...oldLog([
      ['1 hour ago', 'systemd-journald[7]: Suppressed 7124 messages from system-postfix.slice'],
      ['1 hour ago', 'postfix/qmgr[77]: ABCDEF1234: removed'],
    ]),
  },
  {
    id: 'template-without-timestamp',
    ...oldLog([]),
    inject: `for n in $(seq 20); do echo "postfix/qmgr[77]: ABCDEF123$n: removed"; done >/root/old.log`,
  },
  {
    // the server is not there
    id: 'shared-store-unavailable',
    inject: `sed -i 's#--delay=[0-9]*#& --store=valkey://127.0.0.1:1#' /etc/default/greyctl; systemctl restart greyctl.service
n=0; until grep -q 'this host remembers alone' /var/log/mail.log; do n=$((n + 1)); [ $n -lt 100 ] || exit 9; sleep 0.1; done`,
    restore: `cp -a /root/default.greyctl /etc/default/greyctl; systemctl restart greyctl.service
n=0; until tail -n 3 /var/log/mail.log | grep -q 'listening'; do n=$((n + 1)); [ $n -lt 50 ] || break; sleep 0.1; done`,
    reload: false,
  },
  {
    id: 'systemd-sandbox',
    inject: `mkdir -p /etc/systemd/system/greyctl.service.d; printf '[Service]\nBindPaths=/gone\n' >/etc/systemd/system/greyctl.service.d/lab.conf
systemctl daemon-reload; systemctl restart greyctl.service || true
n=0; until grep -q 226/NAMESPACE /var/log/syslog; do n=$((n + 1)); [ $n -lt 100 ] || exit 9; sleep 0.1; done`,
    restore: `rm -r /etc/systemd/system/greyctl.service.d; systemctl daemon-reload
systemctl reset-failed greyctl.service; systemctl restart greyctl.service`,
    also: ['unit-restart-loop', 'policy-daemon-hung'],
    reload: false,
  },
  // last: master waits a minute before it starts smtpd again
  {
    id: 'smtpd-does-not-start',
    inject: `${append(MAIN, 'smtpd_restriction_classes = grey')}${mail(3)}`,
    restore: 'postfix stop 2>/dev/null; systemctl restart postfix',
    also: ['restriction-class-undefined', 'undefined-name'],
    reload: false,
  },
]

/** What cannot be put into such a machine, and why; test/doctor/cases has a machine of texts for each. */
export const NOT_INJECTED: Readonly<Record<string, string>> = {
  'berkeley-db-removed': 'Debian 12 and 13 have Berkeley DB compiled in',
  'out-of-memory': 'the kernel is the host’s, and its log does not reach a container',
  'selinux-denied': 'the kernel is the host’s',
  'apparmor-denied': 'the kernel is the host’s',
}
