import type { Sha256 } from '../change/plan.js'
import { GreyctlError } from '../errors.js'
import type { Backend } from './choices.js'
import { ROOT_FILE, type WantedFile } from './files.js'
import { INSTALLED_FILE } from './names.js'

/** What install put on the machine: /var/lib/greyctl/installed.json. Uninstall takes out exactly this. */
export interface InstalledRecord {
  readonly version: string
  readonly backend: Backend
  readonly selective: boolean
  /** Seconds. */
  readonly delay: number
  readonly listen: string
  readonly learn: boolean
  /** The instances of Postfix that ask, the first installed in first. */
  readonly instances: readonly InstanceRecord[]
  /** Whether install created the service's user. */
  readonly createdUser: boolean
  /** Whether install created /etc/greyctl. */
  readonly createdConfigDir: boolean
  /** Files that install wrote whole, with the hash of what it wrote. */
  readonly files: Readonly<Record<string, Sha256>>
  /** Since postgrey first was the backend; also while the bundled daemon is it. */
  readonly postgrey?: PostgreyRecord
}

export interface InstanceRecord {
  readonly configDir: string
  /** The words of main.cf whose place greyctl took: uninstall puts them back. */
  readonly replaced?: string
}

/** How postgrey was before greyctl. */
export interface PostgreyRecord {
  /** Packages that install brought; empty where postgrey was there. */
  readonly packages: readonly string[]
  readonly createdUser: boolean
  /** Its options file, one character a byte; null: there was none. */
  readonly options: string | null
  readonly running: boolean
  readonly enabled: boolean
}

export function recordFile(record: InstalledRecord): WantedFile {
  return {
    id: 'record',
    title: `note what was installed in ${INSTALLED_FILE}`,
    path: INSTALLED_FILE,
    content: Buffer.from(`${JSON.stringify(record, undefined, 2)}\n`),
    meta: ROOT_FILE,
  }
}

/** undefined for an absent file; throws GreyctlError('config-invalid') for one that cannot be understood. */
export function parseInstalled(content: Buffer | undefined, path: string): InstalledRecord | undefined {
  if (content === undefined) return undefined
  try {
    const value = JSON.parse(content.toString('utf8')) as InstalledRecord
    const { listen, files, instances } = value
    if (typeof listen === 'string' && typeof files === 'object' && Array.isArray(instances)) return value
  } catch {
    // told below
  }
  throw new GreyctlError('config-invalid', 'this is not a record that greyctl install wrote', {
    where: path,
    hints: ['put it back from a backup, or remove it: uninstall then goes by the names of the files alone'],
  })
}
