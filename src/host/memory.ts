import { dirname, join, normalize } from 'node:path'
import { GreyctlError } from '../errors.js'
import type {
  ByteRange,
  Dialogue,
  Exchange,
  FileMeta,
  FileStat,
  Host,
  MailExchanger,
  RunResult,
} from './host.js'

interface Entry extends FileMeta {
  readonly kind: 'file' | 'directory' | 'symlink'
  readonly content: Buffer
  readonly modified: number
}

/** A program of the imagined machine: what it does, and how it ends. */
export type Program = (argv: readonly string[], host: MemoryHost) => Partial<Omit<RunResult, 'argv'>>

/** Thrown at the point where the imagined machine loses power. */
export class PowerCut extends Error {}

const ROOT_DIRECTORY = {
  kind: 'directory',
  uid: 0,
  gid: 0,
  mode: 0o755,
  content: Buffer.alloc(0),
  modified: 0,
} as const

/**
 * A machine in memory with the same rules as the real one, for tests: files with owners and modes, links, programs as
 * functions, a clock that only sleeping moves. `cutAfter` makes it lose power after so many changes.
 */
export class MemoryHost implements Host {
  readonly root: string = '/'
  readonly uid: number = 0
  /** Changes made so far. */
  changes = 0
  cutAfter = Number.POSITIVE_INFINITY
  time = 1_795_000_000
  /** Endpoints where something listens. */
  readonly listening = new Set<string>()
  /** What answers there, and how: by the text it is sent. */
  readonly servers = new Map<string, (text: string) => Exchange>()
  readonly programs = new Map<string, Program>()
  /** MX records by domain. */
  readonly exchangers = new Map<string, readonly MailExchanger[]>()
  /** Everything below these is full, or read-only. */
  readonly troubled = new Map<string, 'no-space' | 'read-only'>()
  private readonly entries = new Map<string, Entry>([['/', ROOT_DIRECTORY]])
  private readonly locks = new Set<string>()

  /** The machine as it is on disk after a power cut: a new host over the same files, nothing in flight. */
  restarted(): MemoryHost {
    const next = new MemoryHost()
    for (const [path, entry] of this.entries) next.entries.set(path, entry)
    for (const [name, program] of this.programs) next.programs.set(name, program)
    next.time = this.time
    return next
  }

