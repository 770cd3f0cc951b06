import { join } from 'node:path'
import { debianTree } from './debian-tree.js'

/** Debian's Prometheus, unpacked: installed, its package would start a server. undefined where it cannot be had. */
export function prometheus(): { readonly server: string; readonly promtool: string } | undefined {
  try {
    const tree = debianTree('prometheus', { suite: 'bookworm', packages: ['prometheus'], alone: true })
    return { server: join(tree, 'usr/bin/prometheus'), promtool: join(tree, 'usr/bin/promtool') }
  } catch (error) {
    console.log(`skipped: Debian's package prometheus cannot be fetched: ${(error as Error).message.trim()}`)
    return undefined
  }
}
