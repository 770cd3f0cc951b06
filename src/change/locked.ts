import { GreyctlError } from '../errors.js'
import type { Host } from '../host/host.js'

/** Every machine has it, nothing has to be created, and a lock on a directory leaves nothing behind. */
const LOCKED = '/etc'

/** One change at a time. Throws GreyctlError('change-running'). */
export async function withLock<T>(host: Host, act: () => Promise<T>): Promise<T> {
  const lock = await host.lock(LOCKED)
  if (lock === undefined) {
    throw new GreyctlError('change-running', 'another greyctl is changing this machine', {
      hints: ['wait until it has ended, then run this again'],
    })
  }
  try {
    return await act()
  } finally {
    await lock.release()
  }
}
