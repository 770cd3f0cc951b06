import { NetworkSet } from '../greylist/address.js'
import { AddressMap } from '../greylist/address-map.js'
import type { Policy } from '../greylist/policy.js'
import type { ReplyTexts } from '../greylist/reply.js'
import { readLists } from './lists.js'
import type { DaemonOptions } from './options.js'

/** An answer is expected for so long. */
const OUTBOUND_SECONDS = 30 * 86_400

/** What a reload exchanges as a whole. */
export interface Rules {
  readonly policy: Policy
  readonly texts: ReplyTexts
  readonly quiet: boolean
  readonly mayAsk: NetworkSet
  /**
   * Twelve hexadecimal digits, the same where the same rules hold: on a host before and after a reload, on two hosts.
   * Where it listens, what its host and its store are called do not count.
   */
  readonly fingerprint: () => string
}

export interface ReadRules {
  readonly rules: Rules
  /** Lines of lists that say nothing, `path:line: message`. */
  readonly warnings: readonly string[]
  /** Lists that could not be read; a missing `.local` is none of them. */
  readonly unread: readonly string[]
}

/** Compiles options and lists to what a request is judged by: maps and sets, no scans. */
export function readRules(options: DaemonOptions, version: string): ReadRules {
  const lists = readLists(options.clientFiles, options.recipientFiles)
  const { clients, recipients, warnings, unread } = lists
  const { action, text, header, hostname, quiet, file } = options
  const { whitelist, recipients: rules = {}, outbound } = file?.settings ?? {}
  const said = [options.policy, action, text, header, quiet, options.mayAsk, whitelist, rules, outbound]
  return {
    warnings,
    unread,
    rules: {
      policy: {
        ...options.policy,
        clients,
        recipients,
        networks: new NetworkSet(whitelist?.networks),
        senders: new AddressMap((whitelist?.senders ?? []).map((pattern) => [pattern, true] as const)),
        rules: new AddressMap(Object.entries(rules)),
        outbound: outbound?.learn
          ? {
              seconds: outbound.for ?? OUTBOUND_SECONDS,
              verified: outbound.verified ?? true,
              networks: new NetworkSet(outbound.networks),
            }
          : undefined,
      },
      texts: { action, text, header, hostname, version },
      quiet,
      mayAsk: new NetworkSet(options.mayAsk),
      fingerprint: () => fingerprint([...said, ...lists.texts]),
    },
  }
}

/** Asked for rarely: node:crypto would cost 3 ms of each start. */
function fingerprint(parts: readonly unknown[]): string {
  const { createHash } = process.getBuiltinModule('node:crypto')
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 12)
}
