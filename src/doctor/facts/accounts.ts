import { type GatherContext, Unknown } from '../fact-book.js'
import type { Facts } from '../facts.js'

/** Names of the users of /etc/passwd, with their numbers. */
export async function gatherAccounts({ host }: GatherContext<Facts>): Promise<ReadonlyMap<string, number>> {
  const text = (await host.read('/etc/passwd'))?.toString('latin1')
  if (text === undefined) throw new Unknown('/etc/passwd: no such file')
  return new Map(
    text.split('\n').flatMap((line): [string, number][] => {
      const [name, , uid] = line.split(':')
      return name && uid ? [[name, Number(uid)]] : []
    }),
  )
}
