import { delayOf } from './delay.js'
import { refText } from './lives.js'
import type { Problem, Verdict, Window } from './report.js'
import type { Stories } from './story.js'
import type { Stuck } from './totals.js'
import { clientText } from './triplet.js'

export interface Judged {
  readonly stories: Stories
  readonly stuck: Stuck
  readonly verdict: Verdict
  readonly window: Window
  /** Seconds since the epoch up to which retries could have been seen. */
  readonly until: number | undefined
}

export function problemsOf(judged: Judged): readonly Problem[] {
  return [
    unreachable(judged),
    stuck(judged),
    off(judged),
    learning(judged),
    failedOpen(judged),
    overflow(judged),
    lost(judged),
    unclear(judged),
  ].filter((problem) => problem !== undefined)
}

function unreachable({ stories, verdict }: Judged): Problem | undefined {
  const { count, putOff, services, evidence } = stories.unreachable
  if (count === 0) return undefined
  const where = services.length > 0 ? ` at ${services.join(', ')}` : ''
  const then =
    putOff > 0 ? `${times(putOff)} it put mail off with 451 4.3.5` : 'mail went on without greylisting'
  const happened = `smtpd got no answer ${times(count)}${where}; ${then}`
  if (verdict !== 'broken' && stories.lastSign !== undefined) {
    return {
      id: 'policy-server-unreachable',
      severity: 'warning',
      title: 'the policy server did not answer for a while',
      detail: `${happened}; greylisting has been seen at work since`,
      evidence,
      remediation: {
        text: 'nothing to do now; if it happens again, look why the daemon was away',
        commands: [],
      },
    }
  }
  return {
    id: 'policy-server-unreachable',
    severity: putOff > 0 ? 'critical' : 'error',
    title: 'Postfix gets no answer from its policy server',
    detail: happened,
    evidence,
    remediation: stories.unreachable.misconfigured ? MISCONFIGURED : NOT_RUNNING,
  }
}

const NOT_RUNNING = {
  text: 'start the daemon and see what it says; on a server that greyctl did not set up, compare the endpoint in main.cf with where the daemon listens',
  commands: ['service greyctl restart', 'postconf -n | grep check_policy_service'],
}

const MISCONFIGURED = {
  text: 'a restriction in main.cf is wrong: the warning just before the 451 in the log names it',
  commands: ['postconf -n | grep restrictions', 'postfix check'],
}

function stuck({ stories, stuck: { count, worst } }: Judged): Problem | undefined {
  const longest = worst[0]
  if (longest === undefined) return undefined
  return {
    id: 'retries-never-pass',
    severity: stories.totals.passed > 0 ? 'warning' : 'error',
    title: 'senders come back after the delay and are deferred again',
    detail: `${count === 1 ? 'one triplet was' : `${count} triplets were`} deferred three times or more, longer than the delay; the longest for ${longest.series.seconds} s`,
    evidence: worst.slice(0, 3).map((life) => ({
      ref: refText(life.lastRef),
      text: `${life.series.count} deferrals in ${life.series.seconds} s: client ${clientText(life.client)}, from <${life.sender}> to <${life.recipient}>`,
    })),
    remediation: {
      text: 'the greylister forgets what it saw: look whether its database can be written and is not emptied, and whether two greylisters are asked one after the other',
      commands: ['postconf -n | grep check_policy_service', 'service greyctl status'],
    },
  }
}

function off({ stories, verdict }: Judged): Problem | undefined {
  if (verdict !== 'off') return undefined
  return {
    id: 'greylisting-off',
    severity: 'error',
    title: 'Postfix accepts mail from strangers and never asks a greylister',
    detail: `${stories.strangers === 1 ? 'one message' : `${stories.strangers} messages`} came in from clients that are not this host and did not authenticate; the log has neither a deferral nor a greylister's line`,
    evidence: [],
    remediation: {
      text: 'put greylisting on this server, or, where it is installed, look whether something permits these clients before it is asked',
      commands: ['greyctl install --dry-run', 'greyctl verify --live'],
    },
  }
}

function learning({ stories }: Judged): Problem | undefined {
  if (stories.learned === 0 || stories.totals.sawDeferral) return undefined
  return {
    id: 'learn-mode',
    severity: 'info',
    title: 'greylisting learns: it decides and logs, and defers nobody',
    detail: `${times(stories.learned)} a mail would have been deferred`,
    evidence: [],
    remediation: { text: 'begin to defer when you have seen enough', commands: ['greyctl enforce'] },
  }
}

