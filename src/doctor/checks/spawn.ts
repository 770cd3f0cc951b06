import type { MasterService } from '../../postfix/master-cf.js'
import { check } from '../check.js'
import { lineOf } from '../facts/text-file.js'
import type { Facts } from '../facts.js'
import { editLines } from './repairs.js'

/** Policy servers that spawn(8) starts, one process a connection. */
function spawned({ masterCf, policyUses }: Pick<Facts, 'masterCf' | 'policyUses'>): readonly MasterService[] {
  const asked = new Set(
    policyUses.map(({ endpoint }) => endpoint.path.replace(/^.*\/(private|public)\//, '')),
  )
  return masterCf.services.filter(
    ({ command, name, type }) => command === 'spawn' && type === 'unix' && asked.has(name),
  )
}

const processLimit = check({
  id: 'spawn-process-limit',
  title: 'fewer policy processes may run than smtpd processes ask them',
  severity: 'error',
  symptom: 'connect to private/policy: Connection refused, under load only',
  cause:
    'the process limit of the policy service in master.cf is not 0, so smtpd processes wait for each other (SMTPD_POLICY_README)',
  look: ['postconf -M | grep spawn'],
  remedy: 'give the service the process limit 0 in master.cf',
  autofix: 'confirm',
  needs: ['masterCf', 'policyUses'],
  judge: ({ masterCf, policyUses }) =>
    spawned({ masterCf, policyUses })
      .filter(({ maxproc }) => maxproc !== '0')
      .map((service) => ({
        detail: `${service.name} has the process limit ${service.maxproc === '-' ? '"-" (default_process_limit)' : service.maxproc}`,
        evidence: [lineOf(masterCf, service.line)],
        affects: [service.name],
        commands: [`postconf -F ${service.name}/unix/process_limit=0`, 'postfix reload'],
        repairs: editLines(masterCf.path, `process limit 0 for ${service.name}`, (line, number) =>
          number === service.line ? line.replace(/^((?:\S+\s+){6})\S+/, '$10') : line,
        ),
      })),
})

const timeLimit = check({
  id: 'spawn-time-limit',
  title: 'the policy process is ended every 1000 seconds, in the middle of its work',
  severity: 'warning',
  symptom: 'problem talking to server private/policy: Broken pipe, or Connection reset, in bursts',
  cause:
    'SERVICE_time_limit is not set: command_time_limit (1000 s) counts, as long as smtpd keeps a connection',
  look: ['postconf -n | grep time_limit'],
  remedy: 'set SERVICE_time_limit = 3600 in main.cf (SMTPD_POLICY_README)',
  autofix: 'confirm',
  needs: ['masterCf', 'policyUses', 'mainCf'],
  judge: ({ masterCf, policyUses, mainCf }) =>
    spawned({ masterCf, policyUses })
      .filter(({ name }) => mainCf.cf.get(`${name}_time_limit`) === undefined)
      .map((service) => ({
        detail: `main.cf does not set ${service.name}_time_limit`,
        evidence: [lineOf(masterCf, service.line)],
        affects: [service.name],
        commands: [`postconf -e ${service.name}_time_limit=3600`, 'postfix reload'],
        repairs: [
          {
            kind: 'edit' as const,
            path: mainCf.path,
            title: `set ${service.name}_time_limit`,
            edit: (text: string) =>
              `${text}${text === '' || text.endsWith('\n') ? '' : '\n'}${service.name}_time_limit = 3600\n`,
          },
        ],
      })),
})

const user = check({
  id: 'spawn-user-wrong',
  title: 'the policy process is to run as a user that there is not',
  severity: 'error',
  symptom: 'warning: unknown user, and the policy service dies',
  cause: 'user= of the service in master.cf names no account of this machine',
  look: ['postconf -M | grep spawn', 'getent passwd NAME'],
  remedy: 'create the account, or name another in master.cf',
  autofix: 'manual',
  needs: ['masterCf', 'policyUses', 'accounts'],
  judge: ({ masterCf, policyUses, accounts }) =>
    spawned({ masterCf, policyUses }).flatMap((service) => {
      const word = service.args.find(({ text }) => text.startsWith('user='))
      const name = word?.text.slice(5).split(':')[0] ?? ''
      if (word !== undefined && accounts.has(name)) return []
      return [
        {
          detail:
            word === undefined
              ? `${service.name} has no user=`
              : `${service.name} runs as "${name}", which is no account here`,
          evidence: [lineOf(masterCf, word?.line ?? service.line)],
          affects: [service.name],
        },
      ]
    }),
})

export const SPAWN = [processLimit, timeLimit, user]
