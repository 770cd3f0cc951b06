import { check } from '../check.js'
import { unitOf } from './unit-text.js'

const refused = check({
  id: 'daemon-settings-refused',
  title: 'the daemon would not start with the settings that it has now',
  severity: 'error',
  symptom:
    'greyctl.toml:7: unknown key dealy; did you mean delay? A reload changes nothing, and after the next restart nobody greylists',
  cause: 'an edit of /etc/greyctl/greyctl.toml or /etc/default/greyctl that the daemon does not take',
  look: ['greyctl daemon --check', 'journalctl -u greyctl -n 20'],
  remedy: 'mend the line that is named, see that greyctl daemon --check is content, then reload the service',
  commands: ['greyctl daemon --check', 'systemctl reload greyctl'],
  autofix: 'manual',
  becauseOf: ['greylist-text-with-spaces'],
  needs: ['daemon', 'processes', 'greylisters'],
  judge: ({ daemon, processes, greylisters }) => {
    const [first, ...more] = daemon?.refused ?? []
    if (first === undefined) return []
    const runs = processes.some(({ name }) => name === 'greyctl')
    // its files may outlive it, where another greylister took its place
    const own = greylisters.find(({ name }) => name === 'greyctl')
    if (!runs && !own?.unitFile && !own?.initScript) return []
    const evidence = [first, ...more].map((complaint) => {
      const [, ref = '/etc/default/greyctl', text = complaint] = /^(\/\S+?): (.*)$/.exec(complaint) ?? []
      return { ref, text }
    })
    return [
      {
        severity: runs ? ('error' as const) : ('critical' as const),
        detail: `${first}${more.length > 0 ? `, and ${more.length} more` : ''}: ${runs ? 'the daemon that runs keeps what it had, until it is restarted' : 'and it does not run'}`,
        evidence,
        affects: ['greyctl'],
      },
    ]
  },
})

const WHO = {
  'may-ask': 'is to be answered',
  resolver: 'is to be asked for names',
  store: 'keeps what all hosts remember',
} as const

const cutOff = check({
  id: 'daemon-cut-off',
  title: 'the service’s sandbox drops what comes from those who are to ask the daemon, or what it asks them',
  severity: 'error',
  symptom:
    'connections to the daemon from another host time out, though it listens and may-ask names them; names of senders are never found; the shared store is never reached',
  cause: 'the unit lets the daemon talk to this machine alone: IPAddressDeny=any, IPAddressAllow=localhost',
  look: ['greyctl daemon --check', 'systemctl show greyctl -p IPAddressDeny -p IPAddressAllow'],
  remedy:
    'name the networks in a drop-in of the unit (systemctl edit greyctl), beside greyctl.toml, and restart the service',
  autofix: 'manual',
  needs: ['daemon', 'units'],
  judge: ({ daemon, units }) => {
    const away = daemon?.keptAway ?? []
    const service = units.find(({ name }) => name === 'greyctl.service')
    if (away.length === 0 || service === undefined) return []
    const networks = [...new Set(away.map(({ network }) => network))]
    const drop = '/etc/systemd/system/greyctl.service.d'
    return [
      {
        severity: away.some(({ setting }) => setting !== 'resolver')
          ? ('error' as const)
          : ('warning' as const),
        detail: `${service.name} may not talk to ${away.map(({ setting, network }) => `${network}, which ${WHO[setting]} (${setting})`).join('; ')}`,
        evidence: away.map(({ setting, network, where }) => ({ ref: where, text: `${setting} ${network}` })),
        affects: [unitOf(service.name)],
        commands: [
          `mkdir -p ${drop}`,
          `printf '[Service]\\nIPAddressAllow=${networks.join(' ')}\\n' >${drop}/reach.conf`,
          'systemctl daemon-reload',
          `systemctl restart ${service.name}`,
        ],
      },
    ]
  },
})

export const DAEMON_SETTINGS = [refused, cutOff]
