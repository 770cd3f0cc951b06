import type { Case } from '../cases.js'
import { greylister, HEALTHY_MAIN, listener, MASTER, NOW, process, unit } from '../scene.js'

const failed = unit({ active: 'failed', sub: 'failed', result: 'exit-code', mainPid: 0 })
const other = listener({ process: 'python3', pid: 99 })
const DEALY = '/etc/greyctl/greyctl.toml:7: unknown key dealy; did you mean delay?'
const other192 = { network: '192.0.2.0/24', where: '/etc/greyctl/greyctl.toml:3' }
const sysv = { systemd: false, container: undefined, manager: undefined }
const pidFile = { path: '/run/greyctl.pid', owner: 'greyctl', pid: 711 }
const DAEMON = '/usr/bin/node /usr/lib/greyctl/dist/daemon/main.js --pidfile=/run/greyctl.pid'
const options = (...words: string[]) => [greylister({ options: words, written: words.join(' ') })]

export const SUPERVISION_CASES: Readonly<Record<string, readonly Case[]>> = {
  'port-already-in-use': [
    {
      broken: { units: [failed], listeners: [other] },
      healthy: { units: [failed], listeners: [listener({ process: 'systemd', pid: 1 })] },
      says: 'which python3 (process 99) holds',
    },
    {
      broken: { units: [failed, unit({ name: 'greyctl.socket', active: 'failed' })], listeners: [other] },
      // the next try of a daemon that ends again and again
      healthy: { units: [failed, unit({ name: 'greyctl.socket' })], listeners: [listener({ pid: 1356 })] },
    },
  ],
  'unit-masked-or-disabled': [
    {
      broken: { units: [unit({ file: 'disabled' })] },
      healthy: { units: [unit({ name: 'postgrey.service', file: 'disabled', active: 'inactive' })] },
      says: 'until the next reboot',
    },
    {
      broken: { units: [unit({ file: 'masked', load: 'masked', active: 'inactive' })] },
      healthy: { units: [unit({ file: 'static' })] },
      says: 'is masked and does not run',
    },
  ],
  'unit-restart-loop': [
    { broken: { units: [unit({ active: 'activating', sub: 'auto-restart', restarts: 9 })] }, healthy: {} },
    { broken: { units: [unit({ active: 'failed', result: 'start-limit-hit' })] }, healthy: {} },
    {
      broken: { units: [unit({ restarts: 5 })], processes: [process({ started: NOW - 2 }), MASTER] },
      healthy: { units: [unit({ restarts: 5 })] },
      says: '5 restarts',
    },
  ],
  'daemon-settings-refused': [
    {
      broken: { daemon: { refused: [DEALY, '--delay=x: must be seconds'], keptAway: [] } },
      healthy: { daemon: null },
      says: 'unknown key dealy; did you mean delay?, and 1 more: the daemon that runs keeps what it had',
    },
    {
      broken: { daemon: { refused: [DEALY], keptAway: [] }, processes: [MASTER], units: [failed] },
      // uninstalled, and its file was kept
      healthy: {
        daemon: { refused: [DEALY], keptAway: [] },
        processes: [MASTER],
        units: [],
        greylisters: [greylister({ unitFile: false })],
      },
      says: 'it does not run',
    },
  ],
  'daemon-cut-off': [
    {
      broken: { daemon: { refused: [], keptAway: [{ setting: 'may-ask', ...other192 }] } },
      healthy: {},
      says: 'greyctl.service may not talk to 192.0.2.0/24, which is to be answered (may-ask)',
    },
    {
      broken: { daemon: { refused: [], keptAway: [{ setting: 'resolver', ...other192 }] } },
      // somebody else's way to start it
      healthy: { daemon: { refused: [], keptAway: [{ setting: 'resolver', ...other192 }] }, units: [] },
    },
  ],
  'stale-pidfile': [
    {
      broken: { pidFiles: [{ ...pidFile, command: undefined }] },
      healthy: { pidFiles: [{ ...pidFile, command: DAEMON }] },
      says: 'which does not exist',
    },
    {
      broken: { pidFiles: [{ ...pidFile, command: '/usr/sbin/cron' }] },
      healthy: {},
      says: 'another program',
    },
    { broken: { pidFiles: [{ ...pidFile, pid: Number.NaN, command: undefined }] }, healthy: {} },
  ],
  'init-script-cannot-stop': [
    {
      broken: { processes: [process({}), process({ pid: 50 }), MASTER] },
      healthy: { processes: [process({}), process({ pid: 712, parent: 711 }), MASTER] },
      says: 'greyctl.service did not start',
    },
    {
      broken: { processes: [process({ pid: 50 }), MASTER] },
      healthy: {
        processes: [process({ pid: 50 }), MASTER],
        units: [unit({ active: 'activating', mainPid: 0 })],
      },
      says: 'greyctl.service did not start',
    },
    {
      broken: { platform: sysv, units: [], greylisters: [greylister({ initScript: true })], pidFiles: [] },
      healthy: {
        platform: sysv,
        units: [],
        greylisters: [greylister({ initScript: true })],
        pidFiles: [{ ...pidFile, command: DAEMON }],
      },
    },
  ],
  'two-greylisters-running': [
    {
      broken: {
        main: HEALTHY_MAIN.replace(
          '$greyctl_check',
          'check_policy_service inet:127.0.0.1:2501, $greyctl_check',
        ),
      },
      healthy: {
        main: HEALTHY_MAIN.replace(
          '$greyctl_check',
          'check_policy_service unix:private/policyd-spf, $greyctl_check',
        ),
      },
      says: 'inet:127.0.0.1:2501 and inet:127.0.0.1:10023',
    },
    {
      broken: { more: 'smtpd_milters = inet:localhost:11332\n' },
      healthy: { more: 'smtpd_milters = inet:localhost:8891\n' },
      says: 'which can greylist too',
    },
  ],
  'no-systemd-pid1': [
    {
      broken: { platform: sysv, processes: [MASTER] },
      healthy: { platform: sysv, processes: [MASTER], greylisters: [greylister({ initScript: true })] },
    },
  ],
  'postfix-not-running': [{ broken: { processes: [process({})] }, healthy: { processes: [MASTER] } }],
  'unit-order': [
    {
      broken: {
        processes: [],
        units: [
          unit({ name: 'postfix.service', sub: 'exited' }),
          unit({ name: 'postfix@-.service', active: 'failed', file: 'static' }),
        ],
      },
      healthy: {},
    },
  ],
  'options-not-applied': [
    {
      broken: { greylisters: options('--inet=127.0.0.1:10023', '--delay=120') },
      healthy: { greylisters: options('--delay=60') },
      says: 'runs without --delay=120',
    },
  ],
  'greylist-text-with-spaces': [
    {
      broken: { greylisters: options('--inet=10023', '--greylist-text=come', 'back') },
      healthy: { greylisters: options('--inet=10023') },
    },
  ],
  'node-runtime-missing': [
    { broken: { units: [unit({ programThere: false })] }, healthy: {}, says: 'no such file' },
    {
      broken: { units: [unit({ program: '/root/.nvm/versions/node/v20/bin/node' })] },
      healthy: {},
      says: 'home directory',
    },
  ],
  'unit-file-changed': [{ broken: { units: [unit({ needsReload: true })] }, healthy: {} }],
}
