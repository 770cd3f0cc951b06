import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether disposable machines cannot be booted here. */
    labRefused: boolean
  }
}

/**
 * Once before the tests that boot machines: makes their images, a minute's work the first time. Said on stderr, and why when
 * it cannot be done.
 */
export default async function setup(project: TestProject): Promise<void> {
  project.provide('labRefused', !(await prepareLab()))
}

/** False when this machine cannot boot others. */
async function prepareLab(): Promise<boolean> {
  const check = spawn(join(import.meta.dirname, 'lab'), ['check'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = await once(check, 'close')
  if (code !== 0 && code !== 77) throw new Error('the images of test/lab could not be made, see above')
  if (code === 77) console.log('skipped: the tests on a disposable machine; the line above says why')
  return code === 0
}
