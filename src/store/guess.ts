import type { Answer, Guess, Outcome, Store } from './store.js'

/** Whether these records are the expected ones. */
export function asExpected({ expected }: Guess, records: Outcome['records']): boolean {
  for (const [at, record] of expected.entries()) {
    const found = records[at]
    if (found === record) continue
    if (found === undefined || record === undefined) return false
    if (found.last !== record.last || found.count !== record.count || found.first !== record.first)
      return false
  }
  return true
}

/** The answer by reading alone: what has changes is never right. */
export async function readOnly(
  getMany: (keys: readonly string[]) => ReturnType<Store['getMany']>,
  unless: string,
  guesses: readonly Guess[],
): Promise<Answer> {
  const [forbids, ...found] = await getMany([unless, ...guesses.flatMap(({ keys }) => keys)])
  let at = 0
  const outcomes = guesses.map((guess): Outcome => {
    const { keys, changes } = guess
    const records = found.slice(at, at + keys.length)
    at += keys.length
    return { records, right: forbids === undefined && changes.length === 0 && asExpected(guess, records) }
  })
  return [forbids, outcomes]
}
