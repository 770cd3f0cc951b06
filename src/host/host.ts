/**
 * The only door to the machine. Everything outside host/ that needs a file, a program, a clock or a socket
 * takes a Host as a value. Two implementations: real.ts, and memory.ts for tests and crash injection.
 *
 * Paths are absolute, as seen inside `root` (`--root DIR` prefixes them); programs are never run with a root
 * other than `/`: `run` then throws GreyctlError('unsupported').
 */
export interface FileMeta {
  readonly uid: number
  readonly gid: number
  /** Permission bits alone, as in 0o644. */
  readonly mode: number
}

export interface FileStat extends FileMeta {
  readonly kind: 'file' | 'directory' | 'symlink' | 'other'
  /** Bytes. */
  readonly size: number
  /** Seconds since the epoch. */
  readonly modified: number
}

export interface RunOptions {
  /** Added to the environment, which is otherwise PATH, HOME and LC_ALL=C.UTF-8. */
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
  /** Seconds; default 60. */
  readonly timeout?: number
  /** Run as this user and group (numeric); needs root. */
  readonly uid?: number
  readonly gid?: number
  /** Aborts the program (SIGTERM). */
  readonly signal?: AbortSignal
}

/** A part of a file, in bytes. */
export interface ByteRange {
  readonly from: number
  readonly length: number
}

export interface StreamOptions {
  /**
   * These parts alone, one after the other: opening the file anew for each took ten times as long as looking into 400
   * places of it.
   */
  readonly parts?: readonly ByteRange[]
  /**
   * Reads into these buffers in turns, three at least: a chunk is good until two less than there are were asked for after
   * it (one is being filled already).
   */
  readonly into?: readonly Buffer[] | undefined
}

/** A normal outcome whatever the exit code: callers judge. `exitCode` is undefined when it did not run to an exit. */
export interface RunResult {
  readonly argv: readonly string[]
  readonly exitCode: number | undefined
  /** Why there is no exit code: 'ENOENT' (no such program), 'timeout', a signal name. */
  readonly failure: string | undefined
  readonly stdout: string
  readonly stderr: string
}

/** A program that is talked to line by line (the stand-alone smtpd). */
export interface Dialogue {
  /** The next line without its line end; undefined at end of output or after the timeout. */
  readLine(timeoutSeconds: number): Promise<string | undefined>
  writeLine(line: string): Promise<void>
  /** Ends the program (stdin closed, then SIGTERM after a second) and returns what it wrote to stderr. */
  close(): Promise<{ stderr: string; exitCode: number | undefined }>
}

/** How a question to a server on a stream socket ended. */
export interface Exchange {
  /** answered: `until` was seen. closed: the server ended the connection first. silent: nothing within the time. */
  readonly outcome: 'answered' | 'closed' | 'silent' | 'no-connection'
  /** The bytes that came, one character each, at most 64 KiB. Others wrote them: escape before printing. */
  readonly answer: string
  /** Why there was no connection: ECONNREFUSED, ENOENT, EACCES, ETIMEDOUT, ENOTFOUND, … */
  readonly error: string | undefined
  /** From the first byte sent to the end. */
  readonly seconds: number
}

/** A host of a domain's MX records. */
export interface MailExchanger {
  /** Lower case, without the dot at the end. */
  readonly name: string
  readonly addresses: readonly string[]
}

/** A thread of this program. */
export interface Thread {
  post(message: unknown): void
  end(): Promise<void>
}

export interface ThreadEvents {
  readonly heard: (message: unknown) => void
  /** It is over, for whatever reason. */
  readonly ended: () => void
}

export interface ReplaceOptions {
  /** Owner and mode of the new content. Without it: those of the file that is there, xattrs, ACLs and SELinux context included. */
  readonly meta?: FileMeta
  /** Owner, mode, xattrs, ACLs and SELinux context of this file instead; `meta` wins over it. */
  readonly like?: string
  /** When it says that it was written, in seconds since the epoch; default: now. */
  readonly modified?: number
}

export interface Host {
  /** `/`, or the directory given with --root. */
  readonly root: string

