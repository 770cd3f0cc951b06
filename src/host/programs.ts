import { createInterface } from 'node:readline'
import { GreyctlError } from '../errors.js'
import type { Dialogue, RunOptions, RunResult } from './host.js'

/** Nothing of the caller's environment but where programs and the home are: the same answer for everybody. */
function cleanEnvironment(more: RunOptions['env'] = {}): Record<string, string> {
  return {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: process.env.HOME ?? '/root',
    LC_ALL: 'C.UTF-8',
    ...more,
  }
}

/**
 * What every program is started with. In a process group of its own: Ctrl-C on a terminal goes to greyctl alone,
 * which then undoes what was done; a program must not die of it half way.
 */
function startOptions(options: RunOptions) {
  return {
    env: cleanEnvironment(options.env),
    extendEnv: false,
    reject: false,
    detached: true,
    cleanup: true,
    stripFinalNewline: false,
    ...(options.uid === undefined ? {} : { uid: options.uid }),
    ...(options.gid === undefined ? {} : { gid: options.gid }),
    ...(options.signal ? { cancelSignal: options.signal } : {}),
  } as const
}

export async function runProgram(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [file = '', ...args] = argv
  const { execa } = await import('execa')
  const result = await execa(file, args, {
    ...startOptions(options),
    timeout: (options.timeout ?? 60) * 1000,
    maxBuffer: 64 * 1024 * 1024,
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  })
  return {
    argv,
    exitCode: result.exitCode,
    failure: result.exitCode === undefined ? failureOf(result) : undefined,
    stdout: String(result.stdout ?? ''),
    stderr: String(result.stderr ?? ''),
  }
}

function failureOf(result: {
  timedOut: boolean
  signal?: string | undefined
  code?: string | undefined
}): string {
  if (result.timedOut) return 'timeout'
  return result.signal ?? result.code ?? 'could not be started'
}

export async function* streamProgram(
  argv: readonly string[],
  options: RunOptions = {},
): AsyncIterable<Buffer> {
  const [file = '', ...args] = argv
  const { execa } = await import('execa')
  const child = execa(file, args, {
    ...startOptions(options),
    stdin: 'ignore',
    encoding: 'buffer',
    buffer: { stdout: false, stderr: true },
  })
  for await (const chunk of child.iterable({ binary: true, preserveNewlines: true }))
    yield Buffer.from(chunk as Uint8Array)
  const result = await child
  if (result.code === 'ENOENT') {
    throw new GreyctlError('program-missing', `there is no program ${file} here`)
  }
  if (result.exitCode !== 0) {
    const said =
      Buffer.from(result.stderr as Uint8Array)
        .toString('utf8')
        .trim()
        .split('\n')
        .at(-1) ?? ''
    throw new GreyctlError('log-unreadable', `${file} failed: ${said}`)
  }
}

/** Talks to a program line by line; its answers may be ended by LF or CRLF. */
export async function openDialogue(argv: readonly string[], options: RunOptions = {}): Promise<Dialogue> {
  const [file = '', ...args] = argv
  const { execa } = await import('execa')
  const child = execa(file, args, {
    ...startOptions(options),
    stdin: 'pipe',
    buffer: { stdout: false, stderr: true },
    forceKillAfterDelay: 1000,
    timeout: (options.timeout ?? 300) * 1000,
  })
  child.stdin.on('error', () => {})
  const lines = createInterface({ input: child.stdout, crlfDelay: Number.POSITIVE_INFINITY })
  const waiting = new LineQueue()
  lines.on('line', (line) => waiting.push(line))
  lines.on('close', () => waiting.end())
  child.catch(() => {})
  return {
    readLine: (timeoutSeconds) => waiting.next(timeoutSeconds),
    writeLine: (line) =>
      new Promise<void>((resolve) => {
        if (child.stdin.destroyed || child.stdin.writableEnded) resolve()
        else child.stdin.write(`${line}\r\n`, () => resolve())
      }),
    close: async () => {
      child.stdin.end()
      const late = setTimeout(() => child.kill('SIGTERM'), 1000)
      const result = await child
      clearTimeout(late)
      return { stderr: String(result.stderr ?? ''), exitCode: result.exitCode }
    },
  }
}

/** Lines that came before anybody asked, and one asker that waits. */
class LineQueue {
  private readonly lines: string[] = []
  private ended = false
  private wake: (() => void) | undefined

  push(line: string): void {
    this.lines.push(line)
    this.wake?.()
  }

  end(): void {
    this.ended = true
    this.wake?.()
  }

  async next(timeoutSeconds: number): Promise<string | undefined> {
    if (this.lines.length === 0 && !this.ended) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, timeoutSeconds * 1000)
        this.wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
      this.wake = undefined
    }
    return this.lines.shift()
  }
}
