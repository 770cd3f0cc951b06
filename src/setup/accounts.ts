import type { Host } from '../host/host.js'

/** shadow is everywhere but in small systems such as Alpine's, where busybox has adduser and addgroup. */
export type AccountTools = 'shadow' | 'busybox'

interface Row {
  /** A system user with a group of its name, no home, no shell; `uid` to have it as it was. */
  readonly create: (user: string, uid?: number) => readonly string[]
  readonly remove: (user: string) => readonly string[]
  /** Exit codes of `remove` that say: no such user. */
  readonly gone: readonly number[]
  /** Exit codes of `create` that say: it is there. */
  readonly there: readonly number[]
}

/** Another user's name never ends up in the shell's words: they are parameters. */
const busybox = (script: string, ...words: readonly string[]) => ['sh', '-c', script, 'sh', ...words]

export const ACCOUNT_TOOLS: Readonly<Record<AccountTools, Row>> = {
  // useradd(8), userdel(8)
  shadow: {
    create: (user, uid) => [
      'useradd',
      '--system',
      '--user-group',
      '--no-create-home',
      '--home-dir',
      '/nonexistent',
      '--shell',
      '/usr/sbin/nologin',
      ...(uid === undefined ? [] : ['--uid', String(uid)]),
      user,
    ],
    remove: (user) => ['userdel', user],
    gone: [6],
    there: [9],
  },
  // busybox says 1 to everything: the database is asked instead
  busybox: {
    create: (user, uid) =>
      busybox(
        `grep -q "^$1:" /etc/group || addgroup -S \${2:+-g "$2"} "$1"
grep -q "^$1:" /etc/passwd || exec adduser -S -D -H -h /nonexistent -s /sbin/nologin -G "$1" \${2:+-u "$2"} "$1"`,
        user,
        ...(uid === undefined ? [] : [String(uid)]),
      ),
    remove: (user) =>
      busybox(
        `! grep -q "^$1:" /etc/passwd || deluser "$1" || exit
! grep -q "^$1:" /etc/group || exec delgroup "$1"`,
        user,
      ),
    gone: [],
    there: [],
  },
}

export async function findAccountTools(host: Host): Promise<AccountTools> {
  const useradd = await Promise.all(['/usr/sbin/useradd', '/sbin/useradd'].map((path) => host.stat(path)))
  const adduser = await host.stat('/usr/sbin/adduser')
  return useradd.every((stat) => stat === undefined) && adduser !== undefined ? 'busybox' : 'shadow'
}
