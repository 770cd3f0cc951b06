import type { MasterCf, MasterService } from './master-cf.js'

/** A service of master.cf that speaks SMTP with clients. */
export interface SmtpListener {
  readonly service: MasterService
  /** Takes mail from other servers: port 25, or behind postscreen(8). */
  readonly port25: boolean
  readonly behindPostscreen: boolean
  /** Its `-o name=value`, the last of each. */
  readonly overrides: Readonly<Record<string, string>>
}

const PORT_25 = /^(?:.*:)?(?:smtp|25)$/

/** Every smtpd(8) of a master.cf, the one behind postscreen (`smtpd pass … smtpd`) included. */
export function smtpListeners(master: MasterCf): readonly SmtpListener[] {
  const counted = master.services.filter((service) => master.get(service.name, service.type) === service)
  const screened = counted.some(({ command, type }) => command === 'postscreen' && type === 'inet')
  return counted.flatMap((service) => {
    const { name, type, command } = service
    if (command !== 'smtpd' || !['inet', 'pass'].includes(type)) return []
    const behindPostscreen = type === 'pass' && screened
    return [
      {
        service,
        port25: behindPostscreen || (type === 'inet' && PORT_25.test(name)),
        behindPostscreen,
        overrides: Object.fromEntries(service.overrides.map((override) => [override.name, override.value])),
      },
    ]
  })
}
