import { GreyctlError } from '../errors.js'
import type { Dialogue, Exchange, Host, MailExchanger, RunResult } from './host.js'
import { MemoryFiles } from './memory-files.js'

export { PowerCut } from './memory-files.js'

/** A program of the imagined machine: what it does, and how it ends. */
export type Program = (argv: readonly string[], host: MemoryHost) => Partial<Omit<RunResult, 'argv'>>

/**
 * A machine in memory with the same rules as the real one, for tests: files, programs as functions, a clock that only
 * sleeping moves.
 */
export class MemoryHost extends MemoryFiles implements Host {
  readonly root: string = '/'
  readonly uid: number = 0
  /** Endpoints where something listens. */
  readonly listening = new Set<string>()
  /** What answers there, and how: by the text it is sent. */
  readonly servers = new Map<string, (text: string) => Exchange>()
  readonly programs = new Map<string, Program>()
  /** MX records by domain. */
  readonly exchangers = new Map<string, readonly MailExchanger[]>()
  private readonly locks = new Set<string>()

  /** The machine as it is on disk after a power cut: a new host over the same files, nothing in flight. */
  restarted(): MemoryHost {
    const next = new MemoryHost()
    for (const [path, entry] of this.entries) next.entries.set(path, entry)
    for (const [name, program] of this.programs) next.programs.set(name, program)
    next.time = this.time
    return next
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

  thread(): undefined {
    return undefined
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
}
