import { isIP } from 'node:net'
import type { EndpointAnswer } from '../facts/endpoints.js'
import type { Listener } from '../facts/listeners.js'
import type { Endpoint, PolicyUse } from '../facts/policy-uses.js'
import type { Evidence } from '../finding.js'

/** Where the configuration asks this endpoint, each line once. */
export function askedAt(uses: readonly PolicyUse[], endpoint: Endpoint): readonly Evidence[] {
  const lines = uses.filter((use) => use.endpoint.text === endpoint.text).map(({ entry }) => entry.where)
  return unique(lines).slice(0, 3)
}

export function unique(evidence: readonly Evidence[]): readonly Evidence[] {
  return [...new Map(evidence.map((each) => [`${each.ref} ${each.text}`, each])).values()]
}

/** The services that ask an endpoint, and the endpoint itself. */
export function affected(uses: readonly PolicyUse[], endpoint: Endpoint): readonly string[] {
  const services = uses
    .filter((use) => use.endpoint.text === endpoint.text)
    .map(({ service }) => service.label)
  return [endpoint.text, ...new Set(services)]
}

/** Does mail go on when this endpoint gives no answer? */
export function failsOpen(uses: readonly PolicyUse[], endpoint: Endpoint): boolean {
  const asking = uses.filter((use) => use.endpoint.text === endpoint.text)
  return asking.length > 0 && asking.every(({ defaultAction }) => /^dunno$/i.test(defaultAction.trim()))
}

/** What a missing answer does to mail. */
export function consequence(uses: readonly PolicyUse[], endpoint: Endpoint): string {
  return failsOpen(uses, endpoint)
    ? 'mail goes on without greylisting (default_action=DUNNO)'
    : 'mail from strangers is put off with 451 4.3.5 Server configuration problem'
}

export function severityOf(uses: readonly PolicyUse[], endpoint: Endpoint): 'critical' | 'error' {
  return failsOpen(uses, endpoint) ? 'error' : 'critical'
}

/** The program behind a listening socket, by its name. */
export function isGreylisterProcess(name: string): boolean {
  return /^(postgrey|sqlgrey|greyctl|gld|policyd)/.test(name)
}

export function listenerText({ address, port, path, process, pid }: Listener): Evidence {
  const where = path || `${address.includes(':') ? `[${address}]` : address}:${port}`
  return {
    ref: pid === undefined ? 'listening' : `process ${pid}`,
    text: `${process || 'a program'} listens on ${where}`,
  }
}

export const LOOPBACK = new Set(['127.0.0.1', 'localhost', '::1'])

/** Would a connection to this host and port reach the listener? */
export function reaches(endpoint: Endpoint, listener: Listener): boolean {
  if (listener.port !== endpoint.port) return false
  const wide = ['*', '0.0.0.0', '::'].includes(listener.address)
  if (endpoint.host === 'localhost') return wide || LOOPBACK.has(listener.address)
  if (isIP(endpoint.host) === 4)
    return listener.address !== '::1' && (wide || listener.address === endpoint.host)
  return wide || listener.address === endpoint.host
}

export function refused(answer: EndpointAnswer): boolean {
  return answer.outcome === 'no-connection' && answer.error === 'ECONNREFUSED'
}

export function isFile(endpoint: Endpoint): boolean {
  return endpoint.path !== ''
}
