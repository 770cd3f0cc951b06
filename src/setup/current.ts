import type { Backend, GivenFlags } from './choices.js'
import type { ServerFacts } from './facts.js'
import { DEFAULT_LISTEN, DEFAULTS_FILE, OTHER_LISTEN, POSTGREY_DEFAULTS } from './names.js'
import { readPostgreyOptions } from './postgrey-facts.js'
import { readDefaults } from './render.js'

/**
 * What is set up already, an administrator's edits included, for the backend that is wanted (undefined: the one that
 * is there). A switch keeps delay and selection, and takes another place to listen on, so that there is always a
 * daemon where Postfix asks.
 */
export function currentChoices(facts: ServerFacts, wanted: Backend | undefined): GivenFlags {
  const now = facts.installed?.backend
  const backend = wanted ?? now ?? 'bundled'
  const own = backend === 'bundled' ? bundledNow(facts) : postgreyNow(facts)
  const other = backend === 'bundled' ? postgreyNow(facts) : bundledNow(facts)
  const otherRuns = backend === 'bundled' ? facts.postgrey.service.running : facts.service.running
  const wish = own.listen ?? DEFAULT_LISTEN
  const taken = otherRuns && other.listen === wish
  const free = wish === DEFAULT_LISTEN ? OTHER_LISTEN : DEFAULT_LISTEN
  const delay = now !== undefined && now !== backend ? (other.delay ?? own.delay) : own.delay
  return {
    backend,
    selective: facts.installed?.selective,
    listen: taken ? free : own.listen,
    delay,
    learn: own.learn,
    store: own.store,
  }
}

function bundledNow(facts: ServerFacts): GivenFlags {
  return readDefaults(facts.files.get(DEFAULTS_FILE)?.toString('latin1') ?? '')
}

function postgreyNow(facts: ServerFacts): GivenFlags {
  return readPostgreyOptions(facts.files.get(POSTGREY_DEFAULTS)?.toString('latin1') ?? '')
}

/** Where a daemon of this backend is set to listen. */
export function listensNow(facts: ServerFacts, backend: Backend): string | undefined {
  const options = backend === 'bundled' ? bundledNow(facts) : postgreyNow(facts)
  return options.listen ?? (facts.installed?.backend === backend ? facts.installed.listen : undefined)
}
