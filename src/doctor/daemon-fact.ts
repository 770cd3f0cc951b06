/** What greyctl's own daemon makes of its settings, and its unit of whom they name. */
export interface DaemonFact {
  /** Complaints with which it would not start, with file and line. */
  readonly refused: readonly string[]
  /** Whom it is to answer or to ask, and its unit keeps away. */
  readonly keptAway: readonly {
    readonly setting: 'may-ask' | 'resolver' | 'store'
    /** An address or a network. */
    readonly network: string
    /** `path:line`, or the file. */
    readonly where: string
  }[]
}
