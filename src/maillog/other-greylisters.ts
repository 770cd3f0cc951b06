import type { Client, MailEvent, Passed } from './event.js'

/** Greylisters with formats of their own, by the name that they log under. */
const PARSERS: Readonly<Record<string, (body: string) => MailEvent | undefined>> = {
  policyd: (body) => parsePolicyd(body) ?? parseCluebringer(body),
  'postfix-policyd': parsePolicyd,
  cbpolicyd: parseCluebringer,
  'milter-greylist': parseMilterGreylist,
  iredapd: parseIredapd,
  rspamd: parseRspamd,
}

/** The names of these programs in a log. */
export const OTHER_GREYLISTERS: readonly string[] = Object.keys(PARSERS)

/** Does a program of this name log as one of these greylisters does? */
export function isOtherGreylister(program: string): boolean {
  return Object.hasOwn(PARSERS, program)
}

/** Lines of policyd, cbpolicyd (policyd 2), milter-greylist, iRedAPD and rspamd. Their text is the client's words: read from both ends. */
export function parseOtherGreylister(program: string, body: string): MailEvent | undefined {
  return Object.hasOwn(PARSERS, program) ? PARSERS[program]?.(body) : undefined
}

function about(client: Client, sender: string, recipient: string) {
  const plain = (address: string) => address.replace(/^<(.*)>$/s, '$1')
  return { by: 'greylister' as const, client, sender: plain(sender), recipient: plain(recipient) }
}

const POLICYD =
  /^(?:rcpt=\d+, )?greylist=([a-z_]+), host=([0-9A-Fa-f.:]+) \(([^()]*)\), from=(.*), to=(.*?)(?:, size=\S*)?(?:, expire=\d+)?$/s

/** `rcpt=8712, greylist=new, host=192.0.2.10 (mail.example.org), from=a@x, to=b@y, size=550` (policyd 1.8, greylist.c). */
function parsePolicyd(body: string): MailEvent | undefined {
  const [, what, address = '', name = '', sender = '', recipient = ''] =
    POLICYD.exec(body.slice(0, 8192)) ?? []
  const who = about({ name: name || 'unknown', address }, sender, recipient)
  if (what === 'new') return { kind: 'deferred', ...who, reason: 'new' }
  // a network with too many first mails is listed, and this one answered as the others were
  if (what === 'abl') return { kind: 'deferred', ...who, reason: undefined }
  if (what === 'abuse') return { kind: 'deferred', ...who, reason: 'early-retry' }
  if (what === 'update') return { kind: 'passed', ...who, reason: 'triplet', said: what }
  if (what === 'awl' || what === 'optout') return { kind: 'passed', ...who, reason: 'whitelist', said: what }
  return what === 'new_train' || what === 'update_train'
    ? { kind: 'passed', ...who, reason: 'learning', said: what }
    : undefined
}

const CLUEBRINGER =
  /^module=Greylisting, action=(defer|reject|pass), host=([0-9A-Fa-f.:]+), helo=.*?, from=(.*), to=(.*), reason=([\w-]+)(?:, [\w-]+=\S*)*$/s
const CLUEBRINGER_REASONS: Readonly<Record<string, Passed['reason']>> = {
  authenticated: 'triplet',
  training: 'learning',
  whitelisted: 'whitelist',
  'auto-whitelisted': 'whitelist',
}

/** `module=Greylisting, action=defer, host=192.0.2.10, helo=h, from=a@x, to=b@y, reason=greylisted` */
function parseCluebringer(body: string): MailEvent | undefined {
  const match = CLUEBRINGER.exec(body.slice(0, 8192))
  if (match === null) return undefined
  const [, action, address = '', sender = '', recipient = '', said = ''] = match
  const who = about({ name: 'unknown', address }, sender, recipient)
  if (action === 'pass') return { kind: 'passed', ...who, reason: CLUEBRINGER_REASONS[said] ?? 'other', said }
  return action === 'defer' ? { kind: 'deferred', ...who, reason: undefined } : undefined
}

const MILTER_GREYLIST =
  /^(?:[0-9A-Za-z]{6,20}: )?addr (\S*?)\[([0-9A-Fa-f.:]+)\] from (.*) (?:to|rcpt) (.*?):? delayed(?: after DATA phase)?(?: for (\d{1,5}):(\d\d):(\d\d))?(?: \(.*\))?$/s

/** `4K68s31RlGz: addr mail.example.org[192.0.2.10] from <a@x> to <b@y> delayed for 00:05:00 (ACL 12)` */
function parseMilterGreylist(body: string): MailEvent | undefined {
  const match = MILTER_GREYLIST.exec(body.slice(0, 8192))
  if (match === null) return undefined
  const [, name = '', address = '', sender = '', recipient = '', hours, minutes, seconds] = match
  const who = about({ name: name || 'unknown', address }, sender, recipient)
  const wait =
    hours === undefined ? {} : { wait: Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds) }
  return { kind: 'deferred', ...who, reason: undefined, ...wait }
}

const IREDAPD =
  /^(?:[A-Z]+ )?\[([0-9A-Fa-f.:]+)\] RCPT, (.*) -> (\S*), (?:451 4\.7\.1 )?Intentional policy rejection/s
/** What plugins/greylisting.py says besides: without a recipient, of whom the line of the whole request tells. */
const IREDAPD_DECIDED =
  /^(?:[A-Z]+ )?\[[0-9A-Fa-f.:]+\] Client (?:has not been seen before, greylisted|retries too soon, greylisted again|has passed the greylisting)/

/** `[192.0.2.10] RCPT, a@x -> b@y, 451 4.7.1 Intentional policy rejection, please try again later [sender=…]` */
function parseIredapd(body: string): MailEvent | undefined {
  const [, address, sender = '', recipient = ''] = IREDAPD.exec(body.slice(0, 8192)) ?? []
  if (address === undefined) return IREDAPD_DECIDED.test(body) ? { kind: 'decided' } : undefined
  const who = about({ name: 'unknown', address }, sender, recipient)
  return { kind: 'deferred', ...who, reason: undefined }
}

const RSPAMD =
  /^\S{0,20} ?<[^<>\s]{1,40}>; (?:lua|task|proxy); greylist\.lua:\d+: (?:greylisted until "|greylisting (?:delayed until "|pass \())/

/** `<73b2cc>; lua; greylist.lua:345: greylisted until "Wed, 14 Jun 2017 21:02:22 GMT", new record`: of whom, Postfix's milter-reject says. */
function parseRspamd(body: string): MailEvent | undefined {
  return RSPAMD.test(body) ? { kind: 'decided' } : undefined
}
