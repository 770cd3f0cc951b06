import type { Story } from './life.js'
import { type Evidence, refText, type Stories } from './story.js'
import type { Verdict, Window } from './verdict.js'

/** The shape of doctor's findings (CLI.md). `text` of the evidence is a log's: escape it before printing. */
export interface Problem {
  readonly id: string
  readonly severity: 'critical' | 'error' | 'warning' | 'info'
  readonly title: string
  readonly detail: string
  readonly evidence: readonly Evidence[]
  readonly remediation: { readonly text: string; readonly commands: readonly string[] }
}

export interface Judged {
  readonly stories: Stories
  readonly stuck: readonly Story[]
  readonly verdict: Verdict
  readonly window: Window
}

export function problemsOf(judged: Judged): readonly Problem[] {
  return [unreachable(judged), stuck(judged), off(judged), learning(judged), overflow(judged)].filter(
    (problem) => problem !== undefined,
  )
}

function unreachable({ stories, verdict }: Judged): Problem | undefined {
  const { count, putOff, services, evidence } = stories.unreachable
  if (count === 0) return undefined
  const over = verdict !== 'broken' && stories.lastSign !== undefined
  const where = services.length > 0 ? ` at ${services.join(', ')}` : ''
  return {
    id: 'policy-server-unreachable',
    severity: putOff > 0 && !over ? 'critical' : over ? 'warning' : 'error',
    title: over
      ? 'the policy server did not answer for a while'
      : 'Postfix gets no answer from its policy server',
    detail:
      `smtpd got no answer ${times(count)}${where}; ` +
      (putOff > 0 ? `${times(putOff)} it put mail off with 451 4.3.5` : 'mail went on without greylisting') +
      (over ? '; greylisting has been seen at work since' : ''),
    evidence,
    remediation: {
      text: over
        ? 'nothing to do now; look why the daemon was away if it happens again'
        : 'start the daemon and see what it says; on a server that greyctl did not set up, compare the endpoint in main.cf with where the daemon listens',
      commands: over ? [] : ['service greyctl restart', 'postconf -n | grep check_policy_service'],
    },
  }
}

function stuck({ stories, stuck: lives }: Judged): Problem | undefined {
  if (lives.length === 0) return undefined
  const worst = lives.reduce((a, b) => (b.series.seconds > a.series.seconds ? b : a))
  return {
    id: 'retries-never-pass',
    severity: stories.lives.some((life) => life.passed) ? 'warning' : 'error',
    title: 'senders come back after the delay and are deferred again',
    detail: `${lives.length === 1 ? 'one triplet was' : `${lives.length} triplets were`} deferred three times or more, longer than the delay; the longest for ${worst.series.seconds} s`,
    evidence: lives.slice(0, 3).map((life) => ({
      ref: refText(life.lastRef),
      text: `${life.series.count} deferrals in ${life.series.seconds} s: client ${life.client}, from <${life.sender}> to <${life.recipient}>`,
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
  if (stories.learned === 0 || stories.lives.some((life) => life.lastDeferredAt !== undefined))
    return undefined
  return {
    id: 'learn-mode',
    severity: 'info',
    title: 'greylisting learns: it decides and logs, and defers nobody',
    detail: `${times(stories.learned)} a mail would have been deferred`,
    evidence: [],
    remediation: { text: 'install without --learn when you have seen enough', commands: ['greyctl install'] },
  }
}

function overflow({ stories }: Judged): Problem | undefined {
  if (stories.untracked === 0) return undefined
  return {
    id: 'too-many-triplets',
    severity: 'info',
    title: 'the log holds more triplets than are followed',
    detail: `${stories.untracked} deferrals of further triplets are not in the counts`,
    evidence: [],
    remediation: { text: 'look at a shorter time with --since', commands: ['greyctl verify --since 1d'] },
  }
}

function times(count: number): string {
  return count === 1 ? 'once' : `${count} times`
}
