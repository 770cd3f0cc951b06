import { GreyctlError } from '../errors.js'
import type { Host } from '../host/host.js'
import { type Endpoint, formatEndpoint, type InstallChoices } from './choices.js'
import { listensNow } from './current.js'
import type { ServerFacts } from './facts.js'
import { hasPostfix } from './postfix-package.js'

/** Throws GreyctlError('needs-root'). A tree below --root only has to be writable. */
export function assertRoot(host: Host, what: string): void {
  if (host.root !== '/' || host.uid === 0) return
  throw new GreyctlError('needs-root', `${what} needs root`, {
    hints: [`run it again as root, or with sudo`],
  })
}

/** Throws GreyctlError('postfix-missing'). */
export async function assertPostfix(host: Host): Promise<void> {
  if (host.root !== '/' || (await hasPostfix(host))) return
  throw new GreyctlError('postfix-missing', 'Postfix is not installed on this machine', {
    hints: ['add --with-postfix to install it first (Debian’s package, as an Internet Site)'],
  })
}

/** Without one, a container as it were, the daemon would not come back after a restart. Throws GreyctlError('unsupported'). */
export async function assertServiceManager(host: Host, { live, init }: ServerFacts): Promise<void> {
  if (!live || init !== 'sysv' || (await host.stat('/usr/sbin/update-rc.d')) !== undefined) return
  throw new GreyctlError('unsupported', 'no service manager here that greyctl knows', {
    hints: [
      'it knows systemd, OpenRC and init scripts with update-rc.d (Debian)',
      'or let what starts Postfix here start greyctl daemon too: docs/other-systems.md has the two settings for main.cf',
    ],
  })
}

/** Throws GreyctlError('port-taken') when somebody else listens where the daemon is to listen. */
export async function assertEndpointFree(
  host: Host,
  facts: ServerFacts,
  { backend, listen }: Pick<InstallChoices, 'backend' | 'listen'>,
): Promise<void> {
  if (!facts.live) return
  const text = formatEndpoint(listen)
  const running = backend === 'bundled' ? facts.service.running : facts.postgrey.service.running
  if (running && listensNow(facts, backend) === text) return
  if (await host.canListen(text)) return
  throw new GreyctlError(
    'port-taken',
    `another program listens on ${text} already${await holder(host, listen)}`,
    {
      hints: [
        'stop that program, if it is a greylister that greyctl is to replace',
        'or choose another place, such as --listen inet:127.0.0.1:10024',
      ],
    },
  )
}

/** Who it is, where iproute2 can tell. */
async function holder(host: Host, listen: Endpoint): Promise<string> {
  if (listen.kind === 'unix') return ''
  const { stdout } = await host.run(['ss', '-Hltnp', `sport = :${listen.port}`])
  const match = /users:\(\("([^"]+)",pid=(\d+)/.exec(stdout)
  return match ? `: ${match[1]}, process ${match[2]}` : ''
}
