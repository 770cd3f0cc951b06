import { createHash } from 'node:crypto'
import type { Sha256 } from './plan.js'

export function hashOf(content: Buffer | undefined): Sha256 | 'absent' {
  return content === undefined ? 'absent' : createHash('sha256').update(content).digest('hex')
}
