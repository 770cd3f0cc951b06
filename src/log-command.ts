import { resolve } from 'node:path'
import { Flags } from '@oclif/core'
import { GreyctlError } from './errors.js'
import type { Host } from './host/host.js'
import { Cursor, parseCursor } from './maillog/cursor.js'
import { parseSince } from './maillog/since.js'

/** Names of logs; a relative one is of the directory in which a person stands. `-` is what is piped in. */
export function logFlag(description: string) {
  return Flags.string({
    description,
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'FILE',
    parse: async (name) => (name === '-' ? name : resolve(name)),
  })
}

/** Which log to read: the flags that verify and report share. */
export const logFlags = {
  log: logFlag('read this log, packed or not; several in their order'),
  journal: Flags.boolean({ description: 'read the journal' }),
  since: Flags.string({
    description: 'leave out what is older: 2026-11-23, "2026-11-23 10:00", yesterday, "2 hours ago", 1h',
    helpValue: 'TIME',
  }),
}

/** For a run that goes on where the one before it ended. */
export const cursorFlag = {
  'cursor-file': Flags.string({
    description:
      'read on from where the run before this one ended, which FILE remembers; the first reads all there is',
    helpValue: 'FILE',
    parse: async (name) => resolve(name),
  }),
}

/** A cursor, and its way back to its file when the run has told what it found. */
export interface KeptCursor {
  readonly cursor: Cursor
  save(): Promise<void>
}

/** Throws GreyctlError('config-unreadable') for a file that is no cursor. */
export async function openCursor(host: Host, file: string | undefined): Promise<KeptCursor | undefined> {
  if (file === undefined) return undefined
  const before = await host.read(file)
  const text = before?.toString('utf8') ?? ''
  const cursor = new Cursor(text.trim() === '' ? undefined : parseCursor(text, file), host.now())
  return {
    cursor,
    save: () => host.replace(file, Buffer.from(`${JSON.stringify(cursor.state(), undefined, 2)}\n`)),
  }
}

/** Seconds since the epoch. Throws GreyctlError('usage') for what is no time. */
export function sinceOf(text: string | undefined, now: number): number | undefined {
  if (text === undefined) return undefined
  const since = parseSince(text, now)
  if (since !== undefined) return since
  throw new GreyctlError('usage', `--since ${text}: not a time`, {
    hints: ['say 2026-11-23, "2026-11-23 10:00", yesterday, "2 hours ago" or 1h'],
  })
}
