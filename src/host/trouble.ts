import { type ErrorCode, GreyctlError } from '../errors.js'

const KNOWN: Readonly<Record<string, { code: ErrorCode; message: string; hint: string }>> = {
  ENOSPC: {
    code: 'no-space',
    message: 'no space left on the file system',
    hint: 'make room there and run it again',
  },
  EDQUOT: {
    code: 'no-space',
    message: 'the disk quota is used up',
    hint: 'make room there and run it again',
  },
  EROFS: {
    code: 'read-only',
    message: 'the file system is read-only',
    hint: 'mount it writable (mount -o remount,rw) and run it again',
  },
  EPERM: {
    code: 'read-only',
    message: 'this may not be changed, not even by root (an immutable file?)',
    hint: 'lsattr shows it, chattr -i takes it off',
  },
  EACCES: { code: 'needs-root', message: 'permission denied', hint: 'run it again as root' },
}

export function errnoOf(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException | undefined)?.code
}

/** A failed write, in words: which file, why, and what to do. */
export function writeTrouble(error: unknown, path: string): GreyctlError {
  if (error instanceof GreyctlError) return error
  const known = KNOWN[errnoOf(error) ?? '']
  if (known)
    return new GreyctlError(known.code, known.message, { where: path, hints: [known.hint], cause: error })
  return new GreyctlError('change-failed', `cannot write: ${(error as Error).message}`, {
    where: path,
    cause: error,
  })
}

export function readTrouble(error: unknown, path: string): GreyctlError {
  if (error instanceof GreyctlError) return error
  const denied = errnoOf(error) === 'EACCES'
  return new GreyctlError(
    'config-unreadable',
    denied ? 'permission denied' : `cannot read: ${(error as Error).message}`,
    {
      where: path,
      hints: denied ? ['run it again as root'] : [],
      cause: error,
    },
  )
}
