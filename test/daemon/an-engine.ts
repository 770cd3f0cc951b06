import { Engine, type EngineOptions } from '../../src/daemon/engine.js'
import type { Log } from '../../src/daemon/log.js'
import { Metrics } from '../../src/daemon/metrics.js'
import { TEXT_LINES } from '../../src/greylist/logline.js'
import { DEFAULT_ACTION, DEFAULT_HEADER, DEFAULT_TEXT } from '../../src/greylist/reply.js'
import { policy } from '../greylist/fixtures.js'

type Said = Pick<EngineOptions, 'store'> &
  Partial<Omit<EngineOptions, 'log'>> & { readonly log?: Partial<Log> }

/** An engine with the default policy and texts, whose clock stands still and whose log is dropped, but for what is said here. */
export function anEngine({ log, ...options }: Said): Engine {
  return new Engine({
    policy: () => policy(),
    texts: () => ({
      action: DEFAULT_ACTION,
      text: DEFAULT_TEXT,
      header: DEFAULT_HEADER,
      hostname: 'mx',
      version: '0',
    }),
    log: { line: () => {}, record: () => {}, rarely: () => {}, flush: async () => {}, ...log },
    lines: TEXT_LINES,
    metrics: new Metrics(),
    quiet: () => false,
    testClock: false,
    clock: () => 1_800_000_000_000,
    ...options,
  })
}
