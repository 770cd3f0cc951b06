import type { Host } from '../../host/host.js'
import type { Client } from '../event.js'
import type { Observer } from '../observer.js'
import { type LogRead, type ReadOptions, readLog } from '../read.js'
import { type Stories, type StoryLimits, StoryTeller } from '../story.js'
import type { Told } from '../told.js'
import { judge } from '../verdict.js'
import { type BuildInput, ReportBuilder } from './build.js'
import type { Report } from './shape.js'

export interface ReportOptions extends ReadOptions {
  /** Networks whose mail is not a stranger's. */
  readonly ownNetworks?: readonly string[]
  readonly limits?: StoryLimits
  /** Rows of each list at most; 0: all. */
  readonly top: number
  /** Leaves out what other clients did. */
  readonly wanted?: ((client: Client) => boolean) | undefined
}

/**
 * What greylisting did to mail, by the log. A stream: memory does not grow with the log.
 * Days and hours are of this process's time zone. Throws GreyctlError('log-unreadable').
 */
export async function reportLog(host: Host, options: ReportOptions): Promise<Report> {
  const account = new Account(options)
  return account.end(await readLog(host, options, account.listener))
}

/** What is read, on its way to a report. */
export class Account {
  readonly builder: ReportBuilder
  private readonly teller: StoryTeller

  /** `watch` is told of each change of a triplet, too. */
  constructor(
    private readonly options: Pick<ReportOptions, 'top' | 'limits' | 'ownNetworks' | 'wanted'>,
    watch: Pick<Observer, 'deferred' | 'passed'> = {},
  ) {
    this.builder = new ReportBuilder(options.top)
    this.teller = new StoryTeller(options.limits, options.ownNetworks, this.builder.observer(watch))
  }

  get listener(): Parameters<typeof readLog>[2] {
    const { teller } = this
    const { wanted } = this.options
    if (wanted === undefined) return teller
    return (told: Told) => {
      if (!('client' in told.event) || wanted(told.event.client)) teller.add(told)
    }
  }

  /** What it comes to so far; more may come. */
  soFar(read: LogRead): BuildInput {
    return inputOf(this.teller.end(), read)
  }

  /** Once, when no more comes. */
  end(read: LogRead): Report {
    return this.builder.end(this.soFar(read))
  }
}

function inputOf(stories: Stories, { window, until, problems }: LogRead): BuildInput {
  return {
    verified: judge({ stories, window, until, readProblems: problems }),
    stories,
    until,
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  }
}
