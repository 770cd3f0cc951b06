import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Beside data.mdb while a daemon has it open. It says how many lives before ended early, one after the other. */
const NAME = 'opened'
/** Milliseconds: a life that is over sooner, and not by its own will, may have ended because of the file. */
const EARLY = 60_000

export interface Life {
  /** How many lives ended early just before it. */
  readonly early: number
  /** It ends as it should, or did not really begin. */
  end(): void
  cancel(): void
}

/** A life of a daemon with a store. Whatever goes wrong with the file that counts them, nothing is suspected. */
export function beginLife(directory: string): Life {
  const path = join(directory, NAME)
  const early = read(path)
  write(path, early + 1)
  const timer = setTimeout(() => write(path, 0), EARLY)
  timer.unref()
  return {
    early,
    end() {
      clearTimeout(timer)
      remove(path)
    },
    cancel() {
      clearTimeout(timer)
      write(path, early)
    },
  }
}

function read(path: string): number {
  try {
    return Number.parseInt(readFileSync(path, 'latin1'), 10) || 0
  } catch {
    return 0
  }
}

function write(path: string, early: number): void {
  try {
    writeFileSync(path, `${early}\n`, { mode: 0o600 })
  } catch {
    // a full disk, or one that is read only
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true })
  } catch {
    // then the next life looks at the file, and finds it sound
  }
}
