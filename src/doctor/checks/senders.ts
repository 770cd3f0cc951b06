import type { Story } from '../../maillog/life.js'
import { refText } from '../../maillog/lives.js'
import { Looks } from '../../maillog/report/looks.js'
import { outcomeOf } from '../../maillog/report/outcomes.js'
import { poolsOf } from '../../maillog/report/pools.js'
import { clientNetwork, clientText } from '../../maillog/triplet.js'
import { check } from '../check.js'
import type { MailsFact } from '../facts/mails.js'

const HOUR = 3600

function shown(stories: readonly Story[]) {
  return stories.slice(-3).map(({ client, sender, recipient, lastRef, deferrals }) => ({
    ref: refText(lastRef),
    text: `client ${clientText(client)}, from <${sender}> to <${recipient}>, put off ${deferrals === 1 ? 'once' : `${deferrals} times`}`,
  }))
}

/** Networks of one organisation from which a mail must have come before it is a pool's. */
const POOL_NETWORKS = 3
/** Seconds in which a pool that is recognised has got its mail in. */
const POOL_DELAY = 4 * HOUR
/** Seconds since the last try: what was tried later may be on its way. */
const STILL_TRYING = HOUR / 2

const pool = check({
  id: 'sender-pool-never-same-ip',
  title: 'a provider retries from another network each time, and stays new',
  severity: 'error',
  symptom:
    'the same mail is put off again and again, each time from another address; it comes hours late or never',
  cause:
    'the greylister knows a sender by its network, and large providers retry from whichever host is free',
  look: ['greyctl report', 'greyctl why SENDER RECIPIENT'],
  remedy:
    'let the greylister recognise pools (greyctl does, unless it runs with --identity=subnet), or put the domain of the hosts’ names on the whitelist',
  commands: ['echo DOMAIN >>/etc/greyctl/whitelist_clients.local', 'service greyctl reload'],
  autofix: 'manual',
  becauseOf: ['outdated-whitelist', 'two-greylisters-running'],
  needs: ['mails'],
  judge: ({ mails: { stories, until } }) => {
    const over = stories.filter(
      ({ passed, lastDeferredAt }) => passed || until - (lastDeferredAt ?? 0) > STILL_TRYING,
    )
    return poolsOf(() => over)
      .pools.filter(({ by, networks }) => by === 'client-name' && networks >= POOL_NETWORKS)
      .filter(({ mails, accepted, maxDelay }) => accepted < mails || (maxDelay ?? 0) > POOL_DELAY)
      .map(({ name, mails, accepted, networks, maxDelay, example }) => ({
        detail: `${name} tried ${mails === 1 ? 'a mail' : `${mails} mails`} from ${networks} networks; ${accepted === 0 ? 'none' : accepted} came in${maxDelay ? `, one after ${Math.round(maxDelay / 60)} minutes` : ''}`,
        evidence: [
          { ref: `from <${example.sender}> to <${example.recipient}>`, text: example.clients.join(', ') },
        ],
        affects: [name],
      }))
  },
})

/** Addresses of programs that send codes and links to log in with. */
const AUTOMATIC =
  /^(no-?reply|do-?not-?reply|verif(y|ication)|accounts?|account-?security|security|auth|login|otp|codes?|signin)([-_.+][^@]*)?@/i
/** Seconds for which most codes are good. */
const CODE_LIFE = 300
const ENOUGH_CODES = 3

const codes = check({
  id: 'otp-mails-expire',
  title: 'mail of programs that send login codes comes more than five minutes late',
  severity: 'info',
  symptom: 'users say that a code or a link to log in had expired when it came',
  cause:
    'such codes are good for five to ten minutes, and a first mail waits for the delay and until its sender tries again',
  look: ['greyctl report', 'greyctl verify'],
  remedy: 'shorten the delay (60 s are enough), and put such senders’ hosts on the whitelist',
  autofix: 'manual',
  needs: ['mails'],
  judge: ({ mails: { stories } }) => {
    const late = stories.filter(({ delay, sender }) => (delay ?? 0) > CODE_LIFE && AUTOMATIC.test(sender))
    if (late.length < ENOUGH_CODES) return []
    const worst = Math.max(...late.map(({ delay }) => delay ?? 0))
    return [
      {
        detail: `${late.length} mails of such addresses waited more than ${CODE_LIFE / 60} minutes, one of them ${Math.round(worst / 60)}`,
        evidence: shown(late),
      },
    ]
  },
})

/** postgrey's --retry-window, in which greylisters remember a first try. */
const WINDOW = 2 * 24 * HOUR

