import { formatAddress, inNetwork, type Network, parseAddress, parseNetwork } from '../greylist/address.js'
import type { DaemonOptions } from './options.js'

/** Whom the daemon is to reach, or be reached by, beyond this machine. */
export interface Peer {
  /** The setting that says so. */
  readonly setting: 'may-ask' | 'resolver' | 'store'
  readonly network: Network
}

/** A peer that is given by its name is not looked up, and left out. */
export function peersOf({ mayAsk, resolver = '', store }: DaemonOptions): readonly Peer[] {
  const hosts = store.kind === 'valkey' ? store.nodes.map(({ host }) => host) : []
  const single = (setting: Peer['setting'], address: string): Peer[] => {
    const bytes = parseAddress(address)
    return bytes === undefined ? [] : [{ setting, network: { bytes, prefix: bytes.length * 8 } }]
  }
  return [
    ...mayAsk.map((network) => ({ setting: 'may-ask' as const, network })),
    ...single(
      'resolver',
      /^(?:\[(.*)\](?::\d+)?|([\d.]+)(?::\d+)?|(.*))$/.exec(resolver)?.slice(1).find(Boolean) ?? '',
    ),
    ...hosts.flatMap((host) => single('store', host)),
  ].filter(({ network }) => !LOOPBACK.some((loopback) => contains(loopback, network)))
}

/** systemd.resource-control(5), `localhost`. */
const LOOPBACK = networksOf('127.0.0.0/8 ::1/128')

/** Of these, whom a unit keeps away: `show` is what `systemctl show -p IPAddressDeny -p IPAddressAllow` says of it. */
export function keptAway(peers: readonly Peer[], show: string): readonly Peer[] {
  const value = (name: string) => networksOf(new RegExp(`^${name}=(.*)$`, 'm').exec(show)?.[1] ?? '')
  const [denied, allowed] = [value('IPAddressDeny'), value('IPAddressAllow')]
  return peers.filter(
    ({ network }) =>
      denied.some((one) => contains(one, network) || contains(network, one)) &&
      !allowed.some((one) => contains(one, network)),
  )
}

/** One complaint for all: which settings, and what to write where. */
export function complainOfReach(peers: readonly Peer[], unit: string): string {
  const named = peers.map(({ setting, network }) => `${setting} ${textOf(network)}`).join(', ')
  const allow = [...new Set(peers.map(({ network }) => textOf(network)))].join(' ')
  return `${unit} may not talk to ${named} (IPAddressDeny): systemctl edit ${unit}, and write
  [Service]
  IPAddressAllow=${allow}
then systemctl restart ${unit}`
}

function contains(outer: Network, inner: Network): boolean {
  return outer.prefix <= inner.prefix && inNetwork(inner.bytes, outer)
}

export function textOf({ bytes, prefix }: Network): string {
  return prefix === bytes.length * 8 ? formatAddress(bytes) : `${formatAddress(bytes)}/${prefix}`
}

function networksOf(text: string): readonly Network[] {
  return text.split(/\s+/).flatMap((word) => parseNetwork(word) ?? [])
}