  /** Everything there is, for comparing two states: path to kind, owner, mode and content. */
  picture(): Record<string, string> {
    return Object.fromEntries(
      [...this.entries]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([path, { kind, uid, gid, mode, content }]) => [
          path,
          `${kind} ${uid}:${gid} ${mode.toString(8)} ${content.toString('base64')}`,
        ]),
    )
  }

  /** Puts a file and its directories in place, not counted as a change. */
  seed(path: string, content: string | Buffer, meta: FileMeta = { uid: 0, gid: 0, mode: 0o644 }): void {
    this.seedDirectory(dirname(path))
    this.entries.set(path, { kind: 'file', ...meta, content: Buffer.from(content), modified: this.time })
  }

  seedDirectory(path: string): void {
    if (this.entries.has(path)) return
    this.seedDirectory(dirname(path))
    this.entries.set(path, ROOT_DIRECTORY)
  }

  seedLink(path: string, target: string): void {
    this.entries.set(path, { ...ROOT_DIRECTORY, kind: 'symlink', mode: 0o777, content: Buffer.from(target) })
  }

  async read(path: string): Promise<Buffer | undefined> {
    const entry = this.entries.get(this.follow(path))
    if (entry && entry.kind !== 'file')
      throw new GreyctlError('config-unreadable', 'not a regular file', { where: path })
    return entry && Buffer.from(entry.content)
  }

  async stat(path: string): Promise<FileStat | undefined> {
    return describe(this.entries.get(this.follow(path)))
  }

  async lstat(path: string): Promise<FileStat | undefined> {
    return describe(this.entries.get(normalize(path)))
  }

  async realpath(path: string): Promise<string> {
    return this.follow(path)
  }

  async list(path: string): Promise<readonly string[] | undefined> {
    const directory = this.follow(path)
    if (!this.entries.has(directory)) return undefined
    return this.childrenOf(directory)
      .map((child) => child.slice(directory === '/' ? 1 : directory.length + 1))
      .sort()
  }

  /** What is piped in. */
  piped = Buffer.alloc(0)

  async *input(): AsyncIterable<Buffer> {
    yield this.piped
  }

  /** Nothing is added to it. */
  async *streamOn(path: string): AsyncIterable<Buffer> {
    yield* this.stream(path)
    yield Buffer.alloc(0)
  }

  async *stream(path: string, range?: ByteRange): AsyncIterable<Buffer> {
    const content = await this.read(path)
    if (content === undefined) throw new GreyctlError('log-unreadable', 'no such file', { where: path })
    yield range ? content.subarray(range.from, range.from + range.length) : content
  }

  async tail(path: string, bytes: number): Promise<Buffer | undefined> {
    const content = await this.read(path)
    return content?.subarray(Math.max(0, content.length - bytes))
  }

  async freeBytes(): Promise<number> {
    return 1e12
  }

  async freeInodes(): Promise<number | undefined> {
    return 1e6
  }

  async replace(
    path: string,
    content: Buffer,
    options: { meta?: FileMeta; like?: string } = {},
  ): Promise<void> {
    const real = this.follow(path)
    this.change(real)
    this.assertDirectory(dirname(real), path)
    const like = options.like ? this.entries.get(this.follow(options.like)) : this.entries.get(real)
    const meta = options.meta ?? like ?? { uid: 0, gid: 0, mode: 0o600 }
    const { uid, gid, mode } = meta
    this.entries.set(real, {
      kind: 'file',
      uid,
      gid,
      mode,
      content: Buffer.from(content),
      modified: this.time,
    })
  }

  async append(path: string, content: Buffer, meta: FileMeta): Promise<void> {
    const before = (await this.read(path)) ?? Buffer.alloc(0)
    const there = this.entries.get(this.follow(path))
    await this.replace(path, Buffer.concat([before, content]), there ? {} : { meta })
  }

  async remove(path: string): Promise<void> {
    this.change(path)
    this.entries.delete(normalize(path))
  }

  async makeDirectory(path: string, meta: FileMeta): Promise<boolean> {
    const real = this.follow(path)
    if (this.entries.has(real)) return false
    this.change(real)
    this.assertDirectory(dirname(real), path)
    this.entries.set(real, { ...ROOT_DIRECTORY, uid: meta.uid, gid: meta.gid, mode: meta.mode })
    return true
  }

  async removeDirectory(path: string): Promise<boolean> {
    const real = normalize(path)
    if (this.entries.get(real)?.kind !== 'directory' || this.childrenOf(real).length > 0) return false
    this.change(real)
    this.entries.delete(real)
    return true
  }

  /** One entry at a time, deepest first, as rm -r does: power can fail between any two. */
  async removeTree(path: string): Promise<void> {
    const real = normalize(path)
    const doomed = [...this.entries.keys()].filter((entry) => entry === real || entry.startsWith(`${real}/`))
    for (const entry of doomed.sort().reverse()) {
      this.change(entry)
      this.entries.delete(entry)
    }
  }

  async copyTree(from: string, to: string): Promise<void> {
    const source = this.follow(from)
    for (const [path, entry] of [...this.entries]) {
      if (path !== source && !path.startsWith(`${source}/`)) continue
      this.change(to)
      this.entries.set(join(to, path.slice(source.length)), entry)
    }
  }

  async lock(path: string): Promise<{ release(): Promise<void> } | undefined> {
    if (this.locks.has(path)) return undefined
    this.locks.add(path)
    return { release: async () => void this.locks.delete(path) }
  }

  async run(argv: readonly string[]): Promise<RunResult> {
    const program = this.programs.get(argv[0] ?? '')
    if (program === undefined) return { argv, exitCode: undefined, failure: 'ENOENT', stdout: '', stderr: '' }
    return { argv, exitCode: 0, failure: undefined, stdout: '', stderr: '', ...program(argv, this) }
  }

  async *runStream(argv: readonly string[]): AsyncIterable<Buffer> {
    const result = await this.run(argv)
    if (result.failure === 'ENOENT')
      throw new GreyctlError('program-missing', `there is no program ${argv[0]} here`)
    yield Buffer.from(result.stdout)
  }

  async dialogue(): Promise<Dialogue> {
    throw new GreyctlError('program-missing', 'nobody to talk to on a machine in memory')
  }

  async canConnect(endpoint: string): Promise<boolean> {
    return this.listening.has(endpoint)
  }

  async exchange(endpoint: string, text: string): Promise<Exchange> {
    const refused = { outcome: 'no-connection', answer: '', error: 'ECONNREFUSED', seconds: 0 } as const
    return this.servers.get(endpoint)?.(text) ?? refused
  }

  async canListen(endpoint: string): Promise<boolean> {
    return !this.listening.has(endpoint)
  }

  async user(name: string): Promise<{ uid: number; gid: number } | undefined> {
    const line = (await this.read('/etc/passwd'))
      ?.toString('utf8')
      .split('\n')
      .find((user) => user.startsWith(`${name}:`))
    const [, , uid, gid] = line?.split(':') ?? []
    return line === undefined ? undefined : { uid: Number(uid), gid: Number(gid) }
  }

  now(): number {
    return this.time
  }

  async sleep(seconds: number): Promise<void> {
    this.time += seconds
  }

  async mailExchangers(domain: string): Promise<readonly MailExchanger[]> {
    return this.exchangers.get(domain) ?? []
  }

  ownAddresses(): readonly string[] {
    return ['127.0.0.1', '::1', '192.0.2.25']
  }

  async hostname(): Promise<string> {
    return 'mx.example.test'
  }

  /** Counted before it happens: a cut at n leaves exactly n changes done. Programs call it for their own changes. */
  change(path: string): void {
    for (const [place, code] of this.troubled) {
      if (path === place || path.startsWith(`${place}/`))
        throw new GreyctlError(code, 'made to fail', { where: path })
    }
    if (this.changes >= this.cutAfter) throw new PowerCut()
    this.changes += 1
  }

  private childrenOf(directory: string): string[] {
    return [...this.entries.keys()].filter((path) => path !== '/' && dirname(path) === directory)
  }

  private assertDirectory(directory: string, path: string): void {
    if (this.entries.get(directory)?.kind === 'directory') return
    throw new GreyctlError('change-failed', 'cannot write: no such directory', { where: path })
  }

  private follow(path: string): string {
    const real = normalize(path)
    const entry = this.entries.get(real)
    if (entry?.kind === 'symlink') return this.follow(join(dirname(real), entry.content.toString('utf8')))
    const parent = dirname(real)
    return real === '/' || parent === real
      ? real
      : join(this.follow(parent), real.slice(parent === '/' ? 1 : parent.length + 1))
  }
}

function describe(entry: Entry | undefined): FileStat | undefined {
  if (entry === undefined) return undefined
  const { kind, uid, gid, mode, content, modified } = entry
  return { kind, uid, gid, mode, size: content.length, modified }
}
