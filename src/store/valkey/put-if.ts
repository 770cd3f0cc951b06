import type { Redis } from 'iovalkey'
import { decodeRecord, encodeRecord, type GreyRecord } from '../../greylist/record.js'
import type { Answer, Guess, Outcome } from '../store.js'

/**
 * Reads the records of mails, and writes what was decided about a mail where they are as that decision took them to be.
 * It knows nothing of greylisting: a compare-and-set over several keys (a triplet's and a client's), for many mails.
 *
 * KEYS: one that forbids all writing while it is there; then those of each mail.
 * ARGV, for each mail: how many keys and how many writes; for each key the value expected ('' for none); for each write
 * the key's place among the mail's, the value, the seconds that it is kept.
 * Returns the first key's value, then for each mail the values of its keys, and 1 if it was written.
 *
 * Without a first line that says so to the server (`#!lua`), which Redis 6 does not know: a write fails then where the same
 * command alone would, with the server's reason (a full memory, a replica), and reading goes on.
 */
const PUT_IF = `
local found = { redis.call('GET', KEYS[1]) }
local free = not found[1]
local key, arg = 1, 0
while arg < #ARGV do
  local keys, puts = tonumber(ARGV[arg + 1]), tonumber(ARGV[arg + 2])
  local values = redis.call('MGET', unpack(KEYS, key + 1, key + keys))
  local same = free
  arg = arg + 2
  for at = 1, keys do
    found[#found + 1] = values[at]
    same = same and (values[at] or '') == ARGV[arg + at]
  end
  arg = arg + keys
  for at = arg + 1, arg + 3 * puts, 3 do
    if same then redis.call('SET', KEYS[key + tonumber(ARGV[at])], ARGV[at + 1], 'EX', ARGV[at + 2]) end
  end
  arg = arg + 3 * puts
  key = key + keys
  found[#found + 1] = same and 1 or 0
end
return found
`

/** Mails of one call: half a millisecond, in which the server does nothing else. */
const TOGETHER = 100

type Argument = string | number | Buffer
type Value = Buffer | number | null | undefined

/** What the library makes of a script: EVALSHA, and EVAL where the server does not know it (any more). */
interface Scripts {
  putIfBuffer(keys: number, ...keysAndArguments: readonly Argument[]): Promise<readonly Value[]>
}

/** The script on one server. All keys have to be there, so it is of no use in a cluster. */
export class PutIf {
  readonly #scripts: Scripts
  readonly #name: (key: string) => string
  readonly #seconds: (key: string, record: GreyRecord) => number

  /** `name`: of a key, on the server; `seconds`: how long a record is kept. */
  constructor(
    client: Redis,
    name: (key: string) => string,
    seconds: (key: string, record: GreyRecord) => number,
  ) {
    client.defineCommand('putIf', { lua: PUT_IF })
    this.#scripts = client as unknown as Scripts
    this.#name = name
    this.#seconds = seconds
  }

  /** As Guesser has it (store.ts). */
  async run(unless: string, guesses: readonly Guess[]): Promise<Answer> {
    const calls = [this.#call(unless, guesses.slice(0, TOGETHER))]
    for (let from = TOGETHER; from < guesses.length; from += TOGETHER)
      calls.push(this.#call(unless, guesses.slice(from, from + TOGETHER)))
    const answers = await Promise.all(calls)
    return [answers[0]?.[0], answers.flatMap(([, outcomes]) => outcomes)]
  }

  async #call(unless: string, guesses: readonly Guess[]): Promise<Answer> {
    const keys = [this.#name(unless)]
    const list: Argument[] = []
    for (const guess of guesses) {
      for (const key of guess.keys) keys.push(this.#name(key))
      this.#append(list, guess)
    }
    const values = await this.#scripts.putIfBuffer(keys.length, ...keys, ...list)
    let at = 1
    const outcomes = guesses.map((guess): Outcome => {
      const end = at + guess.keys.length
      const records = values.slice(at, end).map(recordOf)
      at = end + 1
      return { records, right: values[end] === 1 }
    })
    return [recordOf(values[0]), outcomes]
  }

  #append(list: Argument[], { keys, expected, changes }: Guess): void {
    list.push(keys.length, changes.length)
    for (const record of expected) list.push(record === undefined ? '' : encodeRecord(record))
    for (const [key, record] of changes) {
      const place = keys.indexOf(key)
      if (place < 0) throw new Error('a guess changes what it does not read')
      list.push(place + 1, encodeRecord(record), Math.max(1, this.#seconds(key, record)))
    }
  }
}

function recordOf(value: Value): GreyRecord | undefined {
  return value instanceof Buffer ? decodeRecord(value) : undefined
}
