import { GreyctlError } from '../errors.js'
import { type Expectation, LONGEST_EXPECTATION, parseExpected } from '../greylist/expected.js'
import { isBroadName } from '../greylist/public-names.js'
import { parseSpan } from '../greylist/span.js'

/** What somebody typed about mail that is expected. Throws GreyctlError('usage'). */
export function readExpectation(sender: string, recipient: string | undefined): Expectation {
  return { sender: mailboxOf(sender), recipient: recipient === undefined ? '' : mailboxOf(recipient) }
}

function mailboxOf(text: string): string {
  const mailbox = parseExpected(text)
  if (mailbox?.startsWith('@') && isBroadName(mailbox.slice(1)))
    throw new GreyctlError('usage', `"${text}" is a public suffix: anybody has a name below it`, {
      hints: [`say whose: @shop.${mailbox.slice(1)}`],
    })
  if (mailbox !== undefined) return mailbox
  throw new GreyctlError('usage', `"${text}" is neither a mail address nor a domain`, {
    hints: hintsFor(text),
  })
}

function hintsFor(text: string): readonly string[] {
  if (/^<?>?$/.test(text))
    return ['bounces (the empty sender) are expected by nobody: they may be about mail that was never sent']
  const whole = `@${text}`
  if (parseExpected(whole) !== undefined && !isBroadName(text))
    return [`say ${whole} for all of it and below`]
  return ['say alice@example.org, or @example.org for all of it and below']
}

/** In seconds. Throws GreyctlError('usage'). */
export function readTime(text: string): number {
  const seconds = parseSpan(text)
  if (seconds !== undefined && seconds > 0 && seconds <= LONGEST_EXPECTATION) return seconds
  throw new GreyctlError(
    'usage',
    `--for ${text}: not a time of at most ${LONGEST_EXPECTATION / 86_400} days`,
    {
      hints: [
        'say 90s, 15m, 2h or 1d',
        'for good: [whitelist] senders or networks in greyctl.toml, /etc/greyctl/whitelist_clients.local',
      ],
    },
  )
}
