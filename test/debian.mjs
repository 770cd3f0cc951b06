/**
 * Debian's packages for tests and benchmarks: what they need is installed by themselves. A new machine has no list of
 * packages yet, and an old one a list that is out of date: then it is fetched, and asked again.
 */
import { spawnSync } from 'node:child_process'

/** Five minutes for each step. */
const TIMEOUT = 300_000
const LOCK = '/tmp/greyctl-test-apt.lock'

export function aptGet(argv, cwd = '/') {
  if (process.getuid?.() !== 0) return false
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  // test files run beside each other, and dpkg serves one at a time
  const run = (...words) =>
    spawnSync('flock', [LOCK, 'apt-get', '-o', 'DPkg::Lock::Timeout=120', ...words], {
      cwd,
      env,
      stdio: 'ignore',
      timeout: TIMEOUT,
    }).status
  return run(...argv) === 0 || (run('update', '-q') === 0 && run(...argv) === 0)
}

export function installPackages(...names) {
  const options = ['-qy', '--no-install-recommends', '-o', 'Dpkg::Options::=--force-confold']
  return aptGet(['install', ...options, ...names])
}
