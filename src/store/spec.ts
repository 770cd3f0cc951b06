import { isAbsolute } from 'node:path'
import { isValkeyText, localDirectories, parseValkey, type ValkeyLocation } from './valkey/location.js'

/** A store of this process alone. */
export type LocalSpec = { readonly kind: 'lmdb'; readonly directory: string } | { readonly kind: 'memory' }

export type StoreSpec = LocalSpec | ValkeyLocation

/** `lmdb:DIR` (an absolute path), `memory:`, or a server (valkey/location.ts); undefined for anything else. */
export function parseStoreSpec(text: string): StoreSpec | undefined {
  if (text === 'memory:') return { kind: 'memory' }
  if (isValkeyText(text)) {
    const location = parseValkey(text)
    return typeof location === 'string' ? undefined : location
  }
  const directory = text.startsWith('lmdb:') ? text.slice('lmdb:'.length) : ''
  return isAbsolute(directory) && !directory.includes('\0') ? { kind: 'lmdb', directory } : undefined
}

/** Where a store keeps files on this host, the place to ask its daemon first. */
export function directoriesOf(spec: StoreSpec): readonly string[] {
  if (spec.kind === 'lmdb') return [spec.directory]
  return spec.kind === 'memory' ? [] : [spec.local, ...Object.values(localDirectories(spec))]
}

/** What is wrong with a text that names no store; never holds the text, which may have a password in it. */
export function complainOfStore(text: string): string {
  const complaint = isValkeyText(text) ? parseValkey(text) : undefined
  if (typeof complaint === 'string') return complaint
  return 'must be lmdb:DIRECTORY (an absolute path), valkey://HOST:PORT or memory:'
}
