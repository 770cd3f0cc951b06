import { check } from '../check.js'
import { unitOf } from './unit-text.js'

const stalePid = check({
  id: 'stale-pidfile',
  title: 'a pid file names a process that is not the daemon',
  severity: 'error',
  symptom:
    'the init script says that the daemon runs already, or stops another process, or does not start: FAILED',
  cause:
    'the daemon was killed, or the machine went down, and the file stayed; its number now belongs to nobody or to another program',
  look: ['cat /run/greyctl.pid /run/postgrey.pid', 'ps -fp PID'],
  remedy: 'remove the file, then start the daemon',
  autofix: 'safe',
  needs: ['pidFiles'],
  judge: ({ pidFiles }) =>
    pidFiles
      .filter(({ owner, command }) => command === undefined || !isOf(owner, command))
      .map(({ path, owner, pid, command }) => ({
        detail: Number.isNaN(pid)
          ? `${path} holds no process number`
          : `${path} names process ${pid}, ${command === undefined ? 'which does not exist' : `which is another program`}`,
        evidence: [{ ref: path, text: command === undefined ? String(pid) : `${pid}: ${command}` }],
        affects: [owner],
        commands: [`rm ${path}`, `service ${owner} restart`],
        repairs: [{ kind: 'remove' as const, path, title: `remove the stale ${path}` }],
      })),
})

function isOf(owner: string, command: string): boolean {
  return owner === 'greyctl' ? /\/dist\/daemon\/main\.js/.test(command) : command.includes(owner)
}

const cannotStop = check({
  id: 'init-script-cannot-stop',
  title: 'a greylister runs that its service does not know, and cannot stop',
  severity: 'warning',
  symptom: 'after a restart the old options still count; ERROR: locked: /var/lib/postgrey/postgrey.lock',
  cause:
    'the init script looks for the process by a pid file or a program name that does not match, or somebody started the daemon by hand',
  look: ['ps -ef | grep -E "greyctl|postgrey"', 'systemctl status greyctl postgrey'],
  remedy: 'end the process by its number, then start the service',
  autofix: 'manual',
  needs: ['processes', 'units', 'pidFiles', 'greylisters', 'platform'],
  judge: ({ processes, units, pidFiles, greylisters, platform }) =>
    greylisters.flatMap(({ name, initScript, unitFile }) => {
      const known = new Set([
        ...units.filter((unit) => unitOf(unit.name) === name).map(({ mainPid }) => mainPid),
        ...(platform.systemd && unitFile
          ? []
          : pidFiles.filter(({ owner }) => owner === name).map(({ pid }) => pid)),
      ])
      const supervised = platform.systemd ? unitFile : initScript
      // between two starts the process of a moment ago is nobody's
      const changing = units.some((unit) => unitOf(unit.name) === name && unit.active === 'activating')
      if (!supervised || changing) return []
      const own = processes.filter((process) => process.name === name)
      return own
        .filter(
          ({ pid, parent }) =>
            !known.has(pid) && !known.has(parent) && !own.some((other) => other.pid === parent),
        )
        .map(({ pid, command }) => ({
          detail: `process ${pid} is a ${name} that ${platform.systemd ? `${name}.service did not start` : `no pid file names`}`,
          evidence: [{ ref: `process ${pid}`, text: command.join(' ') }],
          affects: [name],
          commands: [`kill ${pid}`, `service ${name} restart`],
        }))
    }),
})

const postfixDown = check({
  id: 'postfix-not-running',
  title: 'Postfix is not running',
  severity: 'critical',
  symptom: 'connections to port 25 are refused; no line of postfix in the log',
  cause: 'it was stopped, or did not start: its configuration has an error that is in the log',
  look: ['postfix status', 'systemctl status postfix@-', 'journalctl -u postfix@- -n 30'],
  remedy: 'start it; if it does not stay up, the log says why',
  commands: ['postfix check', 'postfix start'],
  autofix: 'manual',

  needs: ['processes', 'mainCf'],
  judge: ({ processes, mainCf }) =>
    processes.some(({ name }) => name === 'master')
      ? []
      : [{ detail: 'there is no master process', evidence: [], affects: [mainCf.path] }],
})

