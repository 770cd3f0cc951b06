/** What a log tells of the greylister itself. */
export class Signs {
  /** When greylisting was last seen at work: a decision, or a deferral. Seconds since the epoch. */
  last: number | undefined
  /** Seconds, learned from what early retries were told; undefined when none said. */
  configuredDelay: number | undefined

  seen(at: number | undefined): void {
    if (at !== undefined) this.last = Math.max(this.last ?? 0, at)
  }

  /** Who had `waited` so many seconds was told to `wait` for so many more. */
  told(by: 'greylister' | 'postfix', waited: number, wait: number): void {
    // sqlgrey's text says the whole delay again to a retry, postgrey's what is left
    if (by === 'postfix' && waited > 0) return
    this.configuredDelay = Math.max(this.configuredDelay ?? 0, Math.round(waited + wait))
  }
}
