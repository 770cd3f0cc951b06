import { GreyctlError } from '../errors.js'
import type { Check } from './check.js'

export interface Selection {
  readonly checks: readonly Check[]
  readonly skip: ReadonlySet<string>
}

/** Throws GreyctlError('usage') for an id that no check has, naming those that are like it. */
export function selectChecks(
  all: readonly Check[],
  only: readonly string[],
  skip: readonly string[],
): Selection {
  for (const id of [...only, ...skip]) assertKnown(all, id)
  const checks = only.length === 0 ? all : all.filter(({ id }) => only.includes(id))
  return { checks, skip: new Set(skip) }
}

function assertKnown(all: readonly Check[], id: string): void {
  if (all.some((check) => check.id === id)) return
  const words = id
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word.length > 2)
  const like = all.filter((check) => words.some((word) => check.id.includes(word))).slice(0, 3)
  throw new GreyctlError('usage', `there is no check "${id}"`, {
    hints: [...like.map((check) => `do you mean ${check.id}?`), 'greyctl doctor --list names them all'],
  })
}
