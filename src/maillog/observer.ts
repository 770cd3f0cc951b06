import type { Passed } from './event.js'
import type { Story } from './life.js'

/** Who wants more than the totals: what is not kept to the end, as it happens. */
export interface Observer {
  /** A life that is let go because there are too many; it is in no list at the end. `at`: the log's time then. */
  letGo?(story: Story, at: number | undefined): void
  /** A mail was put off, for the first time or again. */
  deferred?(story: Story): void
  /** A mail that was put off before was accepted. */
  passed?(story: Story): void
  /** A whitelist let mail through, `times` in a row. */
  whitelisted?(event: Passed, at: number | undefined, times: number): void
}
