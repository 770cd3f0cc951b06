import { spawn } from 'node:child_process'
import { readFileSync, unlinkSync } from 'node:fs'

/** Set for the child of --daemonize; its start-up ends with one of these to the parent. */
export const CHILD_MARK = 'GREYCTL_DAEMON_CHILD'
export type StartReport = { readonly listening: readonly string[] } | { readonly error: string }

/** Starts the program (main.js) once more, without a terminal, and waits until it listens or fails. The exit code. */
export async function startInBackground(
  program: string,
  argv: readonly string[],
  pidfile: string | undefined,
  print: (text: string) => void,
  complain: (text: string) => void,
): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, program, ...argv], {
    detached: true,
    cwd: '/',
    env: { ...process.env, [CHILD_MARK]: '1' },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let stderr = ''
  child.stderr?.on('data', (chunk: Buffer) => {
    if (stderr.length < 10_000) stderr += chunk.toString()
  })
  const report = await new Promise<StartReport>((resolve) => {
    child.once('message', (message) => resolve(message as StartReport))
    child.once('error', (error) => resolve({ error: error.message }))
    child.once('close', (code, signal) =>
      resolve({ error: stderr.trim() || `the daemon ended at once (${signal ?? code})` }),
    )
  })
  if ('error' in report) {
    if (pidfile !== undefined) removeIfOf(pidfile, child.pid)
    complain(report.error)
    return 1
  }
  print(report.listening.join('\n'))
  child.disconnect()
  child.stderr?.destroy()
  child.unref()
  return 0
}

/** In the child: tells the parent, then lets go of it. */
export function reportStart(report: StartReport): Promise<void> {
  return new Promise((resolve) => {
    if (!process.send) {
      resolve()
      return
    }
    process.send(report, () => {
      if (process.connected) process.disconnect()
      resolve()
    })
  })
}

/** The child may have lost the right to remove it. Another daemon's file stays. */
function removeIfOf(pidfile: string, pid: number | undefined): void {
  try {
    if (readFileSync(pidfile, 'utf8').trim() === String(pid)) unlinkSync(pidfile)
  } catch {
    // there is none
  }
}
