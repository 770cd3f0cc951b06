import { GreyctlError } from './errors.js'
import type { Host } from './host/host.js'
import type { SharedStore } from './setup/choices.js'
import { STORE_PASSWORD } from './setup/names.js'

/** No blank, and nothing that sh or systemd reads otherwise: it stands among the daemon's options. */
const PLAIN = /^[\w:/.@?&=,%+[\]-]+$/

/**
 * What `greyctl install --store TEXT` names: `local`, or a server, with how the service gets there. With `ask` the server
 * is asked first, as root, whether it takes writes. Throws GreyctlError('usage' | 'store-failed').
 */
export async function chosenStore(
  host: Host,
  text: string,
  { ask }: { readonly ask: boolean },
): Promise<SharedStore | 'local'> {
  if (text === 'local') return text
  const { parseValkey } = await import('./store/valkey/location.js')
  const location = parseValkey(text)
  if (typeof location === 'string') throw usage(`--store ${location}`)
  if (!PLAIN.test(text)) throw usage('--store holds a character that the options file cannot')
  const grows = location.mode !== 'single'
  if (grows && host.root !== '/') {
    throw usage('--store: sentinels and clusters are asked for their nodes, which another tree cannot do', [
      'write the location into greyctl.toml there, and let the service reach all of them: docs/several-mx.md',
    ])
  }
  const credential = await hasPassword(host)
  const { addressesOf, withServer } = await import('./store/valkey/open.js')
  if (ask) {
    await withServer(
      location,
      () => 1,
      (store) => store.assertWritable(),
    )
  }
  return { location: text, reach: { addresses: await addressesOf(location), credential, grows } }
}

/** Answers to the question where the store is: each is looked at as --store would be, and a good one is kept. */
export class StoreAnswers {
  private readonly good = new Map<string, SharedStore | 'local'>()
  constructor(private readonly host: Host) {}

  /** What is wrong with a location, and what to do; undefined: the server can be used. */
  readonly complaintAbout = async (location: string): Promise<string | undefined> => {
    try {
      this.good.set(location, await chosenStore(this.host, location, { ask: true }))
      return undefined
    } catch (error) {
      if (!(error instanceof GreyctlError)) throw error
      return [error.message, ...error.hints.map((hint) => `- ${hint}`)].join('\n')
    }
  }

  chosen(answer: string | undefined): SharedStore | 'local' | undefined {
    return answer === undefined || answer === 'local'
      ? (answer as 'local' | undefined)
      : this.good.get(answer)
  }
}

async function hasPassword(host: Host): Promise<boolean> {
  const file = await host.stat(STORE_PASSWORD)
  if (file === undefined) return false
  if (file.uid === 0 && (file.mode & 0o077) === 0) return true
  throw new GreyctlError('usage', 'others than root can read the password of the shared store', {
    where: STORE_PASSWORD,
    hints: [`chown root: ${STORE_PASSWORD}; chmod 600 ${STORE_PASSWORD}`],
  })
}

function usage(message: string, hints: readonly string[] = []): GreyctlError {
  return new GreyctlError('usage', message, { hints: [...hints] })
}
