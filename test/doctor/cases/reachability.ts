import type { Case } from '../cases.js'
import { answer, listener, noConnection, unit } from '../scene.js'

const REFUSED = [noConnection('inet:127.0.0.1:10023', 'ECONNREFUSED')]
const NOBODY = [listener({ address: '0.0.0.0', port: '25', process: 'master', pid: 700 })]
const container = { systemd: false, container: '/.dockerenv', manager: undefined }

export const REACHABILITY_CASES: Readonly<Record<string, readonly Case[]>> = {
  'policy-daemon-not-running': [
    {
      broken: {
        endpoints: REFUSED,
        listeners: NOBODY,
        units: [unit({ active: 'inactive', sub: 'dead', mainPid: 0 })],
      },
      healthy: { units: [unit({ name: 'postgrey.service', active: 'inactive', sub: 'dead' })] },
      says: /refused; mail goes on without greylisting/,
    },
  ],
  'policy-port-mismatch': [
    {
      broken: {
        endpoints: REFUSED,
        listeners: [...NOBODY, listener({ port: '10030', process: 'postgrey' })],
      },
      healthy: { listeners: [...NOBODY, listener({}), listener({ port: '60000', process: 'postgrey' })] },
      says: 'postgrey listens on port 10030',
    },
  ],
  'ipv6-localhost-bind': [
    {
      broken: { endpoints: REFUSED, listeners: [...NOBODY, listener({ address: '::1' })] },
      healthy: { listeners: [listener({ address: '::1' }), listener({})] },
      says: 'only ::1 is listened on',
    },
  ],
  'policy-host-unresolvable': [
    {
      broken: {
        more: 'smtpd_client_restrictions = check_policy_service inet:grey.invalid:10023\n',
        endpoints: [answer('inet:127.0.0.1:10023'), noConnection('inet:grey.invalid:10023', 'ENOTFOUND')],
      },
      healthy: { endpoints: REFUSED },
      says: 'cannot be looked up',
    },
  ],
  'firewall-or-netns': [
    {
      broken: { endpoints: [noConnection('inet:127.0.0.1:10023', 'EHOSTUNREACH')] },
      healthy: { endpoints: REFUSED },
      says: 'EHOSTUNREACH',
    },
  ],
  'container-different-netns': [
    {
      broken: { endpoints: REFUSED, listeners: NOBODY, processes: [], platform: container },
      healthy: { platform: container },
    },
  ],
}
