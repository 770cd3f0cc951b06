import { lookup } from 'node:dns/promises'
import { GreyctlError } from '../../errors.js'
import type { Durability } from '../journaled.js'
import { openMending, openStore } from '../open.js'
import { ReopeningStore } from '../reopening.js'
import type { Store } from '../store.js'
import { connect } from './connect.js'
import { FallbackStore } from './fallback.js'
import { localDirectories, nameOf, type ValkeyLocation } from './location.js'
import { Mirror } from './mirror.js'
import { hostsBehind } from './reach.js'
import { type Lifetime, ValkeyStore } from './valkey.js'

/** Milliseconds that a daemon waits at its start for a server that is slow; connections wait in its backlog. */
const BEGIN = 1000
/** Milliseconds for a command line, where a person waits. */
const PATIENCE = 5000

export interface SharedOptions {
  readonly lifetime: Lifetime
  /** Of what this host remembers alone. */
  readonly durability: Durability
  readonly warn: (message: string) => void
}

/**
 * For the daemon: the server, and this host's own memory for the time in which it cannot be used. Resolves within a
 * second, whatever the server does, and whatever this host's disk.
 */
export async function openShared(location: ValkeyLocation, options: SharedOptions): Promise<Store> {
  const { durability, warn, lifetime } = options
  const { apart: directory, mirror: copy } = localDirectories(location)
  const openApart = (patience: number) =>
    openStore({ kind: 'lmdb', directory }, { durability, warn, patience })
  let store: FallbackStore | undefined
  let apart: Store
  let usable = true
  try {
    apart = openApart(1)
  } catch (error) {
    usable = false
    warn(`${(error as Error).message} (${directory}): this host could not remember alone`)
    apart = new ReopeningStore(
      () => openApart(0),
      error as Error,
      () => store?.apartOpened(),
    )
  }
  const mirror = new Mirror(() => openMending(copy, warn), warn)
  store = new FallbackStore({ location, lifetime, apart, usable, mirror, name: nameOf(location), warn })
  await store.begin(BEGIN)
  return store
}

/** For the command line: the server or nothing. Throws GreyctlError('store-failed'). */
export async function withServer<T>(
  location: ValkeyLocation,
  lifetime: Lifetime,
  work: (store: ValkeyStore) => Promise<T>,
): Promise<T> {
  let store: ValkeyStore | undefined
  try {
    const connection = await connect(location, PATIENCE)
    store = new ValkeyStore(connection, location, lifetime)
    return await work(store)
  } catch (cause) {
    if (cause instanceof GreyctlError) throw cause
    throw unusable(location, cause as Error)
  } finally {
    await store?.close()
  }
}

/**
 * The addresses of all hosts that a daemon may have to reach, but for this host's own. Sentinels and clusters are asked.
 * Throws GreyctlError('store-failed').
 */
export async function addressesOf(location: ValkeyLocation): Promise<readonly string[]> {
  const hosts = await hostsBehind(location, PATIENCE).catch((cause: Error) => {
    throw unusable(location, cause)
  })
  const found = await Promise.all(
    hosts.map((host) =>
      lookup(host, { all: true }).catch((cause: Error) => {
        throw new GreyctlError('store-failed', `${host} has no address: ${cause.message}`, { cause })
      }),
    ),
  )
  const addresses = found.flat().map(({ address }) => address)
  return [...new Set(addresses)].filter((address) => address !== '::1' && !address.startsWith('127.'))
}

function unusable(location: ValkeyLocation, cause: Error): GreyctlError {
  return new GreyctlError('store-failed', `the shared store cannot be used: ${cause.message}`, {
    where: nameOf(location),
    hints: [
      'see that it runs, and that this host and user may ask it (greyctl status, valkey-cli, redis-cli)',
      'its password: one line in /etc/greyctl/store-password, for root alone (chmod 600)',
    ],
    cause,
  })
}
