import { GreyctlError } from '../errors.js'
import { CHECKED_ACTION, parseClientTable } from '../greylist/client-table.js'
import type { Host } from '../host/host.js'
import { loadTemplate } from './program.js'

/** What selective greylisting does with a client name. */
export interface Classified {
  readonly host: string
  /** Greylisting applies. */
  readonly checked: boolean
  /** `PATH:LINE` of the line that says so; null: no line does, and such a client is not checked. */
  readonly rule: string | null
  readonly expression: string | null
  /** The comment above that line. */
  readonly reason: string | null
  /** Mails of this client in the log. */
  readonly count?: number
}

export interface Classification {
  /** The table that was asked. */
  readonly table: string
  readonly results: readonly Classified[]
  /** `PATH:LINE: what is wrong with it`; such lines are left out. */
  readonly warnings: readonly string[]
}

export interface ClassifyOptions {
  readonly configDir: string
  /** Instead of the server's own table. */
  readonly table?: string | undefined
  readonly hosts: readonly { readonly name: string; readonly count?: number }[]
}

/**
 * Asks the table of this server (check_client_greylist in the configuration directory), or where there is none the one that
 * greyctl brings, read through `own`, a host whose root is `/`. Names are those that Postfix verified, `unknown` for the others.
 * Throws GreyctlError('config-unreadable') for a table that was named and is not there.
 */
export async function classify(host: Host, own: Host, options: ClassifyOptions): Promise<Classification> {
  const { path, text } = await findTable(host, own, options.configDir, options.table)
  const { table, warnings } = parseClientTable(path, text)
  const results = options.hosts.map(({ name, count }): Classified => {
    const rule = table.lookup(name.replace(/\.$/, ''))
    return {
      host: name,
      checked: rule?.action === CHECKED_ACTION,
      rule: rule === undefined ? null : `${path}:${rule.line}`,
      expression: rule?.expression ?? null,
      reason: rule === undefined || rule.reason === '' ? null : rule.reason,
      ...(count === undefined ? {} : { count }),
    }
  })
  return {
    table: path,
    results,
    warnings: warnings.map((warning) => `${warning.path}:${warning.line}: ${warning.message}`),
  }
}

/** The table of this server, or the one that greyctl brings. */
export async function findTable(
  host: Host,
  own: Host,
  configDir: string,
  table?: string,
): Promise<{ path: string; text: string }> {
  const path = table ?? `${configDir}/check_client_greylist`
  const content = await host.read(path)
  if (content !== undefined) return { path, text: content.toString('latin1') }
  if (table === undefined) return loadTemplate(own, 'check_client_greylist')
  throw new GreyctlError('config-unreadable', 'there is no such table', {
    where: path,
    hints: ['without --table the table of this server is asked, or the one that greyctl brings'],
  })
}
