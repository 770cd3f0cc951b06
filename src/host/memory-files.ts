import { dirname, join, normalize } from 'node:path'
import { GreyctlError } from '../errors.js'
import type { FileMeta, FileStat, ReplaceOptions, StreamOptions } from './host.js'

interface Entry extends FileMeta {
  readonly kind: 'file' | 'directory' | 'symlink'
  readonly content: Buffer
  readonly modified: number
}

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
 * The files of a machine in memory, with the same rules as real ones: owners and modes, links, a time of change.
 * `cutAfter` makes it lose power after so many changes.
 */
export class MemoryFiles {
  /** Changes made so far. */
  changes = 0
  cutAfter = Number.POSITIVE_INFINITY
  time = 1_795_000_000
  /** Everything below these is full, or read-only. */
  readonly troubled = new Map<string, 'no-space' | 'read-only'>()
  protected readonly entries = new Map<string, Entry>([['/', ROOT_DIRECTORY]])

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

  async *stream(path: string, { parts = [] }: StreamOptions = {}): AsyncIterable<Buffer> {
    const content = await this.read(path)
    if (content === undefined) throw new GreyctlError('log-unreadable', 'no such file', { where: path })
    if (parts.length === 0) yield content
    for (const { from, length } of parts) yield content.subarray(from, from + length)
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

  async replace(path: string, content: Buffer, options: ReplaceOptions = {}): Promise<void> {
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
      modified: options.modified ?? this.time,
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
