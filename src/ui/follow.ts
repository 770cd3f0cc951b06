import type { Change, News } from '../maillog/follow.js'
import { duration } from './duration.js'
import { escapeText } from './escape.js'
import { renderVerify, type VerifyLook } from './verify.js'

/** A line for people; a verdict with all that verify says. */
export function renderNews(news: News, look: VerifyLook): string {
  if (news.what === 'verdict') return `${renderVerify(news.report, look)}\n`
  const at = news.what === 'accepted' ? news.passedAt : news.lastDeferredAt
  const who = `${news.client}  <${news.sender}> to <${news.recipient}>`
  return `${at ?? '-'}  ${wordOf(news, look)}  ${escapeText(who)}`
}

function wordOf({ what, delay, deferrals }: Change, { style }: VerifyLook): string {
  if (what === 'accepted') return style.green(`accepted after ${duration(delay)}`)
  return style.yellow(deferrals > 1 ? `deferred again (${deferrals})` : 'deferred')
}

/** The same for programs: one document a line. */
export function newsDocument(news: News): object {
  if (news.what === 'verdict') return { event: 'verdict', ...news.report }
  const { what, ...rest } = news
  return { event: what, ...rest }
}
