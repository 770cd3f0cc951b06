import { spawn } from 'node:child_process'
import { once } from 'node:events'

const CONFLICT = 75

/**
 * flock(1) from util-linux holds the lock as long as its stdin is open. The kernel lets go of it when this process
 * ends, however it ends; no pid file that could go stale, and nothing that another user could squat on.
 */
export async function lockPath(path: string): Promise<{ release(): Promise<void> } | undefined> {
  const holder = spawn(
    'flock',
    [
      '--nonblock',
      '--conflict-exit-code',
      String(CONFLICT),
      path,
      'sh',
      '-c',
      'echo held; exec cat >/dev/null',
    ],
    { stdio: ['pipe', 'pipe', 'ignore'], detached: true },
  )
  const outcome = await Promise.race([
    once(holder.stdout, 'data').then(() => 'held' as const),
    once(holder, 'exit').then(([code]) => code as number | null),
  ])
  if (outcome === CONFLICT) return undefined
  if (outcome !== 'held') throw new Error(`flock ${path} failed with exit code ${outcome}`)
  holder.unref()
  holder.stdout.destroy()
  // the holder must not keep a finished command from ending
  ;(holder.stdin as unknown as { unref?(): void }).unref?.()
  return {
    release: async () => {
      holder.ref()
      const gone = once(holder, 'exit')
      holder.stdin.end()
      await gone
    },
  }
}
