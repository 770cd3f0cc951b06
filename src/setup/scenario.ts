import { randomBytes } from 'node:crypto'
import type { Host } from '../host/host.js'
import { compareLevels } from '../postfix/expand.js'
import { type SmtpListener, smtpListeners } from '../postfix/listeners.js'
import { parseMasterCfBytes } from '../postfix/master-cf.js'
import { type InstanceFacts, readInstanceFacts, readPostconf } from '../postfix/postconf.js'
import { type ProbeOptions, probe, withoutEncryption } from '../postfix/probe.js'
import { PARAMETER, PROBE_LOCAL_PART } from './names.js'

/** One question for the stand-alone smtpd, without the configuration it is asked of. */
export type Sample = Omit<ProbeOptions, 'configDir'>

export interface UntouchedSample extends Sample {
  readonly title: string
  readonly mustRefuse: boolean
}

export interface Refused {
  readonly sample: Sample
  readonly answer: string
  /** Seconds since the epoch. */
  readonly at: number
}

export interface ScenarioOptions {
  readonly selective: boolean
  /** Asks about mail to this address, as Postfix is configured for it; without it about one that need not exist. */
  readonly recipient?: string | undefined
  /** Is this reply another greylister's, one that an empty greyctl_check does not switch off? More tries change nothing then. */
  readonly isGreylisting?: ((reply: string) => boolean) | undefined
}

export interface Scenario {
  /** A stranger's mail that nothing but greylisting would hold up; undefined when another rule answers every try. */
  readonly stranger: Sample | undefined
  /** How the stranger's mail was accepted without greylisting. */
  readonly accepted: string
  /** What was asked in vain, and how it was answered without greylisting. */
  readonly refused: readonly Refused[]
  readonly untouched: readonly UntouchedSample[]
  /** Whether this Postfix can be told to let mail through without its greylister (3.0 and later). */
  readonly failsOpen: boolean
}

/** Nobody reads this mail: the dialogue stops before DATA, so an unknown user does no harm. */
const ANY_RECIPIENT = { smtpd_reject_unlisted_recipient: 'no' }
const ELSEWHERE = `${PROBE_LOCAL_PART}@elsewhere.invalid`

/**
 * Looks for an identity that this server would accept if it did not greylist: sites refuse unknown names, forged
 * own senders or unlisted recipients by rules of their own, and a probe that meets one of them proves nothing.
 */
export async function findScenario(
  host: Host,
  configDir: string,
  { selective, recipient, isGreylisting }: ScenarioOptions,
): Promise<Scenario> {
  const facts = await readInstanceFacts(host, configDir)
  const listeners = await readListeners(host, configDir)
  const asked = asConfigured(listeners.find(({ port25 }) => port25))
  const domain = publicDomain(facts) ?? facts.myhostname
  const client = { address: strangersAddress(facts), helo: `mail.${domain}` }
  const refused: Refused[] = []
  let accepted = ''
  let stranger: Sample | undefined
  for (const bare of candidates(client, domain, { selective, recipient })) {
    const sample = { ...bare, overrides: { ...asked, ...bare.overrides } }
    const at = host.now()
    const result = await probe(host, {
      ...sample,
      configDir,
      overrides: { ...sample.overrides, [PARAMETER]: '' },
    })
    if (result.verdict === 'accepted') {
      stranger = sample
      accepted = result.answer
      break
    }
    refused.push({ sample, answer: result.answer, at })
    // smtpd could not be asked at all: more questions would only wait as long again
    if (result.verdict === 'error' || isGreylisting?.(result.answer)) break
  }
  const spared = selective && stranger ? [mailServer(facts, stranger, domain)] : []
  const untouched = untouchedSamples(facts, client, domain).map((sample) => ({
    ...sample,
    overrides: { ...asked, ...sample.overrides },
  }))
  const users = await authenticatedSamples(host, configDir, { listeners, client, domain })
  const failsOpen = facts.version === '' || compareLevels(facts.version, '3.0') >= 0
  return { stranger, accepted, refused, untouched: [...spared, ...untouched, ...users], failsOpen }
}

/**
 * The probe's recipient is no postmaster: whitelists exempt that one. Sender or recipient says `greyctl-probe`, so that
 * reports can leave it out.
 */
function candidates(
  client: Sample['client'],
  domain: string,
  { selective, recipient }: Pick<ScenarioOptions, 'selective' | 'recipient'>,
): readonly Sample[] {
  const probe = `${PROBE_LOCAL_PART}@${domain}`
  const pairs =
    recipient === undefined
      ? [
          { sender: probe, recipient: probe },
          { sender: probe, recipient: `root@${domain}` },
          { sender: '', recipient: probe },
        ]
      : [{ sender: probe, recipient }]
  // a client without a name is one that selective greylisting asks about, and so is a household's
  const names = [undefined, selective ? `dhcp-192-0-2-25.dynamic.${domain}` : `mail.${domain}`]
  return names.flatMap((name) =>
    pairs.map((pair) => ({
      client: name === undefined ? client : { ...client, name },
      ...pair,
      overrides: recipient === undefined ? ANY_RECIPIENT : {},
    })),
  )
}

