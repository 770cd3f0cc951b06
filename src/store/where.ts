import type { Policy } from '../greylist/policy.js'
import { lastSecond } from '../greylist/record.js'
import type { LocalSpec } from './open.js'
import { type Access, withSharedStore } from './shared.js'
import type { Store } from './store.js'
import { nameOf, type ValkeyLocation } from './valkey/location.js'

/** A store that another process than the daemon can look into. */
export type Place = Extract<LocalSpec, { kind: 'lmdb' }> | ValkeyLocation

/** How its records are judged, and when (epoch seconds). */
interface Judging {
  readonly store: Place
  readonly rules: Pick<Policy, 'maxAge' | 'retryWindow'>
  readonly now: number
}

/** Opens the store for so long. Throws GreyctlError('store-failed' | 'needs-root'). */
export async function withStore<T>(
  { store, rules, now }: Judging,
  access: Access,
  work: (store: Store) => Promise<T>,
): Promise<T> {
  if (store.kind === 'lmdb') return withSharedStore(store.directory, access, work)
  const { withServer } = await import('./valkey/open.js')
  return withServer(store, (key, record) => lifetime(key, record, rules, now), work)
}

/** Seconds a little longer than clocks may differ. */
const SLACK = 60

/** Seconds that a record is kept by a store that forgets by itself: as long as it says something, and a minute more. */
export function lifetime(
  key: string,
  record: Parameters<typeof lastSecond>[1],
  rules: Judging['rules'],
  now: number,
): number {
  return Math.max(1, lastSecond(key.charAt(0), record, rules) - now + SLACK)
}

/** For messages. */
export function placeName(store: Place): string {
  return store.kind === 'lmdb' ? store.directory : nameOf(store)
}
