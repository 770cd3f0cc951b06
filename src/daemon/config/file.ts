import { readFileSync } from 'node:fs'
import * as v from 'valibot'
import { GreyctlError } from '../../errors.js'
import { complainOfPattern } from '../../greylist/address-map.js'
import type { RecipientRule } from '../../greylist/policy.js'
import { parseSpan } from '../../greylist/span.js'
import { complainOfStore, parseStoreSpec } from '../../store/spec.js'
import { complaintsOf, table } from './complaints.js'
import { parseMetricsListen } from './metrics-listen.js'
import {
  absolutePath,
  delaySeconds,
  inetAddress,
  networks,
  oneOf,
  SETTING_ENTRIES,
  socketMode,
  toBytes,
  word,
} from './settings.js'
import { isDocument, type Path, parseDocument } from './toml.js'

export const DEFAULT_CONFIG = '/etc/greyctl/greyctl.toml'

/** greyctl.toml: the settings that are flags too, and what flags cannot say. A new key is a line here. */
const SCHEMA = table({
  ...SETTING_ENTRIES,
  metrics: v.optional(table({ listen: v.optional(metricsListen()) })),
  store: v.optional(
    table({
      location: v.optional(storeLocation()),
      durability: v.optional(oneOf('strict', 'relaxed')),
    }),
  ),
  /** Beside the listeners that flags or systemd name. */
  listen: v.optional(v.array(listener(), 'must be [[listen]]')),
  /** Never greylisted, beside the lists in files. */
  whitelist: v.optional(
    table({
      networks: v.optional(networks()),
      senders: v.optional(v.array(addressPattern(), 'must be a list of addresses and domains')),
    }),
  ),
  /** Whoever own users write to is an expected sender. */
  outbound: v.optional(
    table({
      learn: v.optional(v.boolean('must be true or false')),
      for: v.optional(span()),
      verified: v.optional(v.boolean('must be true or false')),
      networks: v.optional(networks()),
    }),
  ),
  /** What holds for single recipients and domains. */
  recipients: v.optional(v.record(addressPattern(), recipientRule(), 'must be a table')),
})

export type FileSettings = v.InferOutput<typeof SCHEMA>

export interface ConfigFile {
  readonly path: string
  readonly settings: FileSettings
  /** `path:line` of a key. */
  where(...key: Path): string
}

/** Throws GreyctlError('usage') with a line for each complaint: `path:line: key: message`. Never anything else. */
export function parseConfig(text: string, path: string): ConfigFile {
  const document = parseDocument(text)
  if (!isDocument(document)) {
    throw new GreyctlError('usage', `${path}:${document.line}: ${document.message}`)
  }
  const result = v.safeParse(SCHEMA, document.value)
  if (!result.success) {
    throw new GreyctlError('usage', complaintsOf(result.issues, SCHEMA, document, path).join('\n'))
  }
  return {
    path,
    settings: result.output,
    where: (...key) => `${path}:${document.lineOf(key)}`,
  }
}

/** The file that was asked for, or the usual one if there is one. Throws as parseConfig does, and for a file that cannot be read. */
export function readConfig(asked: string | undefined, usual = DEFAULT_CONFIG): ConfigFile | undefined {
  const path = asked ?? usual
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (asked === undefined && code === 'ENOENT') return undefined
    throw new GreyctlError('usage', `${path}: cannot be read: ${code ?? message}`, {
      hints: ['see that the file exists and that the daemon may read it'],
      cause: error,
    })
  }
  return parseConfig(text, path)
}

function metricsListen() {
  const message = 'must be inet:127.0.0.1:PORT, inet:[::1]:PORT or inet:localhost:PORT'
  return v.pipe(
    v.string(message),
    v.check((text) => parseMetricsListen(text) !== undefined, message),
  )
}

/** In seconds. */
function span() {
  const message = 'must be a time from an hour to a year, such as "12h" or "30d"'
  return v.pipe(
    v.string(message),
    v.transform((text) => parseSpan(text) ?? 0),
    v.minValue(3600, message),
    v.maxValue(366 * 86_400, message),
  )
}

function storeLocation() {
  const message = complainOfStore('')
  return v.pipe(
    v.string(message),
    v.check(
      (text) => parseStoreSpec(text) !== undefined,
      ({ input }) => complainOfStore(input),
    ),
  )
}

function listener() {
  const either = 'must have either inet = "HOST:PORT" or unix = "/path"'
  return v.pipe(
    table({
      inet: v.optional(inetAddress()),
      unix: v.optional(absolutePath()),
      mode: v.optional(socketMode()),
      owner: v.optional(word()),
      group: v.optional(word()),
    }),
    v.check(({ inet, unix }) => (inet === undefined) !== (unix === undefined), either),
    v.check(
      ({ inet, mode, owner, group }) => inet === undefined || (mode ?? owner ?? group) === undefined,
      'mode, owner and group are of unix sockets',
    ),
  )
}

function addressPattern() {
  const message = 'must be user@domain, domain, or user@'
  return v.pipe(
    v.string(message),
    v.check((text) => complainOfPattern(text) === undefined, message),
    v.transform(toBytes),
  )
}

function recipientRule() {
  const message = 'must be "off", "learn", a delay in seconds, or { delay = SECONDS, learn = true }'
  return v.pipe(
    v.union(
      [
        v.literal('off'),
        v.literal('learn'),
        delaySeconds(),
        table({ delay: v.optional(delaySeconds()), learn: v.optional(v.boolean(message)) }),
      ],
      message,
    ),
    v.transform((value): RecipientRule => {
      if (value === 'off') return { off: true }
      if (value === 'learn') return { learn: true }
      return typeof value === 'number' ? { delay: value } : value
    }),
  )
}
