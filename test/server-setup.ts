import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { TestProject } from 'vitest/node'

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether disposable machines cannot be booted here (test/lab). */
    labRefused: boolean
  }
}

/**
 * Once before the tests with real servers: makes the images of test/lab, a minute's work the first time, when one of
 * the chosen tests boots a machine. Said on stderr, and why when it cannot be. Everything else the tests install themselves.
 */
export default async function setup(project: TestProject): Promise<void> {
  project.provide('labRefused', (await wantsLab(project)) && !(await prepareLab()))
}

async function wantsLab(project: TestProject): Promise<boolean> {
  // what cannot be told from the command line means all tests
  const chosen = process.argv.slice(2).filter((argument) => /^(?!-).*test\//.test(argument))
  const { testFiles } = await project.globTestFiles(chosen)
  return testFiles.some((file) => file.startsWith(join(import.meta.dirname, 'lab/')))
}

/** False when this machine cannot boot others. */
async function prepareLab(): Promise<boolean> {
  const check = spawn(join(import.meta.dirname, 'lab/lab'), ['check'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [code] = await once(check, 'close')
  if (code !== 0 && code !== 77) throw new Error('the images of test/lab could not be made, see above')
  if (code === 77) console.log('skipped: the tests on a disposable machine; the line above says why')
  return code === 0
}
