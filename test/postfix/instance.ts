import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, chown, mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRealHost } from '../../src/host/real.js'
import { installPackages } from '../debian.mjs'

/** Installs Debian's postfix where it is missing; false, with a line, where that cannot be. */
export function havePostfix(): boolean {
  if (existsSync('/usr/sbin/postconf')) return process.getuid?.() === 0 || skip('needs root')
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get'))
    return skip('postfix is missing and cannot be installed')
  return installPackages('postfix') || skip('postfix is missing, and apt-get could not install it')
}

function skip(why: string): false {
  console.log(`skipped: ${why}`)
  return false
}

export interface Instance {
  readonly directory: string
  /** main.cf with the directories of this instance in front. */
  mainCf(text: string): string
  remove(): Promise<void>
}

const SERVICES = ['rewrite unix - - n - - trivial-rewrite', 'cleanup unix n - n - 0 cleanup']

/**
 * A configuration directory with a queue of its own, and the services that smtpd asks; no port, and not the machine's
 * Postfix. The services read `base` when they start.
 */
export async function makeInstance(text: string, base: string = BASE): Promise<Instance> {
  const root = await mkdtemp(join(tmpdir(), 'greyctl-postfix-'))
  await chmod(root, 0o755)
  const directory = join(root, 'etc')
  const owner = await createRealHost().user('postfix')
  if (owner === undefined) throw new Error('no user postfix')
  for (const name of ['etc', 'queue', 'queue/pid']) await mkdir(join(root, name), { mode: 0o755 })
  for (const name of ['data', 'queue/private', 'queue/incoming', 'queue/public']) {
    await mkdir(join(root, name), { mode: 0o700 })
    await chown(join(root, name), owner.uid, owner.gid)
  }
  const settings = `queue_directory = ${root}/queue\ndata_directory = ${root}/data\n`
  const mainCf = (more: string) => settings + more
  await writeSettled(join(directory, 'main.cf'), mainCf(base))
  await writeFile(join(directory, 'master.cf'), `${SERVICES.join('\n')}\n`)
  const master = await startMaster(directory, join(root, 'queue/private/rewrite'))
  await writeSettled(join(directory, 'main.cf'), mainCf(text))
  const remove = async () => {
    await stopped(master)
    await rm(root, { recursive: true, force: true })
  }
  return { directory, mainCf, remove }
}

/** A main.cf that Postfix does not wait for: what was written in this second or the one before may be half written to it. */
export async function writeSettled(file: string, text: string): Promise<void> {
  await writeFile(file, text)
  const settled = Date.now() / 1000 - 5
  await utimes(file, settled, settled)
}

async function startMaster(directory: string, socket: string): Promise<ChildProcess> {
  // a process group of its own: master ends its children by the group
  const master = spawn('/usr/lib/postfix/sbin/master', ['-d', '-c', directory], {
    detached: true,
    stdio: 'ignore',
  })
  for (let tries = 0; tries < 100 && !existsSync(socket); tries += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  if (!existsSync(socket)) throw new Error('the master process of the test did not start')
  return master
}

async function stopped(master: ChildProcess): Promise<void> {
  if (master.exitCode !== null || master.signalCode !== null) return
  const ended = new Promise((resolve) => master.once('exit', resolve))
  master.kill('SIGTERM')
  await ended
}

/** Parameters of a small server with one own domain, in the style of Debian's main.cf. */
export const BASE = [
  'compatibility_level = 3.6',
  'myhostname = mx.example.test',
  'mydestination = example.test, localhost',
  'mynetworks = 127.0.0.0/8 198.51.100.0/24',
  'local_recipient_maps =',
  'smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination',
  'inet_protocols = all',
  '',
].join('\n')
