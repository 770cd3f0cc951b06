import { formatAddress, parseAddress } from '../greylist/address.js'
import { CLIENT, tripletKey, tripletOf } from '../greylist/key.js'
import type { GreyRecord } from '../greylist/record.js'
import type { Entry } from './store.js'

/**
 * An export: a line that says what it is, then one JSON object a line. Times are epoch seconds, texts UTF-8.
 *
 *   {"format":"greyctl-store","version":1}
 *   {"type":"triplet","network":"192.0.2.0","sender":"a@example.org","recipient":"b@example.com","first":…,"last":…,"count":0}
 *   {"type":"client","address":"192.0.2.25","first":…,"last":…,"count":3}
 *   {"type":"other","key":"…","first":…,"last":…,"count":0}      a key that cannot be taken apart, base64
 */
export const HEADER = JSON.stringify({ format: 'greyctl-store', version: 1 })

export function formatEntry([key, { first, last, count }]: Entry): string {
  return JSON.stringify({ ...partsOf(key), first, last, count })
}

function partsOf(key: string): Readonly<Record<string, string>> {
  const readable = utf8Of(key)
  const triplet = readable === undefined ? undefined : tripletOf(readable)
  if (triplet && isCanonical(triplet.network) && tripletKey(triplet) === readable)
    return { type: 'triplet', ...triplet }
  if (readable?.startsWith(CLIENT) && isCanonical(readable.slice(1))) {
    return { type: 'client', address: readable.slice(1) }
  }
  return { type: 'other', key: Buffer.from(key, 'latin1').toString('base64') }
}

function isCanonical(text: string): boolean {
  const address = parseAddress(text)
  return address !== undefined && formatAddress(address) === text
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
  return [keyOf(fields), recordOf(fields)]
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
    const network = parseAddress(text('network'))
    if (network === undefined) throw new Error('network is no address')
    return tripletKey({
      network: formatAddress(network),
      sender: latin1('sender'),
      recipient: latin1('recipient'),
    })
  }
  const address = fields.type === 'client' ? parseAddress(text('address')) : undefined
  if (address === undefined) throw new Error('neither a triplet nor a client with an address')
  return CLIENT + formatAddress(address)
}

function recordOf(fields: Readonly<Record<string, unknown>>): GreyRecord {
  const number = (name: string) => {
    const value = fields[name]
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value
    throw new Error(`${name} is no whole number of 32 bits`)
  }
  return { first: number('first'), last: number('last'), count: number('count') }
}
