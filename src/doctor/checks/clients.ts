import { lintLists } from '../../greylist/list-lint.js'
import { listWords } from '../../postfix/restriction-list.js'
import { check } from '../check.js'
import { lineOf } from '../facts/text-file.js'
import type { Whitelist } from '../facts/whitelists.js'

/** Connections below which a share says nothing. */
const ENOUGH = 50

const resolver = check({
  id: 'chroot-resolver-differs',
  title: 'a chrooted smtpd looks names up in another way than the rest of this machine',
  severity: 'warning',
  symptom:
    'postfix check: warning: /var/spool/postfix/etc/resolv.conf and /etc/resolv.conf differ; clients are unknown',
  cause:
    'the copies below the queue directory were made when Postfix started, and the originals changed since',
  look: ['diff /etc/resolv.conf /var/spool/postfix/etc/resolv.conf', 'postfix check'],
  remedy: 'restart Postfix: on Debian that copies the files anew, a reload does not',
  commands: ['service postfix restart'],
  autofix: 'confirm',
  needs: ['resolver', 'services'],
  judge: ({ resolver: files, services }) =>
    services.some(({ chroot }) => chroot)
      ? files
          .filter(({ outside, inside }) => inside !== undefined && inside.text !== outside.text)
          .map(({ outside, insidePath }) => ({
            detail: `${insidePath} is not what ${outside.path} is`,
            evidence: [{ ref: outside.path, text: firstLine(outside.text) }],
            affects: [insidePath],
            repairs: [
              {
                kind: 'edit' as const,
                path: insidePath,
                title: `copy ${outside.path} into the chroot`,
                edit: () => outside.text,
              },
            ],
          }))
      : [],
})

function firstLine(text: string): string {
  return text.split('\n').find((line) => line !== '' && !line.startsWith('#')) ?? ''
}

const allUnknown = check({
  id: 'all-clients-unknown',
  title: 'hardly any client has a name',
  severity: 'error',
  symptom: 'connect from unknown[…] for nearly everybody; whitelists of names never match',
  cause:
    'Postfix cannot look names up: DNS does not answer, the chroot has no resolv.conf, or smtpd_peername_lookup is off',
  look: ["grep -c 'connect from unknown' /var/log/mail.log", 'postconf smtpd_peername_lookup'],
  remedy: 'mend the look-up of names as Postfix sees it',
  autofix: 'manual',
  becauseOf: ['chroot-resolver-differs'],
  needs: ['log', 'settings', 'mainCf'],
  judge: ({ log, settings, mainCf }) => {
    const { total, unknown } = log.connects
    const off = /^no$/i.test(settings.get('smtpd_peername_lookup'))
    if (!off && (total < ENOUGH || unknown / total < 0.9)) return []
    const line = mainCf.cf.get('smtpd_peername_lookup')?.line
    return [
      {
        detail: off
          ? 'smtpd_peername_lookup is no: no client has a name'
          : `${unknown} of ${total} connections came from unknown`,
        evidence: off && line ? [lineOf(mainCf, line)] : [],
      },
    ]
  },
})

const PRIVATE = /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|f[cd][0-9a-f]{2}:)/i

const proxy = check({
  id: 'client-is-proxy-ip',
  title: 'all mail seems to come from one private address',
  severity: 'error',
  symptom: 'connect from unknown[172.17.0.1] for every message; one triplet network for the whole world',
  cause: 'a proxy, a NAT or a container network stands before Postfix and hides the clients',
  look: ["grep -o 'connect from [^ ]*' /var/log/mail.log | sort | uniq -c | sort -rn | head"],
  remedy:
    'let the proxy hand the address on (smtpd_upstream_proxy_protocol, postscreen_upstream_proxy_protocol), or publish port 25 without NAT',
  autofix: 'manual',
  needs: ['log'],
  judge: ({ log }) => {
    const { total, addresses } = log.connects
    const [most] = [...addresses].sort(([, a], [, b]) => b - a)
    if (most === undefined || total < ENOUGH || most[1] / total < 0.9 || !PRIVATE.test(most[0])) return []
    return [{ detail: `${most[1]} of ${total} connections came from ${most[0]}` }]
  },
})

