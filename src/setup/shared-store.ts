import type { ProofCase, Step } from '../change/plan.js'
import type { Host } from '../host/host.js'
import type { InstallChoices, SharedStore } from './choices.js'
import type { ServerFacts } from './facts.js'
import { ROOT_DIRECTORY, ROOT_FILE, type WantedFile } from './files.js'
import { STORE_DIR, STORE_DROP_IN, STORE_DROP_IN_DIR, STORE_PASSWORD } from './names.js'

export const PROVE_STORE = 'prove-store'

/** What opens the service's sandbox towards the server, and hands it the password; absent for a store of this host. */
export function storeFiles(facts: ServerFacts, { store }: InstallChoices): readonly WantedFile[] {
  if (facts.init !== 'systemd') return []
  const there = facts.files.get(STORE_DROP_IN) !== undefined
  if (store === undefined && !there) return []
  // a store that no flag named is reached as it was
  if (store !== undefined && store.reach === undefined) return []
  return [
    {
      id: 'store-drop-in',
      title: store ? `let the daemon reach the shared store (${STORE_DROP_IN})` : `remove ${STORE_DROP_IN}`,
      path: STORE_DROP_IN,
      content: store?.reach ? Buffer.from(dropIn(store.reach)) : 'absent',
      meta: ROOT_FILE,
    },
  ]
}

function dropIn({ addresses, credential }: NonNullable<SharedStore['reach']>): string {
  return [
    '# written by greyctl install --store',
    '[Service]',
    ...addresses.map((address) => `IPAddressAllow=${address}`),
    ...(credential ? [`LoadCredential=store-password:${STORE_PASSWORD}`] : []),
    '',
  ].join('\n')
}

export function storeDirectory(
  facts: ServerFacts,
  files: readonly { readonly path: string }[],
  action: 'create' | 'remove-if-empty',
): readonly Step[] {
  const there = facts.directories.has(STORE_DROP_IN_DIR)
  if (!files.some(({ path }) => path === STORE_DROP_IN) || there !== (action === 'remove-if-empty')) return []
  const title = `${action === 'create' ? 'create' : 'remove'} ${STORE_DROP_IN_DIR}`
  return [
    { kind: 'directory', id: 'store-unit-dir', title, path: STORE_DROP_IN_DIR, action, meta: ROOT_DIRECTORY },
  ]
}

/** That the daemon itself gets there: out of its sandbox, with its password. */
export function proveStore(): Step {
  return { kind: 'prove', id: PROVE_STORE, title: 'ask the daemon whether it uses the shared store' }
}

/** Seconds that a daemon gets to start and to reach the server. */
const LONGEST_START = 10

/** Over the daemon's control socket (store/control.ts), beside what it remembers alone. */
export async function askAboutStore(
  host: Host,
  { location }: SharedStore,
  signal: AbortSignal,
): Promise<readonly ProofCase[]> {
  const local = new URLSearchParams(/\?(.*)$/.exec(location)?.[1]).get('local') ?? STORE_DIR
  const question = { case: 'the daemon uses the shared store', expected: 'yes' }
  const until = host.now() + LONGEST_START
  for (;;) {
    const { answer } = await host.exchange(`unix:${local}/control`, '{"do":"shared"}\n', {
      until: '\n',
      timeout: 5,
    })
    if (answer.includes('"ok"')) return [{ ...question, answer: 'yes', ok: true }]
    if (host.now() >= until || signal.aborted)
      return [{ ...question, answer: answer.trim() || 'it does not answer', ok: false }]
    await host.sleep(0.2, signal)
  }
}
