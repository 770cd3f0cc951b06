import { chmodSync, chownSync, lstatSync, unlinkSync } from 'node:fs'
import { connect, type ListenOptions, type Server } from 'node:net'
import { GreyctlError } from '../errors.js'
import type { UnixEndpoint } from './endpoints.js'
import { findIds, type Identity } from './privileges.js'

/**
 * Listens on the path: the file is made without any permission (the umask at bind(2), which happens before this
 * returns), so that nobody connects before `openUnixSocket` has given it its owner, group and mode.
 */
export function bindUnixSocket(server: Server, options: ListenOptions, listening: () => void): void {
  const before = process.umask(0o777)
  try {
    server.listen(options, listening)
  } finally {
    process.umask(before)
  }
}

/**
 * Owner and group first: with the mode it becomes reachable. It belongs to whom the daemon becomes, as postgrey's does,
 * unless the endpoint says otherwise. Throws GreyctlError('service-failed').
 */
export function openUnixSocket(
  { path, mode, owner, group }: UnixEndpoint,
  daemon?: Pick<Identity, 'uid' | 'gid'>,
): void {
  try {
    const { uid, gid } = { ...daemon, ...findIds(owner, group) }
    if (uid !== undefined || gid !== undefined) chownSync(path, uid ?? -1, gid ?? -1)
    chmodSync(path, mode)
  } catch (cause) {
    unlinkSync(path)
    if (cause instanceof GreyctlError) throw cause
    throw new GreyctlError(
      'service-failed',
      `cannot give the socket its owner: ${(cause as Error).message}`,
      {
        where: path,
        hints: ["only root may give a file away; a group must be one of the daemon's own"],
        cause,
      },
    )
  }
}

/** A socket that a killed daemon left behind is removed; one that somebody answers on, or any other file, is not. */
export async function removeStaleSocket(path: string): Promise<void> {
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSocket()) return
  if (await answers(path)) {
    throw new GreyctlError('port-taken', `cannot listen on ${path}: somebody else does`, { where: path })
  }
  unlinkSync(path)
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
