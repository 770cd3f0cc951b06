import type { Story } from '../life.js'
import { clientNetwork } from '../triplet.js'
import { domainOf, isConfirmed, isLineName, isServerName, registrable } from './names.js'
import type { Look, Mark } from './shape.js'

/** What a mark weighs. Only what the log shows: SPF, DKIM and the content are not in it. */
const WEIGHTS: Readonly<Record<Mark, number>> = {
  'network-known': 3,
  retried: 2,
  'name-of-sender': 2,
  'mail-server-name': 1,
  'confirmed-name': 1,
  'several-recipients': 1,
  'no-confirmed-name': -2,
  'dial-up-name': -3,
  'many-senders': -2,
}

/** From so many sender domains a network that never came back is no organisation's mail server. */
const MANY_SENDERS = 5
/** Networks and, in each, senders that are remembered: beyond, the name alone is judged. */
const MOST_NETWORKS = 200_000
const MOST_SENDERS = 50
/** Seconds between the first and the last try: a queue, not a second command in the same session. */
const REAL_RETRY = 60

interface Network {
  passed: boolean
  /** Up to MANY_SENDERS. */
  readonly senderDomains: Set<string>
  /** Recipients by sender, up to MOST_SENDERS. */
  readonly recipients: Map<string, number>
}

/** Judges those that never came back, by themselves and by what else their network did. */
export class Looks {
  private readonly networks = new Map<string, Network>()

  /** Every story that is known, before the first judgement. */
  add({ client, sender, passed }: Story): void {
    const key = clientNetwork(client.address)
    let network = this.networks.get(key)
    if (network === undefined) {
      if (this.networks.size >= MOST_NETWORKS) return
      network = { passed: false, senderDomains: new Set(), recipients: new Map() }
      this.networks.set(key, network)
    }
    if (passed) network.passed = true
    if (network.senderDomains.size < MANY_SENDERS) network.senderDomains.add(domainOf(sender))
    const before = network.recipients.get(sender)
    if (before !== undefined || network.recipients.size < MOST_SENDERS)
      network.recipients.set(sender, (before ?? 0) + 1)
  }

  judge(story: Story): { readonly look: Look; readonly marks: readonly Mark[]; readonly weight: number } {
    const marks = [...this.networkMarks(story), ...nameMarks(story)]
    const weight = marks.reduce((sum, mark) => sum + WEIGHTS[mark], 0)
    return { look: weight >= 2 ? 'legitimate' : weight < 0 ? 'spam' : 'unclear', marks, weight }
  }

  private networkMarks({ client, sender, deferredAt, lastDeferredAt }: Story): readonly Mark[] {
    const network = this.networks.get(clientNetwork(client.address))
    const marks: Mark[] = []
    if (network?.passed) marks.push('network-known')
    if (deferredAt !== undefined && lastDeferredAt !== undefined && lastDeferredAt - deferredAt >= REAL_RETRY)
      marks.push('retried')
    if (sender !== '' && (network?.recipients.get(sender) ?? 0) > 1) marks.push('several-recipients')
    if (!network?.passed && (network?.senderDomains.size ?? 0) >= MANY_SENDERS) marks.push('many-senders')
    return marks
  }
}

function nameMarks({ client, sender }: Story): readonly Mark[] {
  if (!isConfirmed(client)) return ['no-confirmed-name']
  if (isLineName(client)) return ['confirmed-name', 'dial-up-name']
  const marks: Mark[] = ['confirmed-name']
  const own = registrable(client.name)
  if (own !== undefined && own === registrable(domainOf(sender))) marks.push('name-of-sender')
  if (isServerName(client.name)) marks.push('mail-server-name')
  return marks
}
