/** Names on a server (CLI.md, "Names on a server"): scripts and people depend on them. */
export const PARAMETER = 'greyctl_check'
/** Learning from outbound mail: written by hand (docs/expected-mail.md), and taken out with the daemon that it asks. */
export const OUTBOUND_PARAMETER = 'greyctl_outbound'
export const RESTRICTION_LIST = 'smtpd_recipient_restrictions'
export const USER = 'greyctl'
export const DEFAULT_LISTEN = 'inet:127.0.0.1:10023'
/** Where the other backend listens while one of them has the default: both answer while Postfix is told. */
export const OTHER_LISTEN = 'inet:127.0.0.1:10024'
/** Seconds. */
export const DEFAULT_DELAY = 60

export const CONFIG_DIR = '/etc/greyctl'
export const DEFAULTS_FILE = '/etc/default/greyctl'
export const CONFIG_FILE = `${CONFIG_DIR}/greyctl.toml`
export const WHITELIST_CLIENTS = `${CONFIG_DIR}/whitelist_clients`
export const WHITELIST_RECIPIENTS = `${CONFIG_DIR}/whitelist_recipients`
export const STATE_DIR = '/var/lib/greyctl'
export const STORE_DIR = `${STATE_DIR}/store`
export const INSTALLED_FILE = `${STATE_DIR}/installed.json`

export const SERVICE_UNIT = 'greyctl.service'
export const SOCKET_UNIT = 'greyctl.socket'
export const UNIT_DIR = '/etc/systemd/system'
/** Where a Debian package puts its units (systemd.unit(5)); those of UNIT_DIR come before them. */
export const PACKAGED_UNIT_DIR = '/usr/lib/systemd/system'
export const INIT_SCRIPT = '/etc/init.d/greyctl'

/** Where a service that may not look into anybody's home sees a source checkout. */
export const SERVICE_PROGRAM = '/run/greyctl-daemon/program'
/** A shared store's password, one line, for root alone; and what lets the service reach the server. */
export const STORE_PASSWORD = `${CONFIG_DIR}/store-password`
export const STORE_DROP_IN_DIR = `${UNIT_DIR}/${SERVICE_UNIT}.d`
export const STORE_DROP_IN = `${STORE_DROP_IN_DIR}/greyctl-store.conf`

/** Root's own: a candidate configuration is built and asked there before it goes live. */
export const CANDIDATE_DIR = '/run/greyctl-candidate'

/** The local part of the probe's sender; reports leave it out. */
export const PROBE_LOCAL_PART = 'greyctl-probe'

/** Debian's postgrey (postgrey(8)): its options, and what greyctl puts beside its unit. */
export const POSTGREY_PROGRAM = '/usr/sbin/postgrey'
export const POSTGREY_DEFAULTS = '/etc/default/postgrey'
export const POSTGREY_DROP_IN_DIR = `${UNIT_DIR}/postgrey.service.d`
export const POSTGREY_DROP_IN = `${POSTGREY_DROP_IN_DIR}/greyctl.conf`
export const POSTGREY_USER = 'postgrey'

/** invoke-rc.d(8) asks it before a package starts its daemon. */
export const POLICY_RC_D = '/usr/sbin/policy-rc.d'