/**
 * A network that was never seen before, so that each proof begins with a first mail: a random /64 of the
 * documentation prefix (RFC 3849), or on a server without IPv6 an address of the benchmarking networks (RFC 2544).
 */
function strangersAddress(facts: InstanceFacts): string {
  const random = randomBytes(6)
  const group = (at: number) => (random.readUInt16BE(at) || 1).toString(16)
  const withoutIpv6 = facts.inetProtocols.every((name) => /^ipv4$/i.test(name))
  return withoutIpv6
    ? `198.${18 + ((random[0] ?? 0) & 1)}.${random[1]}.${1 + ((random[2] ?? 0) % 254)}`
    : `2001:db8:${group(0)}:${group(2)}::1`
}

/** Selective greylisting leaves mail servers alone: a first mail from one, in a network of its own, is as without it. */
function mailServer(facts: InstanceFacts, stranger: Sample, domain: string): UntouchedSample {
  const client = { address: strangersAddress(facts), name: `mail.${domain}`, helo: `mail.${domain}` }
  return {
    ...stranger,
    title: 'first mail from a mail server (spared)',
    mustRefuse: false,
    client,
  }
}

function untouchedSamples(
  facts: InstanceFacts,
  stranger: Sample['client'],
  domain: string,
): readonly UntouchedSample[] {
  const sender = `${PROBE_LOCAL_PART}@${domain}`
  const samples: UntouchedSample[] = [
    {
      title: 'relaying by an unknown client',
      mustRefuse: true,
      client: stranger,
      sender,
      recipient: ELSEWHERE,
      overrides: {},
    },
  ]
  const own = ownAddress(facts.mynetworks)
  if (own !== undefined) {
    const client = { address: own, name: 'localhost', helo: `mail.${domain}` }
    samples.push(
      {
        title: `mail from an own network (${own})`,
        mustRefuse: false,
        client,
        sender,
        recipient: `${PROBE_LOCAL_PART}@${domain}`,
        overrides: ANY_RECIPIENT,
      },
      {
        title: `relaying for an own network (${own})`,
        mustRefuse: false,
        client,
        sender,
        recipient: ELSEWHERE,
        overrides: {},
      },
    )
  }
  return samples
}

/** An address of mynetworks to ask as: the first network that is written out (not a table). */
function ownAddress(mynetworks: readonly string[]): string | undefined {
  for (const token of mynetworks) {
    const match = /^(\d{1,3}(?:\.\d{1,3}){3})(?:\/\d{1,2})?$/.exec(token)
    if (match?.[1]) return match[1].replace(/\.0$/, '.1').replace(/^127\.0\.0\.\d+$/, '127.0.0.1')
    const ipv6 = /^\[([0-9a-fA-F:]+)\](?:\/\d{1,3})?$/.exec(token)
    if (ipv6?.[1]) return ipv6[1].endsWith('::') ? `${ipv6[1]}1` : ipv6[1]
  }
  return undefined
}

/** `localhost` is everybody's: a domain with a dot is asked about first. */
function publicDomain({ ownDomains }: InstanceFacts): string | undefined {
  return ownDomains.find((domain) => domain.includes('.') && !domain.startsWith('localhost')) ?? ownDomains[0]
}

async function readListeners(host: Host, configDir: string): Promise<readonly SmtpListener[]> {
  const path = `${configDir}/master.cf`
  const content = await host.read(path)
  return content === undefined ? [] : smtpListeners(parseMasterCfBytes(content, path))
}

/** What master.cf gives the service, as far as a dialogue on standard input can have it. */
function asConfigured(listener: SmtpListener | undefined): Readonly<Record<string, string>> {
  return withoutEncryption(listener?.overrides ?? {})
}

/**
 * Own users, wherever they can log in: on each listener that has SASL switched on. smtpd is told the login (XCLIENT
 * LOGIN), no password is needed. Their mail goes anywhere, as without greylisting.
 */
async function authenticatedSamples(
  host: Host,
  configDir: string,
  about: { listeners: readonly SmtpListener[]; client: Sample['client']; domain: string },
): Promise<readonly UntouchedSample[]> {
  const { values } = await readPostconf(host, configDir, ['smtpd_sasl_auth_enable'])
  const { listeners, client, domain } = about
  const sender = `${PROBE_LOCAL_PART}@${domain}`
  return listeners.flatMap((listener) => {
    const enabled = listener.overrides.smtpd_sasl_auth_enable ?? values.smtpd_sasl_auth_enable
    if (enabled !== 'yes') return []
    return [
      {
        title: `mail from an authenticated user (${listener.service.name})`,
        mustRefuse: false,
        client: { ...client, login: sender },
        sender,
        recipient: ELSEWHERE,
        overrides: asConfigured(listener),
      },
    ]
  })
}
