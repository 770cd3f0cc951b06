import type { Redis } from 'iovalkey'
import { connect, connectSentinel, disconnect } from './connect.js'
import type { ValkeyLocation } from './location.js'

/**
 * The hosts that a daemon may have to reach, named or not: any replica may be the master tomorrow, and a cluster sends its
 * clients to all of its nodes. As the sentinels or the cluster know them now. Rejects with what the server says, within so many
 * milliseconds for each host that is asked.
 */
export async function hostsBehind(
  location: ValkeyLocation,
  milliseconds: number,
): Promise<readonly string[]> {
  const named = location.nodes.map(({ host }) => host)
  if (location.mode === 'single') return named
  const found =
    location.mode === 'cluster'
      ? await nodesOfCluster(location, milliseconds)
      : await serversOfSentinels(location, milliseconds)
  return [...new Set([...named, ...found])]
}

async function nodesOfCluster(location: ValkeyLocation, milliseconds: number): Promise<readonly string[]> {
  const connection = await connect(location, milliseconds)
  try {
    if (connection.kind !== 'cluster') return []
    return connection.client.nodes('all').flatMap(({ options: { host } }) => (host ? [host] : []))
  } finally {
    disconnect(connection)
  }
}

/** Of the first sentinel that answers; rejects with what the last one said. */
async function serversOfSentinels(
  location: ValkeyLocation,
  milliseconds: number,
): Promise<readonly string[]> {
  let trouble: unknown
  for (const sentinel of location.nodes) {
    let client: Redis | undefined
    try {
      client = await connectSentinel(location, sentinel, milliseconds)
      return await serversBehind(client, location.master ?? '')
    } catch (error) {
      trouble = error
    } finally {
      client?.disconnect()
    }
  }
  throw trouble
}

async function serversBehind(client: Redis, master: string): Promise<readonly string[]> {
  const lists = await Promise.all(
    ['MASTER', 'REPLICAS', 'SENTINELS'].map((what) => client.call('SENTINEL', what, master)),
  )
  return lists.flatMap((answer) => addressesIn(answer))
}

/** Of one server's fields (name, value, name, value, …), or of several such. */
function addressesIn(answer: unknown): readonly string[] {
  if (!Array.isArray(answer)) return []
  if (Array.isArray(answer[0])) return answer.flatMap((one) => addressesIn(one))
  const at = answer.indexOf('ip')
  return at >= 0 && at % 2 === 0 ? [String(answer[at + 1])] : []
}
