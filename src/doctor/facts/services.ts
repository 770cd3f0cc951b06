import type { MasterService } from '../../postfix/master-cf.js'
import {
  flattenClasses,
  listWords,
  type RestrictionEntry,
  readRestrictions,
  readRestrictionText,
  restrictionClasses,
} from '../../postfix/restriction-list.js'
import { effectiveSettings, isChrooted, type Settings } from '../../postfix/settings.js'
import type { GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import type { Evidence } from '../finding.js'
import type { SettingsFact } from './settings.js'
import { lineFinder, lineOf } from './text-file.js'

/** In the order in which smtpd(8) asks them at RCPT TO, the relay list apart. */
export const LISTS = [
  'smtpd_client_restrictions',
  'smtpd_helo_restrictions',
  'smtpd_sender_restrictions',
  'smtpd_relay_restrictions',
  'smtpd_recipient_restrictions',
  'smtpd_data_restrictions',
  'smtpd_end_of_data_restrictions',
] as const

export type ListName = (typeof LISTS)[number]

/** An entry of a list as it counts: classes and references replaced. */
export interface Entry extends RestrictionEntry {
  /** The class that it stands in; undefined for the list itself. */
  readonly where: Evidence
}

export interface EffectiveList {
  /** As in main.cf: a list of smtpd, or a restriction class. */
  readonly name: string
  readonly entries: readonly Entry[]
  /** Set somewhere, not a default. */
  readonly explicit: boolean
  /** A restriction at the end that wants an argument. */
  readonly unfinished: string | undefined
  /** The line that sets it. */
  readonly where: Evidence | undefined
}

/** One service of master.cf that takes SMTP, with the settings that count for it. */
export interface SmtpdService {
  /** `smtp inet`. */
  readonly label: string
  readonly master: MasterService
  /** mx: takes mail from the internet. */
  readonly role: 'mx' | 'submission' | 'reinjection' | 'other'
  readonly chroot: boolean
  readonly lists: readonly EffectiveList[]
  /** The restriction classes that it knows. */
  readonly classes: readonly EffectiveList[]
  /** Overrides included. */
  readonly settings: Settings
  /** Without them. */
  readonly mainSettings: Settings
  /** Expanded, overrides included. */
  get(name: string): string
  where(name: string): Evidence | undefined
  list(name: string): EffectiveList | undefined
}

export async function gatherServices({ need }: GatherContext<Facts>): Promise<readonly SmtpdService[]> {
  const [main, master, settings] = await Promise.all([need('mainCf'), need('masterCf'), need('settings')])
  const smtpds = master.services.filter(({ command }) => /(^|\/)smtpd$/.test(command))
  const sources = {
    main,
    master,
    settings,
    placeOf: lineFinder(main),
    lists: new Map<ListName, EffectiveList>(),
  }
  return smtpds.map((service) => smtpdService(service, sources))
}

interface Sources {
  readonly main: Facts['mainCf']
  readonly master: Facts['masterCf']
  readonly settings: SettingsFact
  readonly placeOf: (offset: number) => Evidence
  /** Those of main.cf, which most services share: read once. */
  readonly lists: Map<ListName, EffectiveList>
}

function smtpdService(service: MasterService, sources: Sources): SmtpdService {
  const { main, master, settings } = sources
  const overrides = new Map(service.overrides.map((each) => [each.name, each]))
  const sourcesOf = {
    defaults: settings.default,
    ...(settings.version === undefined ? {} : { version: settings.version }),
  }
  const own = effectiveSettings(main.cf, { ...sourcesOf, service })
  const get = (name: string) => safely(() => own.get(name), own.raw(name) ?? '')
  const where = (name: string): Evidence | undefined => {
    const override = overrides.get(name)
    if (override) return lineOf(master, override.line)
    const definition = main.cf.get(name)
    return definition && lineOf(main, definition.line)
  }
  const lists = LISTS.map((name) => {
    const override = overrides.get(name)
    const shared = override === undefined && overrides.size === 0 ? sources.lists.get(name) : undefined
    const list = shared ?? effectiveList(name, override, sources, where(name))
    if (overrides.size === 0) sources.lists.set(name, list)
    return list
  })
  const classes = listWords(get('smtpd_restriction_classes')).map((name) =>
    effectiveList(name, overrides.get(name), sources, where(name)),
  )
  return {
    label: `${service.name} ${service.type}`,
    master: service,
    role: roleOf(service),
    chroot: isChrooted(service, own),
    lists,
    classes,
    settings: own,
    mainSettings: overrides.size === 0 ? own : effectiveSettings(main.cf, sourcesOf),
    get,
    where,
    list: (name) => [...lists, ...classes].find((list) => list.name === name),
  }
}

function effectiveList(
  name: string,
  override: { value: string; line: number } | undefined,
  { main, master, settings, placeOf: find }: Sources,
  where: Evidence | undefined,
): EffectiveList {
  const defaults = (parameter: string) => settings.get(parameter)
  const definition = main.cf.get(name)
  const classes = safely(() => restrictionClasses(main.cf), [])
  const flatten = (entries: readonly RestrictionEntry[], placeOf: (entry: RestrictionEntry) => Evidence) =>
    safely(() => flattenClasses(main.cf, entries, classes), entries).map((entry) => ({
      ...entry,
      where: placeOf(entry),
    }))
  if (override === undefined && definition !== undefined) {
    const read = safely(() => readRestrictions(main.cf, definition, defaults), undefined)
    if (read === undefined) return { name, entries: [], explicit: true, unfinished: undefined, where }
    const placeOf = (entry: RestrictionEntry) => find(read.tokens[entry.first]?.start ?? 0)
    return {
      name,
      entries: flatten(read.entries, placeOf),
      explicit: true,
      unfinished: read.unfinished,
      where,
    }
  }
  const value = override?.value ?? settings.get(name)
  const entries = safely(() => readRestrictionText(main.cf, value, defaults), [])
  const place = override ? lineOf(master, override.line) : { ref: `${main.path} (default)`, text: name }
  return {
    name,
    entries: flatten(entries, () => place),
    explicit: override !== undefined,
    unfinished: undefined,
    where,
  }
}

/** A parameter that refers to itself, a brace that is never closed: other checks say so. */
function safely<T>(act: () => T, otherwise: T): T {
  try {
    return act()
  } catch {
    return otherwise
  }
}

const SUBMISSION = /(^|:)(submissions?|smtps|ssmtp|587|465)$/
const MX = /(^|[:\]])(smtp|25)$/

function roleOf({ name, type }: MasterService): SmtpdService['role'] {
  if (type === 'pass') return 'mx'
  if (SUBMISSION.test(name)) return 'submission'
  const loopback = /^(127\.|localhost:|\[?::1)/.test(name)
  if (MX.test(name) && !loopback) return 'mx'
  return loopback || /^1002\d$/.test(name) ? 'reinjection' : 'other'
}
