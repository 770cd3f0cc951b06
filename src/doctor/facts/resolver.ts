import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import { readTextFile, type TextFile } from './text-file.js'

/** Files that a chrooted smtpd has of its own (BASIC_CONFIGURATION_README, "chroot"). */
export interface ResolverFile {
  readonly outside: TextFile
  /** Below the queue directory; undefined when it is not there. */
  readonly inside: TextFile | undefined
  readonly insidePath: string
}

export async function gatherResolver({ host, need }: GatherContext<Facts>): Promise<readonly ResolverFile[]> {
  const queue = (await need('settings')).get('queue_directory')
  const files = await Promise.all(
    ['/etc/resolv.conf', '/etc/hosts', '/etc/nsswitch.conf'].map(async (path) => {
      const [outside, inside] = await Promise.all([
        readTextFile(host, path),
        readTextFile(host, queue + path),
      ])
      return outside && { outside, inside, insidePath: queue + path }
    }),
  )
  return files.filter((file) => file !== undefined)
}
