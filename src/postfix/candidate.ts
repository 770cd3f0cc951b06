import { dirname } from 'node:path'
import type { FileMeta, Host } from '../host/host.js'
import { findSmtpd } from './probe.js'

const CANDIDATE_DIRECTORY = '/run/greyctl/candidate'

/**
 * Seconds. Each of Postfix's programs reads a main.cf of this second or the one before again and again until it is older,
 * since it may be half written (dict_load_file_xt() in dict.c). The copy is whole before anybody reads it.
 */
const SETTLED = 5

/**
 * A full copy of a configuration directory with another main.cf, for smtpd to be asked about before it goes live.
 * Symbolic links become what they point to: a relative one would point elsewhere from the copy, and main.cf through
 * its link would be the live one. Owners and modes stay, so that no secret gets readable; main.cf alone is readable
 * for mail_owner's group, since the stand-alone smtpd is not started by root. `mainCf` as text is one character a
 * byte (latin1), as the model has it. A copy that is there already is replaced. Returns the directory.
 */
export async function prepareCandidate(
  host: Host,
  configDir: string,
  mainCf: Buffer | string,
  to: string = CANDIDATE_DIRECTORY,
): Promise<string> {
  const { gid } = await findSmtpd(host, configDir)
  await removeCandidate(host, to)
  await host.makeDirectory(dirname(to), { uid: 0, gid: 0, mode: 0o755 })
  await host.makeDirectory(to, { uid: 0, gid, mode: 0o750 })
  for (const name of (await host.list(configDir)) ?? []) {
    if (name !== 'main.cf') await copyInto(host, `${configDir}/${name}`, `${to}/${name}`)
  }
  const content = typeof mainCf === 'string' ? Buffer.from(mainCf, 'latin1') : mainCf
  const modified = host.now() - SETTLED
  await host.replace(`${to}/main.cf`, content, { meta: { uid: 0, gid, mode: 0o640 }, modified })
  return to
}

export async function removeCandidate(host: Host, directory: string = CANDIDATE_DIRECTORY): Promise<void> {
  await host.removeTree(directory)
}

/** Sockets and dangling links stay behind: smtpd reads neither. */
async function copyInto(host: Host, from: string, to: string): Promise<void> {
  const stat = await host.stat(from)
  if (stat?.kind === 'directory') {
    await host.copyTree(await host.realpath(from), to)
  } else if (stat?.kind === 'file') {
    const content = await host.read(from)
    const meta: FileMeta = { uid: stat.uid, gid: stat.gid, mode: stat.mode }
    if (content !== undefined) await host.replace(to, content, { meta })
  }
}