function failedOpen({ stories }: Judged): Problem | undefined {
  if (stories.failedOpen === 0) return undefined
  return {
    id: 'greylister-failing-open',
    severity: 'warning',
    title: 'the greylister could not decide and let mail through',
    detail: `it said so ${times(stories.failedOpen)}`,
    evidence: [],
    remediation: {
      text: 'its own lines say why, most often a full or read-only disk below its database',
      commands: ['df -h /var/lib/greyctl', 'service greyctl status'],
    },
  }
}

function overflow({ stories }: Judged): Problem | undefined {
  const { untracked } = stories
  if (untracked === 0) return undefined
  return {
    id: 'too-many-triplets',
    severity: 'warning',
    title: 'more triplets waited at one time than are followed',
    detail: `${untracked} of them, always those that had waited longest, were let go while they waited: they count as greylisted and never retried, and where one came back later it counts as a new one`,
    evidence: [],
    remediation: { text: 'look at a shorter time with --since', commands: ['greyctl verify --since 1d'] },
  }
}

/** A gap in the log may hold the retries that seem to be missing. */
function lost({ stories }: Judged): Problem | undefined {
  if (stories.lost === 0) return undefined
  return {
    id: 'log-has-gaps',
    severity: 'warning',
    title: 'the log lacks messages',
    detail: `journald or rsyslog left out ${stories.lost} messages because too many came at once; counts may be too low`,
    evidence: [],
    remediation: {
      text: 'raise RateLimitBurst in /etc/systemd/journald.conf, or ratelimit.burst of imjournal or imuxsock in rsyslog.conf',
      commands: ['journalctl -u systemd-journald | grep Suppressed'],
    },
  }
}

/** Why nothing can be said. */
function unclear(judged: Judged): Problem | undefined {
  const { verdict, stories, window } = judged
  if (verdict !== 'inconclusive' && verdict !== 'waiting') return undefined
  if (stories.totals.greylisted > 0) return verdict === 'waiting' ? tooShort(judged) : nobodyCameBack(judged)
  if (stories.decisions > 0) return undefined
  const empty = window.lines === 0
  const nothingNew = window.sources.length === 0
  return {
    id: empty ? 'log-is-empty' : 'no-mail-from-strangers',
    severity: 'info',
    title: nothingNew
      ? 'the log has nothing new'
      : empty
        ? 'the log is empty'
        : 'the log has no mail that greylisting is about',
    detail: nothingNew
      ? 'no line was added since the run before this one'
      : empty
        ? `there is no line in ${window.sources.join(', ')}`
        : `${window.lines === 1 ? 'one line, and it is not' : `${window.lines} lines, and none of them is`} of mail from a stranger or of a greylister`,
    evidence: [],
    remediation: {
      text: 'let a mail arrive from outside, or ask Postfix itself',
      commands: ['greyctl verify --live'],
    },
  }
}

function tooShort({ stories, until }: Judged): Problem {
  const delay = delayOf(stories)
  const { earliestDeferral } = stories.totals
  const seen =
    until === undefined || earliestDeferral === undefined
      ? 0
      : Math.max(0, Math.round(until - earliestDeferral))
  return {
    id: 'log-shorter-than-delay',
    severity: 'info',
    title: 'the log is shorter than the delay',
    detail: `it goes on for ${seen} s after the first deferral, and a mail has to wait for ${delay} s here: no retry could be accepted yet`,
    evidence: [],
    remediation: {
      text: 'run this again later, or on a log that goes on for longer',
      commands: ['greyctl verify'],
    },
  }
}

function nobodyCameBack({ stories }: Judged): Problem {
  const { greylisted, acceptedElsewhere } = stories.totals
  const elsewhere =
    acceptedElsewhere > 0 ? `; the same mail came in from other networks ${times(acceptedElsewhere)}` : ''
  return {
    id: 'nobody-came-back',
    severity: 'info',
    title: 'mail was deferred, and none of it came back in this log',
    detail: `${greylisted === 1 ? 'one triplet was' : `${greylisted} triplets were`} deferred and not seen again after the delay${elsewhere}; spam never comes back, so this alone is no fault`,
    evidence: [],
    remediation: {
      text: 'wait for a mail from outside, read a longer log, or ask Postfix itself',
      commands: ['greyctl verify --live'],
    },
  }
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}
