import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { LmdbThread } from '../../src/store/lmdb-thread.js'

const ROOT = join(import.meta.dirname, '../..')

export interface Threads {
  start(warn?: (message: string) => void): LmdbThread
  /** Ends all that were started. */
  end(): Promise<void>
}

/** Threads that run what src says now: a worker of Node's reads no TypeScript. */
export async function buildThreads(): Promise<Threads> {
  // where lmdb is found
  const directory = mkdtempSync(join(ROOT, 'node_modules/.greyctl-thread-'))
  const script = join(directory, 'lmdb-worker.mjs')
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['src/store/lmdb-worker.ts'],
    outfile: script,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
  })
  const started: LmdbThread[] = []
  return {
    start(warn = () => {}) {
      const thread = new LmdbThread(warn, pathToFileURL(script))
      started.push(thread)
      return thread
    },
    async end() {
      await Promise.all(started.map((thread) => thread.end()))
      rmSync(directory, { recursive: true })
    },
  }
}