const optionsNotApplied = check({
  id: 'options-not-applied',
  title: 'the daemon runs with other options than its file says',
  severity: 'warning',
  symptom: 'a changed delay or whitelist has no effect',
  cause:
    'the file was edited and the daemon not restarted, or something else starts it with options of its own',
  look: ['cat /etc/default/greyctl /etc/default/postgrey', 'ps -ef | grep -E "greyctl|postgrey"'],
  remedy: 'restart the daemon',
  autofix: 'confirm',
  becauseOf: ['init-script-cannot-stop'],
  needs: ['greylisters', 'processes', 'platform'],
  judge: ({ greylisters, processes, platform }) =>
    greylisters.flatMap(({ name, options, where }) => {
      const process = processes.find((each) => each.name === name)
      if (process === undefined) return []
      const running = process.command.join(' ').split(/\s+/)
      const missing = options.filter((option) => !running.includes(option))
      if (missing.length === 0) return []
      return [
        {
          detail: `process ${process.pid} runs without ${missing.join(' ')}`,
          evidence: [where, { ref: `process ${process.pid}`, text: process.command.join(' ') }],
          affects: [name],
          commands: [`service ${name} restart`],
          repairs: [
            {
              kind: 'run' as const,
              title: `restart ${name}`,
              argv: platform.systemd
                ? ['systemctl', 'restart', `${name}.service`]
                : [`/etc/init.d/${name}`, 'restart'],
            },
          ],
        },
      ]
    }),
})

const textWithSpaces = check({
  id: 'greylist-text-with-spaces',
  title: 'an option with blanks in it comes apart',
  severity: 'warning',
  symptom: 'postgrey does not start, or replies with the first word of the text alone',
  cause: 'words of the options variable are split at blanks, quotes or not',
  look: ['cat /etc/default/postgrey'],
  remedy: 'put the text into POSTGREY_TEXT, which /etc/default/postgrey has for it',
  autofix: 'manual',
  needs: ['greylisters'],
  judge: ({ greylisters }) =>
    greylisters
      .filter(
        ({ options }) =>
          options.some((word, at) => at > 0 && !word.startsWith('-')) ||
          options.some((word) => /["']/.test(word)),
      )
      .map(({ name, where }) => ({
        detail: `the options of ${name} hold a word that is no option: what follows a blank is on its own`,
        evidence: [where],
        affects: [name],
      })),
})

const twoGreylisters = check({
  id: 'two-greylisters-running',
  title: 'two greylisters are asked about the same mail',
  severity: 'error',
  symptom: 'mail is delayed twice; senders that came back after the delay are deferred again by the other',
  cause:
    'two policy servers that greylist, or a policy server and a milter such as rspamd, stand in the way of the same mail',
  look: ['postconf -n | grep -E "check_policy_service|milters"'],
  remedy: 'take one of them out; greyctl uninstall takes its own',
  autofix: 'manual',
  needs: ['policyUses', 'services'],
  judge: ({ policyUses, services }) =>
    services
      .filter(({ role }) => role === 'mx')
      .flatMap((service) => {
        const uses = policyUses.filter((use) => use.greylister && use.service === service)
        const places = new Map(uses.map((use) => [use.endpoint.text, use]))
        const milters = service.get('smtpd_milters')
        const rspamd = places.size > 0 && /rspamd|:11332\b|milter-greylist|greylist/.test(milters)
        if (places.size < 2 && !rspamd) return []
        const where = service.where('smtpd_milters')
        return [
          {
            severity: places.size < 2 ? ('warning' as const) : ('error' as const),
            detail:
              places.size < 2
                ? `${service.label} asks ${[...places.keys()].join()} and the milter ${milters}, which can greylist too: switch its greylisting off`
                : `${service.label} asks ${[...places.keys()].join(' and ')}`,
            evidence: [
              ...[...places.values()].map(({ entry }) => entry.where),
              ...(rspamd && where ? [where] : []),
            ],
            affects: [service.label],
          },
        ]
      }),
})

export const DAEMONS = [stalePid, cannotStop, postfixDown, optionsNotApplied, textWithSpaces, twoGreylisters]
