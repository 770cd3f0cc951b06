import type { Sample } from './scenario.js'

/** What a reply that stands in the way of a proof is about, by the words of smtpd(8) and verify(8). */
const ABOUT: readonly { readonly reply: RegExp; readonly says: (asked: Sample) => string }[] = [
  {
    reply: /^[45]\d\d[ -][45]\.1\.[126]\b|user unknown|undeliverable address|unverified address/i,
    says: ({ recipient }) =>
      `${recipient} does not exist here, as Postfix says: name an address that does, with greyctl verify --live --recipient ADDRESS`,
  },
  {
    reply: /relay access denied|relaying denied/i,
    says: ({ recipient }) =>
      `this server takes no mail for ${recipient}: name an address of one of its domains, with greyctl verify --live --recipient ADDRESS`,
  },
  {
    reply: /recipient address rejected/i,
    says: ({ recipient }) =>
      `this server refuses mail to ${recipient} by a rule of its own, before a greylister is asked: name an address that it takes mail for, with greyctl verify --live --recipient ADDRESS`,
  },
  {
    reply:
      /^[45]\d\d[ -].*(?:client host|sender address|helo command|sender helo name|unverified client host) rejected/i,
    says: ({ client, sender, recipient }) =>
      `a rule of this server refuses strangers such as the one that asked, before a greylister is asked: ${probeCommand(client.address, sender, recipient)} shows it, with --name and --helo as another client`,
  },
]

/** What to do about a reply that is not the greylister's; undefined where its words tell nothing. */
export function adviceOn(reply: string, asked: Sample): string | undefined {
  return ABOUT.find((one) => one.reply.test(reply))?.says(asked)
}

export function sparedAdvice(recipient: string | undefined): string {
  return `mail to ${recipient} was not deferred: is it on a whitelist of the greylister, as postmaster@ and abuse@ often are? Without --recipient an address is asked about that is on none`
}

function probeCommand(client: string, sender: string, recipient: string): string {
  return `greyctl probe --client ${client} --from '${sender}' --to '${recipient}'`
}