const outside = check({
  id: 'retry-outside-window',
  title: 'senders come back after the greylister has forgotten them',
  severity: 'warning',
  symptom: 'the same mail is new for a second time, days later, and is put off again',
  cause:
    'a first try is remembered for two days (postgrey, greyctl) or one (sqlgrey); these senders retry more rarely',
  look: ['greyctl why SENDER RECIPIENT'],
  remedy: 'raise --retry-window, or put the sender’s hosts on the whitelist',
  autofix: 'manual',
  needs: ['mails'],
  judge: ({ mails: { stories } }) => {
    const judge = looksAt(stories)
    const forgotten = stories.filter((story) => {
      const { passed, deferredAt, lastDeferredAt, deferrals, series } = story
      const apart = (lastDeferredAt ?? 0) - (deferredAt ?? lastDeferredAt ?? 0)
      // a single gap can be told from the ends: of two tries, or of a series that began anew
      const single = deferrals === 2 || series.count === 1
      return !passed && single && apart > WINDOW && judge(story).look !== 'spam'
    })
    if (forgotten.length === 0) return []
    return [
      {
        detail: `${forgotten.length === 1 ? 'one mail' : `${forgotten.length} mails`} came back after more than two days and was put off as new`,
        evidence: shown(forgotten),
      },
    ]
  },
})

function looksAt(stories: readonly Story[]) {
  const looks = new Looks()
  for (const story of stories) looks.add(story)
  return (story: Story) => looks.judge(story)
}

function gone({ stories, until }: MailsFact): readonly Story[] {
  return stories.filter((story) => outcomeOf(story, until) === 'neverCameBack')
}

const ENOUGH_GONE = 20

const never = check({
  id: 'never-retried',
  title: 'mail was put off, and none of it ever came back',
  severity: 'info',
  symptom: 'greylisting defers, and not one sender is accepted later',
  cause:
    'spam never comes back, so that this alone is no fault; but of so many some should have: another rule may refuse them first, or their retries are in a log that is not here',
  look: ['greyctl verify', 'greyctl report'],
  remedy: 'look at those that greyctl report lists as legitimate, and let a mail come from a large provider',
  autofix: 'manual',
  becauseOf: ['rotated-gap', 'sender-pool-never-same-ip'],
  needs: ['mails'],
  judge: ({ mails }) => {
    const lost = gone(mails)
    const back = mails.stories.some(({ passed, elsewhereAt }) => passed || elsewhereAt !== undefined)
    if (back || lost.length < ENOUGH_GONE) return []
    return [{ detail: `${lost.length} mails, six hours ago or more`, evidence: shown(lost) }]
  },
})

const FLOOD = 30

const flood = check({
  id: 'early-retry-flood',
  title: 'a sender retries many times within the delay',
  severity: 'info',
  symptom: 'reason=early-retry, many a minute, of one client; too many errors after RCPT from it',
  cause:
    'its server tries again at once, from a queue that does not slow down; it does no harm here but fills the log',
  look: ["grep -c 'reason=early-retry' /var/log/mail.log"],
  remedy: 'nothing has to be done; a whitelist entry for its hosts ends it',
  autofix: 'manual',
  needs: ['mails'],
  judge: ({ mails: { stories } }) =>
    stories
      .filter(({ series: { count, seconds } }) => count >= FLOOD && seconds <= HOUR)
      .slice(0, 5)
      .map((story) => ({
        detail: `${clientText(story.client)} tried ${story.series.count} times in ${story.series.seconds} s`,
        evidence: shown([story]),
        affects: [story.client.address],
      })),
})

const ENOUGH_MAILS = 2

const givesUp = check({
  id: 'sender-treats-450-as-permanent',
  title: 'a sender that looks legitimate gives up at the first deferral',
  severity: 'info',
  symptom: 'mail of a web form, a shop or a machine never comes; its server tried each mail once',
  cause: 'its program has no queue, and takes 450 for a refusal (RFC 5321 §4.2.1 asks it to retry)',
  look: ['greyctl report'],
  remedy: 'put its host on the whitelist: it will not learn',
  commands: ['echo HOST >>/etc/greyctl/whitelist_clients.local', 'service greyctl reload'],
  autofix: 'manual',
  becauseOf: ['never-retried'],
  needs: ['mails'],
  judge: ({ mails }) => {
    const judge = looksAt(mails.stories)
    const known = new Set(
      mails.stories.filter(({ passed }) => passed).map(({ client }) => clientNetwork(client.address)),
    )
    const byClient = new Map<string, Story[]>()
    for (const story of gone(mails)) {
      if (story.deferrals > 1 || known.has(clientNetwork(story.client.address))) continue
      if (!judge(story).marks.includes('name-of-sender')) continue
      const client = clientText(story.client)
      byClient.set(client, [...(byClient.get(client) ?? []), story])
    }
    return [...byClient]
      .filter(([, stories]) => stories.length >= ENOUGH_MAILS)
      .map(([client, stories]) => ({
        detail: `${client} tried ${stories.length} mails once each, and never again`,
        evidence: shown(stories),
        affects: [client],
      }))
  },
})

export const SENDERS = [pool, outside, codes, givesUp, flood, never]