const whitelist = check({
  id: 'whitelist-ignored',
  title: 'an entry of a whitelist can never match',
  severity: 'warning',
  symptom: 'a sender is greylisted although it is on the list',
  cause:
    'the list holds names and addresses of clients: a domain matches its hosts without a star, and a mail address matches nothing',
  look: ['cat /etc/greyctl/whitelist_clients.local /etc/postgrey/whitelist_clients.local'],
  remedy:
    'write the domain of the client’s host name (example.org, not *.example.org and not user@example.org)',
  autofix: 'manual',
  needs: ['whitelists'],
  judge: ({ whitelists }) =>
    whitelists.flatMap((file) =>
      file.text.split('\n').flatMap((line, at) => {
        const word = line.replace(/#.*/, '').trim()
        if (word === '' || word.startsWith('/')) return []
        const fault = word.includes('@')
          ? 'is a mail address'
          : word.startsWith('*')
            ? 'begins with a star'
            : undefined
        if (fault === undefined) return []
        return [{ detail: `${word} ${fault}`, evidence: [lineOf(file, at + 1)], affects: [file.path] }]
      }),
    ),
})

const tooBroad = check({
  id: 'whitelist-too-broad',
  title: 'an entry of a whitelist lets in strangers',
  severity: 'warning',
  symptom: 'many clients are never greylisted, and spam comes from them',
  cause:
    'the entry is a public suffix (com, co.uk), a network of more addresses than a sender has, or an expression that is not tied to a domain',
  look: ['greyctl whitelist lint'],
  remedy: 'name the sender’s own domain, or tie the expression to its end: /\\.example\\.org$/',
  autofix: 'manual',
  needs: ['whitelists', 'clock'],
  judge: ({ whitelists, clock }) =>
    whitelists.filter(isOurs).flatMap((file) =>
      lintLists('clients', [file], clock.now)
        .filter(({ id }) => id === 'broad' || id === 'unanchored')
        .map(({ entry, line, message }) => ({
          detail: `${entry}: ${message}`,
          evidence: [lineOf(file, line)],
          affects: [file.path],
        })),
    ),
})

const tooWide = check({
  id: 'mynetworks-too-wide',
  title: 'strangers count as own clients: they may relay, and are never greylisted',
  severity: 'critical',
  symptom: 'spam is sent through this server; nobody is deferred',
  cause: 'mynetworks holds a network that is much larger than one’s own',
  look: ['postconf mynetworks mynetworks_style'],
  remedy: 'name only networks that are your own: mynetworks = 127.0.0.0/8 [::1]/128',
  autofix: 'manual',
  needs: ['settings', 'postconf', 'mainCf'],
  judge: ({ settings, postconf, mainCf }) => {
    const line = mainCf.cf.get('mynetworks')?.line
    const style = mainCf.cf.get('mynetworks_style')
    const wide = listWords(postconf.values.get('mynetworks') ?? '').filter(isWide)
    if (wide.length > 0 && line !== undefined) {
      return [{ detail: `mynetworks holds ${wide.join(' ')}`, evidence: [lineOf(mainCf, line)] }]
    }
    if (line !== undefined || style === undefined || settings.get('mynetworks_style') !== 'class') return []
    return [
      {
        detail: 'mynetworks_style is class: whole networks of strangers may relay',
        evidence: [lineOf(mainCf, style.line)],
      },
    ]
  },
})

/** The list that the package postgrey brings is its maintainers' affair. */
function isOurs({ owner, path }: Whitelist): boolean {
  return owner === 'greyctl' || path.endsWith('.local')
}

/** Larger than a /8 of IPv4 or a /19 of IPv6. */
function isWide(word: string): boolean {
  const four = /^!?\d+\.\d+\.\d+\.\d+\/(\d+)$/.exec(word)
  if (four !== null) return Number(four[1]) < 8 && !word.startsWith('!')
  const six = /^\[.*\]\/(\d+)$/.exec(word)
  return six !== null && Number(six[1]) < 19
}

export const CLIENTS = [resolver, allUnknown, proxy, tooWide, whitelist, tooBroad]
