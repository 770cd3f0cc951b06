import type { Host } from './host/host.js'
import { escapeText } from './ui/escape.js'

export interface Asker {
  readonly uid: number
  /** Of /etc/passwd; the number where it has none. */
  readonly name: string
}

/** The kernel's word for "nobody logged in" (proc(5), loginuid). */
const NOBODY = 0xffff_ffff

/** Who sits at the terminal: before sudo or su, by sudo's word or the kernel's (pam_loginuid(8)); else whoever runs this. */
export async function whoAsks(host: Host, environment: NodeJS.ProcessEnv = process.env): Promise<Asker> {
  const uid = numberOf(environment.SUDO_UID) ?? (await loginOf(host)) ?? host.uid
  return { uid, name: await userName(host, uid) }
}

async function loginOf(host: Host): Promise<number | undefined> {
  if (host.root !== '/') return undefined
  const uid = numberOf((await host.read('/proc/self/loginuid').catch(() => undefined))?.toString('latin1'))
  return uid === NOBODY ? undefined : uid
}

function numberOf(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,10}$/.test(text.trim()) ? Number(text) : undefined
}

export async function userName(host: Host, uid: number): Promise<string> {
  const passwd = (await host.read('/etc/passwd').catch(() => undefined))?.toString('utf8') ?? ''
  const line = passwd.split('\n').find((entry) => entry.split(':')[2] === String(uid))
  return line?.split(':')[0] ?? String(uid)
}

/** A line in the mail log, beside the daemon's. Returns what kept it from being written. */
export async function audit(host: Host, text: string): Promise<string | undefined> {
  if (host.root !== '/') return 'nothing is logged for a tree below --root'
  const line = escapeText(text)
  const ran = await host.run(['logger', '-t', 'greyctl', '-p', 'mail.info', '--', line], { timeout: 10 })
  if (ran.exitCode === 0) return undefined
  return `logger: ${ran.stderr.trim() || ran.failure || `exit ${ran.exitCode}`}`
}
