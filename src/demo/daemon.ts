import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { GreyctlError } from '../errors.js'
import type { Dialogue, Host } from '../host/host.js'

/** Seconds for the daemon's start, and for one answer. */
const START = 15
const ANSWER = 5
const POLL = 0.05

/** A policy daemon of its own in a directory of its own; as root or as anybody. */
export interface DemoDaemon {
  readonly directory: string
  /** What it answers to a policy request, without the blank line. Throws GreyctlError('service-failed'). */
  ask(request: string): Promise<string>
  /** Its next line about a decision; '' when there is none in time. */
  decisionLine(): Promise<string>
  /** SIGKILL: no chance to save anything. */
  kill(): Promise<void>
  start(): Promise<void>
  /** Ends it and removes the directory. */
  remove(): Promise<void>
}

/** `root`: the directory with dist/ and templates/. Throws GreyctlError('change-failed') without room in /tmp. */
export async function prepareDaemon(host: Host, root: string): Promise<DemoDaemon> {
  const directory = `/tmp/greyctl-demo-${randomBytes(6).toString('hex')}`
  const gid = process.getgid?.() ?? 0
  const made = await host.makeDirectory(directory, { uid: host.uid, gid, mode: 0o700 })
  if (!made) throw new GreyctlError('change-failed', 'the directory is there already', { where: directory })
  const endpoint = `unix:${join(directory, 'socket')}`
  const pidFile = join(directory, 'pid')
  let running: Dialogue | undefined
  const end = async () => {
    await running?.close()
    running = undefined
  }
  return {
    directory,
    async ask(request) {
      const { outcome, answer } = await host.exchange(endpoint, request, { until: '\n\n', timeout: ANSWER })
      if (outcome === 'answered') return answer.trimEnd()
      throw new GreyctlError('service-failed', `the daemon did not answer (${outcome})`, { where: endpoint })
    },
    async decisionLine() {
      for (;;) {
        const line = await running?.readLine(ANSWER)
        if (line === undefined || line.includes('action=')) return line ?? ''
      }
    },
    async kill() {
      const pid = (await host.read(pidFile))?.toString('utf8').trim() ?? ''
      if (/^\d+$/.test(pid)) await host.run(['sh', '-c', `kill -KILL ${pid}`])
      await end()
    },
    async start() {
      running = await host.dialogue(daemonCommand(root, directory, pidFile), { timeout: 600 })
      for (let waited = 0; waited < START; waited += POLL) {
        if (await host.canConnect(endpoint, 1)) return
        await host.sleep(POLL)
      }
      const { stderr } = await running.close()
      running = undefined
      throw new GreyctlError('service-failed', 'the daemon did not start', {
        where: join(root, 'dist/daemon/main.js'),
        hints: [stderr.trim() || 'see what it says: greyctl daemon --inet=10023 --store=memory:'],
      })
    },
    async remove() {
      await end()
      await host.removeTree(directory)
    },
  }
}

/** All as an installation has it, but for the clock and the DNS: nobody outside is asked about these senders. */
function daemonCommand(root: string, directory: string, pidFile: string): readonly string[] {
  const words = [
    process.execPath,
    join(root, 'dist/daemon/main.js'),
    `--unix=${join(directory, 'socket')}`,
    '--config=/dev/null',
    `--store=lmdb:${join(directory, 'store')}`,
    `--pidfile=${pidFile}`,
    `--whitelist-clients=${join(root, 'templates/whitelist_clients')}`,
    `--whitelist-recipients=${join(root, 'templates/whitelist_recipients')}`,
    '--resolver=127.0.0.1:9',
    '--hostname=mx.example.com',
    '--test-clock',
  ]
  // its log goes to standard error; here it is read line by line
  return ['sh', '-c', 'exec "$@" 2>&1', 'sh', ...words]
}
