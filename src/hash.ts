import { createHash } from 'node:crypto'

/** Lower-case hexadecimal SHA-256 of a file's bytes, as plans and checkpoints hold it. */
export function hashOf(content: Buffer): string
export function hashOf(content: Buffer | undefined): string | 'absent'
export function hashOf(content: Buffer | undefined): string {
  return content === undefined ? 'absent' : createHash('sha256').update(content).digest('hex')
}
