import type { Change, News } from '../maillog/follow.js'
import { shorten } from './columns.js'
import { duration } from './duration.js'
import { renderVerify, type VerifyLook } from './verify.js'

/** A line for people; a verdict with all that verify says. */
export function renderNews(news: News, look: VerifyLook): string {
  return news.what === 'verdict' ? `${renderVerify(news.report, look)}\n` : changeLine(news, look)
}

/** One deferral or acceptance; where columns are scarce, in so many and without the day. */
export function changeLine(
  news: Change,
  { style }: Pick<VerifyLook, 'style'>,
  width = Number.POSITIVE_INFINITY,
): string {
  const time = (news.what === 'accepted' ? news.passedAt : news.lastDeferredAt) ?? '-'
  const at = width === Number.POSITIVE_INFINITY ? time : time.slice(-9, -1).padEnd(8)
  const word = wordOf(news)
  const colour = news.what === 'accepted' ? style.green : style.yellow
  const who = `${news.client}  <${news.sender}> to <${news.recipient}>`
  return `${at}  ${colour(word)}  ${shorten(who, width - at.length - word.length - 4)}`
}

function wordOf({ what, delay, deferrals }: Change): string {
  if (what === 'accepted') return `accepted after ${duration(delay)}`
  return deferrals > 1 ? `deferred again (${deferrals})` : 'deferred'
}

/** The same for programs: one document a line. */
export function newsDocument(news: News): object {
  return news.what === 'verdict' ? { event: 'verdict', ...news.report } : changeDocument(news)
}

export function changeDocument({ what, ...rest }: Change): object {
  return { event: what, ...rest }
}
