import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { readFrames, Segment } from './segment.js'

/** A journal's two files, in the directory of its store. */
const SEGMENT_NAMES = ['journal-0', 'journal-1'] as const

/** Whether changes wait there for a store that nobody has open: those of a daemon that was killed. Reads only. */
export function journalHolds(directory: string): boolean {
  return SEGMENT_NAMES.some((name) => {
    try {
      return readFrames(readFileSync(join(directory, name))).changes.length > 0
    } catch {
      return false
    }
  })
}

/** The first is locked: who has it has both. Throws what the system says, or JournalTaken. */
export function openSegments(directory: string, patience: number) {
  const [first, second] = SEGMENT_NAMES
  const one = Segment.open(join(directory, first), patience)
  try {
    return [one, Segment.open(join(directory, second))] as const
  } catch (error) {
    one.segment.close()
    throw error
  }
}
