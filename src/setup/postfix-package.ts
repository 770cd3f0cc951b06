import { GreyctlError } from '../errors.js'
import type { Host } from '../host/host.js'
import { isPostfixRunning } from './facts.js'

/** Is there a Postfix that could be configured? */
export async function hasPostfix(host: Host): Promise<boolean> {
  const paths = await Promise.all(
    ['/usr/sbin/postconf', '/usr/local/sbin/postconf'].map((path) => host.stat(path)),
  )
  return paths.some((stat) => stat !== undefined)
}

/**
 * Installs Debian's postfix package as an "Internet Site" named like this host, and starts it.
 * Throws GreyctlError('program-missing') with apt's last words. Not part of the change that can be rolled back:
 * packages are the package manager's.
 */
export async function installPostfixPackage(
  host: Host,
  configDir: string,
  say: (what: string) => void,
): Promise<void> {
  const mailname = await host.hostname()
  say("answer the package's questions: Internet Site")
  await mustRun(
    host,
    ['debconf-set-selections'],
    `postfix postfix/main_mailer_type select Internet Site\npostfix postfix/mailname string ${mailname}\n`,
  )
  say('read the package lists')
  // without a network the packages may still be at hand: the install below is what counts
  await host.run(['apt-get', 'update', '-qq'], { timeout: 300 })
  say('install the package postfix')
  await mustRun(host, ['apt-get', 'install', '--yes', '-qq', 'postfix'])
  if (await isPostfixRunning(host, configDir)) return
  say('start Postfix')
  await mustRun(host, ['service', 'postfix', 'start'])
}

async function mustRun(host: Host, argv: readonly string[], input?: string): Promise<void> {
  const result = await host.run(argv, {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
    timeout: 900,
    ...(input === undefined ? {} : { input }),
  })
  if (result.exitCode === 0) return
  const last = `${result.stderr}\n${result.stdout}`.trim().split('\n').slice(-3).join(' | ')
  throw new GreyctlError('program-missing', `${argv.join(' ')} failed: ${result.failure ?? last}`, {
    hints: ['install the package postfix by hand, then run greyctl install again'],
  })
}
