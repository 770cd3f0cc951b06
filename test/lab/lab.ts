import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const LAB = join(import.meta.dirname, 'lab')

/** What is in them: recipe.sh. */
export type Image = 'bare' | 'init' | 'server'

export interface Ran {
  /** 128 + n after signal n; 124 after a timeout. */
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly input?: string
  /** Seconds (default 120). */
  readonly timeout?: number
}

/** A command that runs inside. */
export interface Running {
  readonly done: Promise<Ran>
  /** So far, standard output and standard error together. */
  output(): string
  write(text: string): void
  closeInput(): void
}

/** A booted machine. Nobody has to end it: it ends with the process that booted it, whatever happens to that. */
export interface Machine {
  /** Runs a bash script as root inside. */
  run(script: string, options?: RunOptions): Promise<Ran>
  /** Its standard output. Throws with everything it said when it does not exit with 0. */
  ok(script: string, options?: RunOptions): Promise<string>
  start(script: string, options?: Omit<RunOptions, 'input'>): Running
  end(): Promise<void>
}

/** Boots a fresh machine; resolves when it has come up. */
export async function boot(image: Image = 'server', env: Record<string, string> = {}): Promise<Machine> {
  // a session of its own: Ctrl-C reaches the keeper as the end of its standard input, and it cleans up
  const keeper = spawn(LAB, ['boot', image], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
  })
  let said = ''
  keeper.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const leader = await new Promise<string>((resolve, reject) => {
    createInterface(keeper.stdout).on('line', (line) => {
      if (line.startsWith('leader ')) resolve(line.slice('leader '.length))
    })
    keeper.once('close', () => reject(new Error(`the machine did not boot: ${said}`)))
  })
  const start = (script: string, options: RunOptions = {}) => enter(leader, script, options)
  const run = (script: string, options: RunOptions = {}) => {
    const running = start(script, options)
    if (options.input !== undefined) running.write(options.input)
    running.closeInput()
    return running.done
  }
  return {
    start,
    run,
    async ok(script, options) {
      const ran = await run(script, options)
      if (ran.code === 0) return ran.stdout
      throw new Error(`exit ${ran.code} of:\n${script}\nstdout:\n${ran.stdout}\nstderr:\n${ran.stderr}`)
    },
    async end() {
      if (keeper.exitCode !== null) return
      const gone = once(keeper, 'close')
      keeper.stdin.end()
      await gone
    },
  }
}

/** Waits for a minute at most until what a command has said so far has this in it. */
export async function until(running: Running, what: RegExp): Promise<string> {
  for (let tries = 0; tries < 600; tries += 1) {
    if (what.test(running.output())) return running.output()
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`${what} never came in:\n${running.output()}`)
}

const ENVIRONMENT = [
  'HOME=/root',
  'LANG=C.UTF-8',
  'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/node/bin',
]

function enter(leader: string, script: string, options: RunOptions): Running {
  const namespaces = ['-t', leader, '-m', '-u', '-i', '-n', '-p', '-C', '-r', '-w']
  const limit = String(options.timeout ?? 120)
  const inside = ['env', '-i', ...ENVIRONMENT, 'timeout', '-k', '5', limit, 'bash', '-c', script]
  const child = spawn('nsenter', [...namespaces, ...inside], { stdio: ['pipe', 'pipe', 'pipe'] })
  const texts = { stdout: '', stderr: '', both: '' }
  const collect = (name: 'stdout' | 'stderr') =>
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text
      texts.both += text
    })
  collect('stdout')
  collect('stderr')
  // a script that does not read its input is no error
  child.stdin.on('error', () => {})
  return {
    done: ended(child).then((code) => ({ code, stdout: texts.stdout, stderr: texts.stderr })),
    output: () => texts.both,
    write: (text) => child.stdin.write(text),
    closeInput: () => child.stdin.end(),
  }
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? 128 + constants.signals[signal ?? 'SIGKILL']))
  })
}

/** A Debian release to boot instead of recipe.sh's; its images are made when it is first asked for, a minute's work. */
export type Suite = 'bookworm' | 'trixie'

export const bootSuite = (image: Image, suite: Suite | undefined) =>
  boot(image, suite === undefined ? {} : { GREYCTL_LAB_SUITE: suite })

/** A test's body, with a fresh machine of its own that ends with it; what the test gets from a table follows. */
export function onMachine<Row extends unknown[]>(
  image: Image,
  act: (machine: Machine, ...row: Row) => Promise<void>,
  suite?: Suite,
): (...row: Row) => Promise<void> {
  return async (...row) => {
    const machine = await bootSuite(image, suite)
    try {
      await act(machine, ...row)
    } finally {
      await machine.end()
    }
  }
}
