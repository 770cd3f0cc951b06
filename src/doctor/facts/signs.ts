/** Lines of a log that tell of trouble, by what they tell. The patterns are Postfix's and the daemons' own words. */
export const SIGNS = {
  /** A restriction list could not be evaluated. */
  'server-error': /NOQUEUE: reject: .*451 4\.3\.5 .*Server configuration error/,
  /** A policy server gave no answer. */
  'server-problem': /NOQUEUE: reject: .*451 4\.3\.5 .*Server configuration problem/,
  /** Put off, and not with a greylister's words. */
  'deferred-elsewhere': /^NOQUEUE: reject: .*: 45\d (?!4\.3\.[05] )(?!.*(?:gr[ea]y-?list|try again later))/i,
  'ok-forbidden': /^warning: restriction .* returns OK for /,
  'policy-unreachable': /^warning: (?:connect to|problem talking to server) /,
  'unknown-restriction': /^warning: unknown smtpd restriction: /,
  throttled: /^warning: .*: bad command startup -- throttling/,
  'smtpd-fatal': /^fatal: /,
  'table-unavailable':
    /^(?:warning|error): .*(?:is unavailable\.|unsupported dictionary type|open database .*: (?:No such file|Permission denied))/,
  'table-lookup': /^warning: .*: table lookup (?:problem|error)|lookup error for /,
  'table-stale': /^warning: database .* is older than source file /,
  /** smtpd(8)'s words, and postmap(1)'s. */
  'table-empty': /^warning: .*(?: returns an empty string result|: empty string result is not allowed)/,
  'access-recursion': /^warning: access table .* causes unreasonable recursion/,
  'access-table-inside': /^warning: access table .* has entry with lookup table:/,
  'after-permit': /^warning: restriction `.*' after `.*' is ignored/,
  'store-locked': /locked: .*\.lock|can't open lock file/,
  'store-corrupt':
    /can't create DB environment|can't create database|DB_RUNRECOVERY|run database recovery|MDB_CORRUPTED|MDB_INVALID/,
  'store-version': /doesn't match environment version|MDB_VERSION_MISMATCH/,
  'store-sql': /dbaccess: (?:can't connect|warning: couldn't|error: couldn't)/,
  'store-alone': /^warning: valkeys?:\/\/\S+ .*: this host remembers alone until it can$/,
  'disk-full': /Insufficient system storage|not enough free space in mail queue|No space left on device/,
  'address-in-use': /address already in use|EADDRINUSE/i,
  'clock-back': /correcting date for first seen in the future/,
  'too-many-files': /EMFILE|too many open files/i,
  'read-only': /EROFS|Read-only file system/,
  'too-many-errors': /^too many errors after RCPT from/,
  'sandbox-denied': /status=226\/NAMESPACE|status=203\/EXEC/,
} as const

export type SignName = keyof typeof SIGNS

/** Lines that show a greylister at work, or Postfix taking mail: what was wrong before them is over. */
export const HEALTHY =
  /action=(?:greylist|pass)\b|reason=(?:new|early-retry|triplet found|client )|: 450 4\.[27]\.\d .*reylist/

/** The end of what lasts until the daemon says so: the sign that is over. A new daemon says it again. */
export const ENDED: readonly (readonly [SignName, RegExp])[] = [
  ['store-alone', /^warning: valkeys?:\/\/\S+ .*can be used again, after |^Server closing!$/],
  ['sandbox-denied', /^Started (?:greyctl|postgrey|sqlgrey)\.service\b/],
]

export const RELOADED = /^(?:reload|daemon started) -- version /
