import { formatAddress, parseAddress } from '../greylist/address.js'
import { expectationKey, expectationOf } from '../greylist/expected.js'
import { CLIENT, tripletKey, tripletOf } from '../greylist/key.js'
import { isPool } from '../greylist/pool.js'
import type { GreyRecord } from '../greylist/record.js'
import { KEY_FROM_OUTSIDE } from './long-key.js'
import type { Entry } from './store.js'

/**
 * An export: a line that says what it is, then one JSON object a line. Times are epoch seconds, texts UTF-8.
 *
 *   {"format":"greyctl-store","version":1}
 *   {"type":"triplet","network":"192.0.2.0","sender":"a@example.org","recipient":"b@example.com","first":…,"last":…,"count":0}
 *   {"type":"client","address":"192.0.2.25","first":…,"last":…,"count":3}
 *   {"type":"client","address":"@example.org",…}                 a pool (greylist/pool.ts), here and as a network
 *   {"type":"expected","sender":"a@example.org","recipient":"",…}  greyctl expect: from, until, and who said it
 *   {"type":"other","key":"…","first":…,"last":…,"count":0}      a key that cannot be taken apart, base64
 */
export const HEADER = JSON.stringify({ format: 'greyctl-store', version: 1 })

export function formatEntry([key, { first, last, count }]: Entry): string {
  return JSON.stringify({ ...partsOf(key), first, last, count })
}

function partsOf(key: string): Readonly<Record<string, string>> {
  const readable = utf8Of(key)
  const triplet = readable === undefined ? undefined : tripletOf(readable)
  if (triplet && isClient(triplet.network) && tripletKey(triplet) === readable)
    return { type: 'triplet', ...triplet }
  if (readable?.startsWith(CLIENT) && isClient(readable.slice(1))) {
    return { type: 'client', address: readable.slice(1) }
  }
  const expectation = readable === undefined ? undefined : expectationOf(readable)
  if (expectation && expectationKey(expectation) === readable) return { type: 'expected', ...expectation }
  return { type: 'other', key: Buffer.from(key, 'latin1').toString('base64') }
}

/** Written as only the daemon writes it. */
function isClient(text: string): boolean {
  return clientOf(text) === text
}

/** An address in its one spelling, or a pool; undefined for anything else. */
function clientOf(text: string): string | undefined {
  if (isPool(text)) return text
  const address = parseAddress(text)
  return address && formatAddress(address)
}

/** The store has a character a byte; undefined for bytes that are no UTF-8. */
export function utf8Of(latin1: string): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(latin1, 'latin1'))
  } catch {
    return undefined
  }
}

/** undefined for an empty line and the header; throws an Error that says what is wrong with any other. */
export function parseEntry(line: string): Entry | undefined {
  if (line.trim() === '') return undefined
  let value: unknown
  try {
    value = JSON.parse(line)
  } catch {
    throw new Error('not JSON')
  }
  if (typeof value !== 'object' || value === null) throw new Error('not a record')
  const fields = value as Readonly<Record<string, unknown>>
  if (fields.format !== undefined) return checkHeader(fields)
  const key = keyOf(fields)
  if (!KEY_FROM_OUTSIDE.test(key)) throw new Error(`not a key of a store, or too long (${key.length} bytes)`)
  return [key, recordOf(fields)]
}

function checkHeader({ format, version }: Readonly<Record<string, unknown>>): undefined {
  if (format !== 'greyctl-store') throw new Error(`an export of something else (${String(format)})`)
  if (version !== 1) throw new Error(`version ${String(version)}, of a later greyctl`)
  return undefined
}

function keyOf(fields: Readonly<Record<string, unknown>>): string {
  const text = (name: string) => {
    const value = fields[name]
    if (typeof value === 'string') return value
    throw new Error(`no ${name}`)
  }
  if (fields.type === 'other') return Buffer.from(text('key'), 'base64').toString('latin1')
  const latin1 = (name: string) => {
    const value = Buffer.from(text(name), 'utf8').toString('latin1')
    if (value.includes('\n')) throw new Error(`a line break in ${name}`)
    return value
  }
  if (fields.type === 'triplet') {
    const network = clientOf(text('network'))
    if (network === undefined) throw new Error('network is neither an address nor a pool')
    return tripletKey({ network, sender: latin1('sender'), recipient: latin1('recipient') })
  }
  if (fields.type === 'expected') {
    return expectationKey({ sender: latin1('sender'), recipient: latin1('recipient') })
  }
  const client = fields.type === 'client' ? clientOf(text('address')) : undefined
  if (client === undefined) throw new Error('neither a triplet nor a client with an address or a pool')
  return CLIENT + client
}

function recordOf(fields: Readonly<Record<string, unknown>>): GreyRecord {
  const number = (name: string) => {
    const value = fields[name]
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value
    throw new Error(`${name} is no whole number of 32 bits`)
  }
  return { first: number('first'), last: number('last'), count: number('count') }
}
