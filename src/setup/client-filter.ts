import { GreyctlError } from '../errors.js'
import { parseAddress } from '../greylist/address.js'
import { type ClientList, parseClientList } from '../greylist/client-list.js'
import type { Host } from '../host/host.js'

/** Files in the format of whitelist_clients. */
export interface ClientFilterFiles {
  /** Only these clients count. */
  readonly match: readonly string[]
  /** These do not. */
  readonly skip: readonly string[]
}

export type ClientFilter = (client: { readonly name: string; readonly address: string }) => boolean

/** undefined without files. Throws GreyctlError('usage') for a file that is missing or not understood. */
export async function readClientFilter(
  host: Host,
  { match, skip }: ClientFilterFiles,
): Promise<ClientFilter | undefined> {
  if (match.length === 0 && skip.length === 0) return undefined
  const [only, not] = [await readList(host, match), await readList(host, skip)]
  const isIn = (list: ClientList, name: string, address: string) =>
    list.matches(name, parseAddress(address) ?? [])
  return ({ name, address }) => (match.length === 0 || isIn(only, name, address)) && !isIn(not, name, address)
}

async function readList(host: Host, paths: readonly string[]): Promise<ClientList> {
  const files = await Promise.all(paths.map(async (path) => ({ path, text: await readText(host, path) })))
  const { list, warnings } = parseClientList(files)
  const [first] = warnings
  if (first)
    throw new GreyctlError('usage', first.message, {
      where: `${first.path}:${first.line}`,
      hints: [
        'these files have the format of whitelist_clients: a host name, an address, a network or /REGEXP/',
      ],
    })
  return list
}

async function readText(host: Host, path: string): Promise<string> {
  const content = await host.read(path)
  if (content === undefined) throw new GreyctlError('usage', 'no such file of clients', { where: path })
  return content.toString('utf8')
}
