import type { Host } from '../host/host.js'
import type { DaemonFact } from './daemon-fact.js'
import { FactBook, type FactOptions, type Gatherers } from './fact-book.js'
import { gatherAccounts } from './facts/accounts.js'
import { gatherMainCf, gatherMasterCf, type MainCfFact, type MasterCfFact } from './facts/config.js'
import { type ConfigFile, gatherConfigFiles } from './facts/config-files.js'
import { gatherDaemon } from './facts/daemon.js'
import { type EndpointAnswer, gatherEndpoints } from './facts/endpoints.js'
import { type Exchangers, gatherExchangers } from './facts/exchangers.js'
import { type Fail2banFact, gatherFail2ban } from './facts/fail2ban.js'
import { type Fate, gatherFates } from './facts/fates.js'
import { type Greylister, gatherGreylisters } from './facts/greylisters.js'
import { gatherInstances, type Instance } from './facts/instances.js'
import { gatherKernel, type KernelFact } from './facts/kernel.js'
import { gatherListeners, type Listener } from './facts/listeners.js'
import { gatherLog } from './facts/log.js'
import { gatherLogPlaces, type LogPlaces } from './facts/log-places.js'
import { gatherMails, type MailsFact } from './facts/mails.js'
import { gatherOutbound, type Outbound } from './facts/outbound.js'
import { gatherMailOwner, gatherSocketPaths, type MailOwner, type SocketPath } from './facts/paths.js'
import { gatherPidFiles, type PidFile } from './facts/pid-files.js'
import { gatherPlatform, type PlatformFact } from './facts/platform.js'
import { gatherPolicyUses, type PolicyUse } from './facts/policy-uses.js'
import { gatherProcesses, type Process } from './facts/processes.js'
import { gatherReread, type Reread } from './facts/reread.js'
import { gatherResolver, type ResolverFile } from './facts/resolver.js'
import { gatherServices, type SmtpdService } from './facts/services.js'
import {
  gatherKnownParameters,
  gatherMapTypes,
  gatherPostconf,
  gatherSettings,
  type PostconfFact,
  type SettingsFact,
} from './facts/settings.js'
import type { LogFact } from './facts/sign-reader.js'
import { gatherSmtpdAnswers, type SmtpdAnswer } from './facts/smtpd-answers.js'
import { gatherStores, type StorePlace } from './facts/stores.js'
import { gatherTableTexts, type TableTexts } from './facts/table-texts.js'
import { gatherTables, type Table } from './facts/tables.js'
import { gatherTimeService, type TimeService } from './facts/time-service.js'
import { gatherUnits, type Unit } from './facts/units.js'
import { gatherWhitelists, type Whitelist } from './facts/whitelists.js'

/** What doctor knows of a machine. Each is gathered once, when a check asks for it. */
export interface Facts {
  readonly mainCf: MainCfFact
  readonly masterCf: MasterCfFact
  readonly postconf: PostconfFact
  readonly mapTypes: ReadonlySet<string>
  readonly settings: SettingsFact
  readonly knownParameters: ReadonlySet<string>
  readonly configFiles: readonly ConfigFile[]
  readonly instances: readonly Instance[]
  readonly tables: readonly Table[]
  readonly log: LogFact
  readonly reread: Reread | null
  readonly services: readonly SmtpdService[]
  readonly policyUses: readonly PolicyUse[]
  readonly fates: readonly Fate[]
  readonly smtpdAnswers: readonly SmtpdAnswer[]
  readonly tableTexts: TableTexts
  readonly endpoints: readonly EndpointAnswer[]
  readonly listeners: readonly Listener[]
  readonly processes: readonly Process[]
  readonly units: readonly Unit[]
  readonly platform: PlatformFact
  readonly accounts: ReadonlyMap<string, number>
  readonly socketPaths: readonly SocketPath[]
  readonly mailOwner: MailOwner
  readonly greylisters: readonly Greylister[]
  readonly daemon: DaemonFact | null
  readonly outbound: Outbound | null
  readonly pidFiles: readonly PidFile[]
  readonly resolver: readonly ResolverFile[]
  readonly whitelists: readonly Whitelist[]
  readonly stores: readonly StorePlace[]
  readonly kernel: KernelFact
  readonly fail2ban: Fail2banFact
  readonly mails: MailsFact
  readonly logPlaces: LogPlaces
  readonly exchangers: readonly Exchangers[]
  readonly timeService: TimeService
  /** The socket of the system log below the queue directory. */
  readonly devLog: { readonly path: string; readonly there: boolean }
  /** Seconds since the epoch. */
  readonly clock: { readonly now: number }
}

export type FactName = keyof Facts

export const GATHERERS: Gatherers<Facts> = {
  mainCf: { limit: 10, gather: gatherMainCf },
  masterCf: { limit: 10, gather: gatherMasterCf },
  postconf: { limit: 6, gather: gatherPostconf },
  mapTypes: { limit: 6, gather: gatherMapTypes },
  settings: { limit: 10, gather: gatherSettings },
  knownParameters: { limit: 6, gather: gatherKnownParameters },
  configFiles: { limit: 4, gather: gatherConfigFiles },
  instances: { limit: 10, gather: gatherInstances },
  tables: { limit: 10, gather: gatherTables },
  log: { limit: 8, gather: gatherLog },
  reread: { limit: 10, gather: gatherReread },
  services: { limit: 10, gather: gatherServices },
  policyUses: { limit: 10, gather: gatherPolicyUses },
  fates: { limit: 10, gather: gatherFates },
  smtpdAnswers: { limit: 10, gather: gatherSmtpdAnswers },
  tableTexts: { limit: 10, gather: gatherTableTexts },
  endpoints: { limit: 10, gather: gatherEndpoints },
  listeners: { limit: 4, gather: gatherListeners },
  processes: { limit: 4, gather: gatherProcesses },
  units: { limit: 5, gather: gatherUnits },
  platform: { limit: 4, gather: gatherPlatform },
  accounts: { limit: 4, gather: gatherAccounts },
  socketPaths: { limit: 4, gather: gatherSocketPaths },
  mailOwner: { limit: 4, gather: gatherMailOwner },
  greylisters: { limit: 4, gather: gatherGreylisters },
  daemon: { limit: 5, gather: gatherDaemon },
  outbound: { limit: 4, gather: gatherOutbound },
  pidFiles: { limit: 4, gather: gatherPidFiles },
  resolver: { limit: 4, gather: gatherResolver },
  whitelists: { limit: 4, gather: gatherWhitelists },
  stores: { limit: 4, gather: gatherStores },
  kernel: { limit: 5, gather: gatherKernel },
  fail2ban: { limit: 4, gather: gatherFail2ban },
  mails: { limit: 8, gather: gatherMails },
  logPlaces: { limit: 4, gather: gatherLogPlaces },
  exchangers: { limit: 4, gather: gatherExchangers },
  timeService: { limit: 3, gather: gatherTimeService },
  devLog: {
    limit: 4,
    gather: async ({ host, need }) => {
      const path = `${(await need('settings')).get('queue_directory')}/dev/log`
      return { path, there: (await host.stat(path)) !== undefined }
    },
  },
  clock: { limit: 4, gather: ({ host }) => ({ now: host.now() }) },
}

export function openFacts(host: Host, options: FactOptions, given: Partial<Facts> = {}): FactBook<Facts> {
  return new FactBook<Facts>(GATHERERS, host, options, given)
}
