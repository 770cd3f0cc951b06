import type { Case } from '../cases.js'
import { HEALTHY_MAIN, noConnection, stat } from '../scene.js'

const PATH = '/var/spool/postfix/greyctl/socket'
const ask = (endpoint: string) => HEALTHY_MAIN.replace('inet:127.0.0.1:10023', endpoint)
const SOCKET = stat({ kind: 'other', mode: 0o666 })

const path = (mode: number, socket = SOCKET) => [
  {
    path: PATH,
    parents: [
      { path: '/', stat: stat({}) },
      { path: '/var/spool/postfix/greyctl', stat: stat({ mode, uid: 997, gid: 997 }) },
    ],
    stat: socket,
  },
]

const main = ask('unix:greyctl/socket')

export const SOCKET_CASES: Readonly<Record<string, readonly Case[]>> = {
  'unix-socket-missing': [
    {
      broken: { main, socketPaths: path(0o755).map((each) => ({ ...each, stat: undefined })) },
      healthy: { main, socketPaths: path(0o755) },
      says: 'no such file; mail goes on',
    },
    {
      broken: {
        main: ask('unix:/run/grey.sock'),
        socketPaths: [{ path: '/var/spool/postfix/run/grey.sock', parents: [], stat: undefined }],
        listeners: [
          {
            address: '',
            port: '',
            path: '/run/grey.sock',
            waiting: 0,
            backlog: 1,
            process: 'postgrey',
            pid: 5,
          },
        ],
      },
      healthy: {},
      says: 'which a chrooted smtpd does not see',
    },
  ],
  'unix-socket-permission': [
    {
      broken: { main, socketPaths: path(0o750) },
      healthy: { main, socketPaths: path(0o751) },
      says: 'may not enter',
    },
    {
      broken: { main, socketPaths: path(0o755, stat({ kind: 'other', mode: 0o660 })) },
      healthy: { main, socketPaths: path(0o755, stat({ kind: 'other', mode: 0o660, gid: 102 })) },
      says: 'may not write to',
    },
  ],
  'stale-unix-socket': [
    {
      broken: {
        main,
        socketPaths: path(0o755),
        endpoints: [noConnection('unix:greyctl/socket', 'ECONNREFUSED')],
      },
      healthy: { main, socketPaths: path(0o755), endpoints: [noConnection('unix:greyctl/socket', 'EACCES')] },
    },
  ],
}

const spawnMaster = (maxproc: string, user: string) => `smtp inet n - y - - smtpd
policy unix - n n - ${maxproc} spawn
  user=${user} argv=/usr/local/bin/policy
`
const spawnMain = (more = '') => `${ask('unix:private/policy')}${more}`
const LIMIT = 'policy_time_limit = 3600\n'

export const SPAWN_CASES: Readonly<Record<string, readonly Case[]>> = {
  'spawn-process-limit': [
    {
      broken: { main: spawnMain(LIMIT), master: spawnMaster('-', 'nobody') },
      healthy: { main: spawnMain(LIMIT), master: spawnMaster('0', 'nobody') },
    },
  ],
  'spawn-time-limit': [
    {
      broken: { main: spawnMain(), master: spawnMaster('0', 'nobody') },
      healthy: { main: spawnMain(LIMIT), master: spawnMaster('0', 'nobody') },
    },
  ],
  'spawn-user-wrong': [
    {
      broken: { main: spawnMain(LIMIT), master: spawnMaster('0', 'policyd') },
      healthy: { main: spawnMain(LIMIT), master: spawnMaster('0', 'nobody') },
      says: 'runs as "policyd"',
    },
  ],
}
