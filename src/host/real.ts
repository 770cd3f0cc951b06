import { realpathSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { GreyctlError } from '../errors.js'
import { mailExchangers, ownAddresses } from './dns.js'
import { Files } from './files.js'
import type { Host } from './host.js'
import { lockPath } from './lock.js'
import { Paths } from './paths.js'
import { openDialogue, runProgram, streamProgram } from './programs.js'
import { canConnect, canListen, exchange } from './sockets.js'
import { startThread } from './threads.js'
import { Trees } from './trees.js'

/** The machine itself, or with `root` a directory tree of which only files can be read and changed. */
export function createRealHost(options: { root?: string } = {}): Host {
  const root = realRoot(options.root)
  const paths = new Paths(root)
  const files = new Files(paths, copyAttributes)
  const trees = new Trees(paths)
  const onlyLive = () => {
    if (root === '/') return
    throw new GreyctlError('unsupported', 'programs are not run for a tree below --root')
  }
  return {
    root,
    read: (path) => files.read(path),
    stat: (path) => files.stat(path),
    lstat: (path) => files.lstat(path),
    list: (path) => files.list(path),
    realpath: (path) => paths.resolve(path),
    stream: (path, how) => files.stream(path, how),
    streamOn: (path, signal) => files.streamOn(path, signal),
    input: () => readInput(),
    tail: (path, bytes) => files.tail(path, bytes),
    freeBytes: (path) => files.freeBytes(path),
    freeInodes: (path) => files.freeInodes(path),
    replace: (path, content, replaceOptions) => files.replace(path, content, replaceOptions),
    append: (path, content, meta) => files.append(path, content, meta),
    remove: (path) => files.remove(path),
    makeDirectory: (path, meta) => trees.makeDirectory(path, meta),
    removeDirectory: (path) => trees.removeDirectory(path),
    removeTree: (path) => trees.removeTree(path),
    copyTree: (from, to) => trees.copyTree(from, to),
    lock: async (path) => lockPath(await paths.outside(path, { followLast: true })),
    run: async (argv, runOptions) => {
      onlyLive()
      return runProgram(argv, runOptions)
    },
    runStream: (argv, runOptions) => {
      onlyLive()
      return streamProgram(argv, runOptions)
    },
    thread: startThread,
    dialogue: async (argv, runOptions) => {
      onlyLive()
      return openDialogue(argv, runOptions)
    },
    canConnect,
    exchange,
    canListen,
    mailExchangers,
    ownAddresses,
    uid: process.getuid?.() ?? 0,
    user: async (name) => findUser((await files.read('/etc/passwd')) ?? Buffer.alloc(0), name),
    now: () => Date.now() / 1000,
    sleep: async (seconds, signal) => {
      await delay(seconds * 1000, undefined, signal ? { signal } : {}).catch(() => {})
    },
    hostname: async () => {
      if (root !== '/')
        return ((await files.read('/etc/hostname'))?.toString('utf8').trim() ?? '') || hostname()
      const { stdout } = await runProgram(['hostname', '--fqdn'], { timeout: 10 })
      return stdout.trim() || hostname()
    },
  }
}

async function* readInput(): AsyncGenerator<Buffer> {
  if (process.stdin.isTTY)
    throw new GreyctlError('log-unreadable', 'nothing is piped in', {
      where: 'standard input',
      hints: ['pipe a log into it, or name one with --log FILE'],
    })
  yield* process.stdin
}

function realRoot(root: string | undefined): string {
  if (root === undefined) return '/'
  try {
    return realpathSync(root)
  } catch {
    throw new GreyctlError('usage', 'there is no such directory', {
      where: root,
      hints: ['give --root a directory'],
    })
  }
}

/** Node.js has no extended attributes; cp(1) of coreutils copies all of them, ACLs and the SELinux context included. */
async function copyAttributes(from: string, to: string): Promise<void> {
  const result = await runProgram(['cp', '--attributes-only', '--preserve=all', '--', from, to])
  if (result.exitCode !== 0) {
    throw new GreyctlError('change-failed', `cannot keep its owner and attributes: ${result.stderr.trim()}`, {
      where: to,
    })
  }
}

function findUser(passwd: Buffer, name: string): { uid: number; gid: number } | undefined {
  for (const line of passwd.toString('utf8').split('\n')) {
    const [user, , uid, gid] = line.split(':')
    if (user === name) return { uid: Number(uid), gid: Number(gid) }
  }
  return undefined
}
