import { type GatherContext, Unknown } from '../fact-book.js'
import type { Facts } from '../facts.js'
import { assertLive } from './settings.js'

/** What the kernel and the audit system said in the last day that may touch mail. */
export interface KernelFact {
  readonly outOfMemory: readonly string[]
  readonly selinux: readonly string[]
  readonly apparmor: readonly string[]
}

const OURS = /postfix|smtpd|postgrey|sqlgrey|greyctl|node\b/

export async function gatherKernel({ host }: GatherContext<Facts>): Promise<KernelFact> {
  assertLive(host.root)
  const argv = [
    'journalctl',
    '-o',
    'cat',
    '--no-pager',
    '--quiet',
    '--since=-1d',
    '--lines=5000',
    '_TRANSPORT=kernel',
    '+',
    '_TRANSPORT=audit',
  ]
  const result = await host.run(argv, { timeout: 4 })
  if (result.exitCode !== 0)
    throw new Unknown(
      `the kernel's messages cannot be read: ${result.failure ?? result.stderr.trim().split('\n').at(-1)}`,
    )
  const lines = result.stdout.split('\n').filter((line) => OURS.test(line))
  const pick = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).slice(-3)
  return {
    outOfMemory: pick(/Out of memory: Killed process|oom-kill:/),
    selinux: pick(/avc:\s+denied/),
    apparmor: pick(/apparmor="DENIED"/),
  }
}
