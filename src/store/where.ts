import type { Policy } from '../greylist/policy.js'
import { lifetime } from './lifetime.js'
import { type Access, withSharedStore } from './shared.js'
import type { LocalSpec } from './spec.js'
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

/** For messages. */
export function placeName(store: Place): string {
  return store.kind === 'lmdb' ? store.directory : nameOf(store)
}
