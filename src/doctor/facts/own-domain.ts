import { listWords } from '../../postfix/restriction-list.js'
import type { Settings } from '../../postfix/settings.js'

/** The first own domain that is written as a word. */
export function ownDomain(settings: Settings): string {
  const lists = ['mydestination', 'virtual_mailbox_domains', 'virtual_alias_domains', 'relay_domains']
  const words = lists.flatMap((list) => safely(() => listWords(settings.get(list))))
  return (
    words.find((word) => /^[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$/.test(word)) ??
    words.find((word) => /^[A-Za-z0-9.-]+$/.test(word)) ??
    'own.example'
  )
}

/** A parameter that contains itself has no words: other checks say so. */
export function safely(read: () => readonly string[]): readonly string[] {
  try {
    return read()
  } catch {
    return []
  }
}