  /** undefined when there is no such file; throws GreyctlError('config-unreadable') for any other trouble. */
  read(path: string): Promise<Buffer | undefined>
  /** Follows symbolic links; undefined when absent. */
  stat(path: string): Promise<FileStat | undefined>
  /** Does not follow; undefined when absent. */
  lstat(path: string): Promise<FileStat | undefined>
  /** The path with every symbolic link resolved (inside root); the path itself when absent. */
  realpath(path: string): Promise<string>
  /** Names in a directory, sorted; undefined when absent. */
  list(path: string): Promise<readonly string[] | undefined>
  /**
   * Bytes of a file, as a stream with constant memory: a chunk is good until the next one is asked for.
   * Throws GreyctlError('log-unreadable').
   */
  stream(path: string, how?: StreamOptions): AsyncIterable<Buffer>
  /**
   * The same, and what is added until the signal, also by the file that takes the name next: an empty chunk says that
   * there is no more yet. Throws GreyctlError('log-unreadable').
   */
  streamOn(path: string, signal: AbortSignal): AsyncIterable<Buffer>
  /** What is piped in. Throws GreyctlError('log-unreadable'). */
  input(): AsyncIterable<Buffer>
  /** The last bytes of a file, at most so many; undefined when absent. Throws GreyctlError('config-unreadable'). */
  tail(path: string, bytes: number): Promise<Buffer | undefined>
  /** Free bytes on the file system that holds the path. */
  freeBytes(path: string): Promise<number>
  /** Free inodes there; undefined where the file system does not count them. */
  freeInodes(path: string): Promise<number | undefined>

  /**
   * Puts content in place atomically: a new file in the same directory, fsync, rename, fsync of the directory.
   * A symbolic link is resolved first and its target replaced. Throws GreyctlError('no-space' | 'read-only' | 'change-failed').
   */
  replace(path: string, content: Buffer, options?: ReplaceOptions): Promise<void>
  /** Appends and fsyncs (the journal). */
  append(path: string, content: Buffer, meta: FileMeta): Promise<void>
  /** No error when absent. */
  remove(path: string): Promise<void>
  /** One level; no error when it is there already. Returns whether it was created. */
  makeDirectory(path: string, meta: FileMeta): Promise<boolean>
  /** Only when empty; no error when absent. Returns whether it was removed. */
  removeDirectory(path: string): Promise<boolean>
  /** Removes a whole tree below /run or a greyctl directory; never follows links. */
  removeTree(path: string): Promise<void>
  /** Copies a directory tree (links kept, owners and modes kept); the target must not exist. */
  copyTree(from: string, to: string): Promise<void>
  /** An exclusive advisory lock held until released or the process ends; undefined when another process holds it. */
  lock(path: string): Promise<{ release(): Promise<void> } | undefined>

  run(argv: readonly string[], options?: RunOptions): Promise<RunResult>
  /** Lines of a program's stdout as they come (journalctl); throws GreyctlError('program-missing') or 'log-unreadable' on failure. */
  runStream(argv: readonly string[], options?: RunOptions): AsyncIterable<Buffer>
  dialogue(argv: readonly string[], options?: RunOptions): Promise<Dialogue>

  /** Can something connect to it within the timeout (seconds)? `inet:HOST:PORT` or `unix:PATH`. */
  canConnect(endpoint: string, timeoutSeconds: number): Promise<boolean>
  /** Connects, sends the text, reads until `until` has come, the server closes, or the time (seconds) is over. Never throws. */
  exchange(endpoint: string, text: string, options: { until: string; timeout: number }): Promise<Exchange>
  /** Starts a thread that runs the script with the data (limits of its heap in MiB); undefined on a machine with one processor. */
  thread(
    script: URL,
    data: unknown,
    limits: { maxOldGenerationSizeMb: number; maxYoungGenerationSizeMb: number },
    events: ThreadEvents,
  ): Thread | undefined

  /** Could a server listen there now? false when the port or path is taken. */
  canListen(endpoint: string): Promise<boolean>

  /** Who takes mail for a domain, best first, by DNS; undefined when no answer came within the time (seconds). */
  mailExchangers(domain: string, timeoutSeconds: number): Promise<readonly MailExchanger[] | undefined>
  /** Addresses of this machine's interfaces, loopback included. */
  ownAddresses(): readonly string[]

  /** Effective user id. */
  readonly uid: number
  /** Numeric ids of a user of /etc/passwd (inside root); undefined when unknown. */
  user(name: string): Promise<{ uid: number; gid: number } | undefined>
  /** Seconds since the epoch, with fraction. */
  now(): number
  sleep(seconds: number, signal?: AbortSignal): Promise<void>
  /** The fully qualified host name, as `hostname --fqdn` or the kernel says. */
  hostname(): Promise<string>
}
