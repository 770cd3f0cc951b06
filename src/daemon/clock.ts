import type { Log } from './log.js'

/** Milliseconds between two looks. */
const LOOK = 5000
/** Seconds that a clock may be set by without a word: time servers do that all day. */
const NOTICE = 60

/**
 * Warns when the clock was set. Back: what waits begins to wait anew, since nobody can tell for how long it did.
 * Forward: what waits passes early, and what is old may be forgotten. Returns how to stop it.
 */
export function watchClock(clock: () => number, log: Log, every = LOOK): () => void {
  const drift = () => (clock() - performance.now()) / 1000
  let before = drift()
  const timer = setInterval(() => {
    const now = drift()
    const set = Math.round(now - before)
    before = now
    if (Math.abs(set) < NOTICE) return
    const what = set < 0 ? 'back: mails that wait begin to wait anew' : 'forward: mails that wait pass early'
    log.line(`warning: the clock was set by ${Math.abs(set)} seconds ${what}`)
  }, every)
  timer.unref()
  return () => clearInterval(timer)
}
