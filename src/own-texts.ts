import { daemonOptions } from './daemon-options.js'
import type { Host } from './host/host.js'
import { DEFAULTS_FILE, POSTGREY_DEFAULTS } from './setup/names.js'

/** Where other greylisters are told their reply, and the setting's pattern; the last one in a file wins. */
const ELSEWHERE: readonly { readonly file: string; readonly setting: RegExp }[] = [
  // Debian's init script and unit take it from here, for it may have spaces
  { file: POSTGREY_DEFAULTS, setting: /^\s*POSTGREY_TEXT=(["']?)(.*?)\1\s*(?:#.*)?$/gm },
  { file: POSTGREY_DEFAULTS, setting: /^\s*POSTGREY_OPTS=.*--greylist-text=(["']?)([^\s"']+)\1/gm },
  { file: '/opt/iredapd/settings.py', setting: /^GREYLISTING_MESSAGE\s*=\s*(["'])(.*?)\1/gm },
  { file: '/etc/rspamd/local.d/greylist.conf', setting: /^\s*message\s*=\s*(["'])(.*?)\1/gm },
  { file: '/etc/rspamd/override.d/greylist.conf', setting: /^\s*message\s*=\s*(["'])(.*?)\1/gm },
  { file: '/etc/cluebringer/cluebringer.conf', setting: /^\s*defer_message\s*=\s*(["']?)(.*?)\1\s*$/gm },
  { file: '/etc/policyd/cluebringer.conf', setting: /^\s*defer_message\s*=\s*(["']?)(.*?)\1\s*$/gm },
  { file: '/etc/postfix-policyd.conf', setting: /^\s*GREYLIST_REJECTION\s*=\s*(["']?)(.*?)\1\s*$/gm },
]

/**
 * What this server's greylisters were told to say to a mail that has to come back, in their own words: without them a
 * log that has Postfix's lines alone would not tell such a reply from any other. What cannot be read is left out.
 */
export async function ownReplyTexts(host: Host): Promise<readonly string[]> {
  const found = await Promise.all(
    ELSEWHERE.map(async ({ file, setting }) => [...(await textOf(host, file)).matchAll(setting)].at(-1)?.[2]),
  )
  const texts = [await daemonText(host), ...found]
  return texts.filter((text) => text !== undefined)
}

async function textOf(host: Host, file: string): Promise<string> {
  const content = await host.read(file).catch(() => undefined)
  return content?.toString('utf8') ?? ''
}

/** Only a daemon that was told one has one of its own; its options are loaded late. */
async function daemonText(host: Host): Promise<string | undefined> {
  const [options, settings] = [
    await textOf(host, DEFAULTS_FILE),
    await textOf(host, '/etc/greyctl/greyctl.toml'),
  ]
  if (!options.includes('greylist-text') && !/^\s*greylist-text\s*=/m.test(settings)) return undefined
  try {
    return (await daemonOptions(host)).text
  } catch {
    return undefined
  }
}
