import { spawn } from 'node:child_process'

/**
 * sd_notify(3), through the program that comes with systemd: Node has no datagram sockets of the unix kind. Does nothing
 * where no service manager asked (NOTIFY_SOCKET). Resolves when it is said, or cannot be.
 */
export function notify(
  assignments: readonly string[],
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  if (!environment.NOTIFY_SOCKET) return Promise.resolve()
  return new Promise((resolve) => {
    const child = spawn('systemd-notify', [...assignments], { stdio: 'ignore', env: environment })
    child.on('error', () => resolve())
    child.on('close', () => resolve())
    child.unref()
  })
}
