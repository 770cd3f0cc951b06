import { spawn } from 'node:child_process'
import { join } from 'node:path'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export const PROGRAM = join(import.meta.dirname, '../../bin/run.js')

export interface RunOptions {
  readonly env?: Record<string, string>
  readonly uid?: number
}

/** Runs the built program as a script would: no terminal, no colour. `npm test` builds first. */
export function greyctl(argv: readonly string[], options: RunOptions = {}): Promise<Ended> {
  return run(process.execPath, [PROGRAM, ...argv], options)
}

export function run(file: string, argv: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const child = spawn(file, argv, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '/root', ...options.env },
    ...(options.uid === undefined ? {} : { uid: options.uid }),
  })
  const texts = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    texts.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    texts.stderr += text
  })
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, ...texts })))
}
