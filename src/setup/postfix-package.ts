import { GreyctlError } from '../errors.js'
import type { Host } from '../host/host.js'
import { isPostfixRunning } from './instance.js'
import { findPackageManager, type PackageManager } from './package-manager.js'
import { findInitSystem, SERVICE_MANAGERS } from './service-manager.js'

const PACKAGE = 'postfix'
/** Seconds. */
const INSTALL_TIMEOUT = 900
const BIN_DIRECTORIES = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']

/** Is there a Postfix that could be configured? */
export async function hasPostfix(host: Host): Promise<boolean> {
  const paths = await Promise.all(BIN_DIRECTORIES.map((path) => host.stat(`${path}/postconf`)))
  return paths.some((stat) => stat !== undefined)
}

/**
 * Installs the package postfix with the system's own package manager (on Debian as an "Internet Site" named like this
 * host), and starts it; where packages start nothing it is enabled at boot too. Throws GreyctlError('unsupported' |
 * 'program-missing') with the package manager's last words. Not part of the change that can be rolled back: packages are
 * the package manager's.
 */
export async function installPostfixPackage(
  host: Host,
  configDir: string,
  say: (what: string) => void,
): Promise<void> {
  const manager = await findPackageManager(host)
  if (manager === undefined) throw noManager()
  if (manager.name === 'apt') await answerQuestions(host, say)
  if (manager.refresh) {
    say('read the package lists')
    // without a network the packages may still be at hand: the install below is what counts
    await host.run(manager.refresh, { timeout: 300 })
  }
  say(`install the package ${PACKAGE} (${manager.program})`)
  await mustRun(host, manager.install(PACKAGE), { manager, fine: manager.fine })
  if (await isPostfixRunning(host, configDir)) return
  say('start Postfix')
  await startPostfix(host, manager, configDir)
}

async function answerQuestions(host: Host, say: (what: string) => void): Promise<void> {
  const mailname = await host.hostname()
  say("answer the package's questions: Internet Site")
  const result = await host.run(['debconf-set-selections'], {
    input: `postfix postfix/main_mailer_type select Internet Site\npostfix postfix/mailname string ${mailname}\n`,
  })
  if (result.exitCode !== 0) throw failed(result.argv, result.failure ?? result.stderr.trim(), [])
}

/** Debian's packages enable and start their services; elsewhere that is the administrator's, and here asked for. */
async function startPostfix(host: Host, manager: PackageManager, configDir: string): Promise<void> {
  const init = await findInitSystem(host)
  const service = SERVICE_MANAGERS[init]
  const script = init === 'systemd' || (await host.stat(`/etc/init.d/${PACKAGE}`)) !== undefined
  if (!script) return mustRun(host, ['postfix', '-c', configDir, 'start'], { manager })
  if (manager.name !== 'apt') await mustRun(host, service.enable(PACKAGE), { manager })
  await mustRun(host, service.start(PACKAGE), { manager })
}

async function mustRun(
  host: Host,
  argv: readonly string[],
  { manager, fine = [] }: { manager: PackageManager; fine?: readonly number[] },
): Promise<void> {
  const result = await host.run(argv, { env: manager.env, timeout: INSTALL_TIMEOUT })
  if (result.exitCode === 0 || fine.includes(result.exitCode ?? -1)) return
  const last = `${result.stderr}\n${result.stdout}`.trim().split('\n').slice(-3).join(' | ')
  throw failed(argv, result.failure ?? last, [manager.hint])
}

function failed(argv: readonly string[], said: string, hints: readonly string[]): GreyctlError {
  return new GreyctlError('program-missing', `${argv.join(' ')} failed: ${said}`, {
    hints: [...hints, 'or install the package postfix by hand, then run greyctl install again'],
  })
}

function noManager(): GreyctlError {
  return new GreyctlError('unsupported', 'no package manager here that greyctl knows', {
    hints: [
      'it knows apt, dnf, zypper, apk and pacman: install Postfix in this system’s own way, then run greyctl install',
    ],
  })
}
