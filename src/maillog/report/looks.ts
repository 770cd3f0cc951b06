import type { Client } from '../event.js'
import type { Fingerprint } from '../fingerprint.js'
import type { Story } from '../life.js'
import { PrintTable } from '../print-table.js'
import { domainOf, isConfirmed, isLineName, isServerName, registrable } from './names.js'
import { StoryPrints } from './prints.js'
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
/** Networks and, in each, senders that are remembered, and of all networks together: beyond, the name alone is judged. */
const MOST_NETWORKS = 200_000
const MOST_SENDERS = 50
const MOST_OF_ALL = 1_000_000
/** Seconds between the first and the last try: a queue, not a second command in the same session. */
const REAL_RETRY = 60

/** Judges those that never came back, by themselves and by what else their network did. */
export class Looks {
  /** The number of each, from 1. */
  private readonly networks = new PrintTable(MOST_NETWORKS)
  /** Of each network: 1 where some mail was accepted; how many senders and sender domains. */
  private readonly passed = new Uint8Array(MOST_NETWORKS + 1)
  private readonly senders = new Uint8Array(MOST_NETWORKS + 1)
  private readonly domains = new Uint8Array(MOST_NETWORKS + 1)
  /** Senders by network, 1 for one recipient, 2 for several; and their domains by network, 1. */
  private readonly recipients = new PrintTable(MOST_OF_ALL)
  private readonly domainsSeen = new PrintTable(MOST_OF_ALL)
  private readonly prints = new StoryPrints()

  /** Every story that is known, before the first judgement. */
  add({ client, sender, passed }: Story): void {
    const network = this.numberOf(client)
    if (network === 0) return
    if (passed) this.passed[network] = 1
    this.addDomain(network, this.prints.inNetwork(client, domainOf(sender)))
    this.addSender(network, this.prints.inNetwork(client, sender))
  }

  private numberOf(client: Client): number {
    const { networks } = this
    const print = this.prints.network(client)
    const known = networks.get(print)
    if (known !== 0) return known
    return networks.set(print, networks.size + 1) ? networks.size : 0
  }

  private addDomain(network: number, print: Fingerprint): void {
    const count = this.domains[network] as number
    if (count >= MANY_SENDERS || this.domainsSeen.get(print) !== 0) return
    if (this.domainsSeen.set(print, 1)) this.domains[network] = count + 1
  }

  private addSender(network: number, print: Fingerprint): void {
    const before = this.recipients.get(print)
    if (before > 0) this.recipients.set(print, 2)
    else if ((this.senders[network] as number) < MOST_SENDERS && this.recipients.set(print, 1))
      this.senders[network] = (this.senders[network] as number) + 1
  }

  judge(story: Story): { readonly look: Look; readonly marks: readonly Mark[]; readonly weight: number } {
    const marks = [...this.networkMarks(story), ...nameMarks(story)]
    const weight = marks.reduce((sum, mark) => sum + WEIGHTS[mark], 0)
    return { look: weight >= 2 ? 'legitimate' : weight < 0 ? 'spam' : 'unclear', marks, weight }
  }

  private networkMarks({ client, sender, deferredAt, lastDeferredAt }: Story): readonly Mark[] {
    // a network that is not remembered is number 0, of which nothing is known
    const network = this.networks.get(this.prints.network(client))
    const wasAccepted = this.passed[network] === 1
    const marks: Mark[] = []
    if (wasAccepted) marks.push('network-known')
    if (deferredAt !== undefined && lastDeferredAt !== undefined && lastDeferredAt - deferredAt >= REAL_RETRY)
      marks.push('retried')
    if (sender !== '' && this.recipients.get(this.prints.inNetwork(client, sender)) > 1)
      marks.push('several-recipients')
    if (!wasAccepted && (this.domains[network] as number) >= MANY_SENDERS) marks.push('many-senders')
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
