import { chownSync, existsSync, lchownSync, lstatSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { GreyctlError } from '../errors.js'

export interface Identity {
  readonly user: string
  readonly uid: number
  readonly gid: number
}

/** Whom to become; undefined: nobody else. Throws GreyctlError('service-failed') for names that do not exist. */
export function findIdentity(user: string | undefined, group: string | undefined): Identity | undefined {
  if (user === undefined && group === undefined) return undefined
  if (process.getuid?.() !== 0) return undefined
  const { uid = 0, gid } = findIds(user, group)
  const account = user === undefined ? undefined : lookup('/etc/passwd', user)
  return {
    user: user ?? 'root',
    uid,
    gid: gid ?? Number(account?.[3] ?? 0),
  }
}

/** The numbers of a user and a group; undefined for one that was not named. Throws as findIdentity does. */
export function findIds(
  user: string | undefined,
  group: string | undefined,
): { readonly uid?: number; readonly gid?: number } {
  const account = user === undefined ? undefined : lookup('/etc/passwd', user)
  if (user !== undefined && account === undefined) throw unknown('user', user)
  const named = group === undefined ? undefined : lookup('/etc/group', group)
  if (group !== undefined && named === undefined) throw unknown('group', group)
  return {
    ...(account ? { uid: Number(account[2]) } : {}),
    ...(named ? { gid: Number(named[2]) } : {}),
  }
}

/** What a daemon that ran as root left behind. */
const OWN_FILE = /^(?:(?:data|lock)\.mdb|journal-[01]$|privacy\.key$)/

/** The store's directory, made if it is missing, belongs to whom the daemon becomes; so do the files in it. */
export function prepareDirectory(directory: string, { uid, gid }: Identity): void {
  // whoever makes the parents for itself alone locks the daemon out
  mkdirSync(dirname(directory), { recursive: true, mode: 0o755 })
  if (!existsSync(directory)) mkdirSync(directory, { mode: 0o700 })
  chownSync(directory, uid, gid)
  for (const name of readdirSync(directory)) {
    const path = join(directory, name)
    // never through a link of either kind: the directory belongs to an unprivileged user
    if (OWN_FILE.test(name) && lstatSync(path).nlink === 1) lchownSync(path, uid, gid)
  }
}

/** For good. Everything that needs root, reading the program's own files included, has to be done. */
export function becomeUser({ user, uid, gid }: Identity): void {
  // missing from Node's types
  ;(process as { initgroups?: (user: string, group: number) => void }).initgroups?.(user, gid)
  process.setgid?.(gid)
  process.setuid?.(uid)
}

function lookup(file: string, name: string): string[] | undefined {
  return readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([first]) => first === name)
}

function unknown(kind: 'user' | 'group', name: string): GreyctlError {
  return new GreyctlError('service-failed', `there is no ${kind} named ${name}`, {
    hints: [kind === 'user' ? `create it: useradd --system ${name}` : `create it: groupadd --system ${name}`],
  })
}
