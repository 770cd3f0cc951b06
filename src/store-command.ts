import { join } from 'node:path'
import { Flags } from '@oclif/core'
import { GreyctlCommand } from './base-command.js'
import { GreyctlError } from './errors.js'
import type { Host } from './host/host.js'
import { DEFAULTS_FILE } from './setup/names.js'
import { daemonWords } from './setup/render.js'
import { parseSubject, type Subject } from './store/known.js'
import type { Query } from './store/query.js'

/** A command about the daemon's store: which one, and by which rules its records are judged. */
export abstract class StoreCommand extends GreyctlCommand {
  static storeFlags = {
    store: Flags.string({
      description: 'this store instead of the one that /etc/default/greyctl names',
      helpValue: 'lmdb:DIR',
    }),
  }

  protected async query(host: Host, flags: { store?: string | undefined }): Promise<Query> {
    const { parseOptions } = await import('./daemon/options.js')
    const { sealer } = await import('./daemon/privacy.js')
    const { DEFAULT_CONFIG } = await import('./daemon/config/file.js')
    const words = daemonWords((await host.read(DEFAULTS_FILE))?.toString('utf8') ?? '')
    const given = flags.store === undefined ? words : [...words, `--store=${flags.store}`]
    const { store, policy, privacy, identity } = parseOptions(['--inet=10023', ...given], {
      config: join(host.root, DEFAULT_CONFIG),
    })
    if (store.kind !== 'lmdb') {
      throw new GreyctlError('usage', `a store of ${store.kind} cannot be looked into from outside`, {
        hints: ['name one with --store lmdb:DIR'],
      })
    }
    const root = host.root === '/' ? '' : host.root
    const directory = root + store.directory
    return {
      directory,
      rules: policy,
      now: Math.floor(host.now()),
      seal: privacy ? () => sealer({ kind: 'lmdb', directory }) : undefined,
      identity,
    }
  }

  protected subject(text: string, { rules }: Query): Subject {
    const subject = parseSubject(text, rules)
    if (subject !== undefined) return subject
    throw new GreyctlError('usage', `"${text}" is no address of a client, no mail address and no domain`, {
      hints: ['say 192.0.2.25, alice@example.org or @example.org'],
    })
  }
}
