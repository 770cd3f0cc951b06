import { parseMasterCf } from '../../postfix/master-cf.js'
import { listWords } from '../../postfix/restriction-list.js'
import type { FactBook, GatherContext } from '../fact-book.js'
import type { Facts } from '../facts.js'
import { readTextFile } from './text-file.js'

/** Another instance of Postfix on this machine (postmulti(1)). */
export interface Instance {
  readonly directory: string
  /** It takes SMTP from the network. */
  readonly listens: boolean
  /** A stranger's mail there leads to some policy server. */
  readonly asks: boolean
}

export async function gatherInstances({
  host,
  need,
  options,
  at,
}: GatherContext<Facts>): Promise<readonly Instance[]> {
  const settings = await need('settings')
  if (settings.get('multi_instance_enable') !== 'yes' && settings.get('multi_instance_directories') === '')
    return []
  const directories = listWords(settings.get('multi_instance_directories')).filter(
    (each) => each !== options.configDir,
  )
  return Promise.all(
    directories.map(async (directory) => {
      const [main, master] = await Promise.all([
        readTextFile(host, `${directory}/main.cf`),
        readTextFile(host, `${directory}/master.cf`),
      ])
      const enabled = /^multi_instance_enable\s*=\s*yes/m.test(main?.text ?? '')
      const services = parseMasterCf(master?.text ?? '').services
      const listens =
        enabled &&
        services.some(({ type, command }) => type === 'inet' && /(smtpd|postscreen)$/.test(command))
      return { directory, listens, asks: listens && (await asksSomebody(at(directory), main?.text ?? '')) }
    }),
  )
}

/** By the fate of mails there; by the words of its main.cf where that cannot be told. */
async function asksSomebody(other: FactBook<Facts>, main: string): Promise<boolean> {
  const fates = await other.get('fates')
  if (!fates.known) return /^[^#\n]*check_policy_service/m.test(main)
  return fates.value.some(
    ({ service, outside, others }) => service.role === 'mx' && outside.length + others.length > 0,
  )
}
