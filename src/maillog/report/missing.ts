import type { Story } from '../life.js'
import { PrintTable } from '../print-table.js'
import { isoTime } from '../time.js'
import type { Looks } from './looks.js'
import { WAITING_SECONDS } from './outcomes.js'
import { StoryPrints } from './prints.js'
import type { Look, Missing, NeverCameBack } from './shape.js'

/** Rows kept where all are asked for, and networks that are told apart. */
const MOST = 300_000
/** Sorting is put off until so many more have come. */
const SLACK = 1000

interface Row extends Missing {
  readonly weight: number
}

/** Those that never came back: how many look how, and the first of them by what they are worth. */
export class MissingTally {
  private readonly looks: Record<Look, number> = { legitimate: 0, unclear: 0, spam: 0 }
  private readonly networks = new PrintTable(MOST)
  private readonly prints = new StoryPrints()
  private rows: Row[] = []
  private total = 0
  private readonly most: number

  /** `top`: rows that are listed at most; 0: all, up to MOST. */
  constructor(top: number) {
    this.most = top === 0 ? MOST : top
  }

  add(story: Story, judge: Looks): void {
    const { look, marks, weight } = judge.judge(story)
    const { client, sender, recipient, deferrals, deferredAt, lastDeferredAt } = story
    this.total += 1
    this.looks[look] += 1
    this.networks.set(this.prints.network(client), 1)
    this.rows.push({
      look,
      marks,
      name: client.name,
      address: client.address,
      sender,
      recipient,
      tries: deferrals,
      firstAt: deferredAt === undefined ? null : isoTime(deferredAt),
      lastAt: lastDeferredAt === undefined ? null : isoTime(lastDeferredAt),
      weight,
    })
    if (this.rows.length > 2 * this.most + SLACK) this.cut()
  }

  /** Networks that they came from; not more than MOST are told apart. */
  get networkCount(): number {
    return this.networks.size
  }

  end(): NeverCameBack {
    this.cut()
    return {
      total: this.total,
      looks: this.looks,
      listed: this.rows.map(({ weight: _, ...row }) => row),
      waitingSeconds: WAITING_SECONDS,
    }
  }

  private cut(): void {
    this.rows = this.rows.sort(byWorth).slice(0, this.most)
  }
}

/** Those that look legitimate first, then those that tried most often, then the latest. */
function byWorth(a: Row, b: Row): number {
  if (a.weight !== b.weight) return b.weight - a.weight
  if (a.tries !== b.tries) return b.tries - a.tries
  return (a.lastAt ?? '') === (b.lastAt ?? '') ? 0 : (a.lastAt ?? '') > (b.lastAt ?? '') ? -1 : 1
}
