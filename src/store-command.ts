import { join } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { GreyctlCommand } from './base-command.js'
import { GreyctlError } from './errors.js'
import type { Host } from './host/host.js'
import { DEFAULTS_FILE } from './setup/names.js'
import { daemonWords } from './setup/render.js'
import { parseSubject, type Subject, type Wanted } from './store/known.js'
import type { Query } from './store/query.js'
import { privateNote } from './ui/store.js'

/** A command about the daemon's store: which one, and by which rules its records are judged. */
export abstract class StoreCommand extends GreyctlCommand {
  static storeFlags = {
    store: Flags.string({
      description: 'this store instead of the one that /etc/default/greyctl names',
      helpValue: 'lmdb:DIR|valkey://HOST',
    }),
  }

  /** For who asks about one mail: with --privacy its triplet is found by all its parts only. */
  static mailArgs = {
    sender: Args.string({ ignoreStdin: true, description: 'with a client: the sender of its mail' }),
    recipient: Args.string({ ignoreStdin: true, description: 'and the recipient' }),
  }

  protected async query(host: Host, flags: { store?: string | undefined }): Promise<Query> {
    const { parseOptions } = await import('./daemon/options.js')
    const { DEFAULT_CONFIG } = await import('./daemon/config/file.js')
    const { existingSealer, KEY_FILE } = await import('./daemon/privacy.js')
    const { directoriesOf } = await import('./store/spec.js')
    const words = daemonWords((await host.read(DEFAULTS_FILE))?.toString('utf8') ?? '')
    const given = flags.store === undefined ? words : [...words, `--store=${flags.store}`]
    const { store, policy, privacy, identity } = parseOptions(['--inet=10023', ...given], {
      config: join(host.root, DEFAULT_CONFIG),
    })
    if (store.kind === 'memory') {
      throw new GreyctlError('usage', `a store of ${store.kind} cannot be looked into from outside`, {
        hints: ['name one with --store lmdb:DIR or valkey://HOST'],
      })
    }
    const root = host.root === '/' ? '' : host.root
    const place = store.kind === 'lmdb' ? { ...store, directory: root + store.directory } : store
    const [own = ''] = directoriesOf(store)
    // of another store than the daemon's, its key tells
    const named = flags.store !== undefined && (await host.stat(join(own, KEY_FILE))) !== undefined
    return {
      store: place,
      rules: policy,
      now: Math.floor(host.now()),
      seal: privacy || named ? () => existingSealer(root + own) : undefined,
      identity,
    }
  }

  /**
   * Where the running daemon can be asked. It may run with a greyctl.toml that has a mistake since: then what the flags
   * say, or the default.
   */
  protected async controlDirectory(
    host: Host,
    flags: { store?: string | undefined },
  ): Promise<string | undefined> {
    const { directoriesOf } = await import('./store/spec.js')
    try {
      return directoriesOf((await this.query(host, flags)).store)[0]
    } catch {
      const { parseOptions } = await import('./daemon/options.js')
      const words = daemonWords((await host.read(DEFAULTS_FILE))?.toString('utf8') ?? '')
      return directoriesOf(parseOptions(['--inet=10023', ...words], { config: '/dev/null' }).store)[0]
    }
  }

  /** `orId`: what is typed may be a queue id too, and is none. */
  protected subject(text: string, { rules }: Query, orId = false): Subject {
    const subject = parseSubject(text, rules)
    if (subject !== undefined) return subject
    const kinds = `no address of a client, no mail address${orId ? ', no queue id' : ''} and no domain`
    throw new GreyctlError('usage', `"${text}" is ${kinds}`, {
      hints: [`say 192.0.2.25, alice@example.org${orId ? ', 4XYZ1m2n3p' : ''} or @example.org`],
    })
  }

  /** The same, or one mail where its sender and recipient are named too. */
  protected wanted(client: string, query: Query, { sender, recipient }: MailWords): Wanted {
    const subject = this.subject(client, query)
    if (sender === undefined) return subject
    if (recipient !== undefined && subject.kind !== 'mailbox') {
      const clean = (text: string) => Buffer.from(text.replace(/^<(.*)>$/, '$1'), 'utf8').toString('latin1')
      return { kind: 'mail', client, sender: clean(sender), recipient: clean(recipient) }
    }
    throw new GreyctlError('usage', 'a mail is named by its client, its sender and its recipient', {
      hints: ["say 192.0.2.25 alice@example.org bob@example.com, with '<>' for the empty sender"],
    })
  }

  /** What an answer leaves open when the store's keys are sealed. */
  protected secrecy({ seal }: Query, subject: Wanted | undefined): string {
    return seal === undefined || subject === undefined || subject.kind === 'mail' ? '' : `\n${privateNote()}`
  }
}

interface MailWords {
  readonly sender?: string | undefined
  readonly recipient?: string | undefined
}
