import type { Machine } from './lab.js'

/** The launcher, as an administrator calls it. */
export const GREYCTL = '/opt/greyctl/bin/greyctl'

export interface Mail {
  /** An address of recipe.sh, or 127.0.0.1. */
  readonly client: string
  /** '<>' is the null sender. */
  readonly from: string
  readonly to: readonly string[]
  readonly subject?: string
}

export interface Answer {
  /** Of the last recipient when one was refused, else of the message. */
  readonly code: number
  readonly text: string
}

/** Sends a real mail with swaks, and returns what the server answered. */
export async function send(machine: Machine, mail: Mail): Promise<Answer> {
  const ran = await machine.run(sendScript(mail))
  return lastAnswer(`${ran.stdout}${ran.stderr}`)
}

export function sendScript({ client, from, to, subject = 'test' }: Mail): string {
  const server = client === '127.0.0.1' ? client : client.includes(':') ? '2001:db8:25::25' : '192.0.2.25'
  const family = client.includes(':') ? '-6' : ''
  return `swaks ${family} --server '${server}' --local-interface '${client}' --helo client.example --timeout 60 \
    --from '${from}' --to '${to.join(',')}' --header 'Subject: ${subject}' 2>&1`
}

/** In swaks' transcript `<**` marks a refusal, `<- ` any other answer; the last but one is that to QUIT. */
function lastAnswer(transcript: string): Answer {
  const refused = [...transcript.matchAll(/^<\*\* +(\d{3}) (.*)$/gm)].at(-1)
  const queued = /^<- +(250) (.*queued as.*)$/m.exec(transcript)
  const [, code, text] = queued ?? refused ?? []
  if (code === undefined || text === undefined) throw new Error(`no answer in:\n${transcript}`)
  return { code: Number(code), text }
}

/** Waits until a mail with this subject is in the mailbox, and returns the mailbox. */
export function mailbox(machine: Machine, user: string, subject: string): Promise<string> {
  return machine.ok(
    `n=0; until grep -qx 'Subject: ${subject}' /var/mail/${user}; do n=$((n + 1)); [ $n -lt 50 ] || exit 1; sleep 0.2; done
     cat /var/mail/${user}`,
  )
}

/**
 * Everything in a tree: path, kind, mode, owner, link target, hash; one line each. Leaves out times, and the backups
 * that useradd and userdel keep of the files they change.
 */
export function snapshot(machine: Machine, tree = '/etc'): Promise<string> {
  return machine.ok(`cd ${tree}
    find . ! -regex './\\(passwd\\|group\\|shadow\\|gshadow\\|subuid\\|subgid\\)-' -printf '%p %y %m %U:%G %l\\n' | sort
    find . -type f ! -regex './\\(passwd\\|group\\|shadow\\|gshadow\\|subuid\\|subgid\\)-' -print0 | sort -z | xargs -0 sha256sum`)
}

/** Whatever is named greyctl outside of the program's own tree and the system's own bookkeeping. */
export function leftovers(machine: Machine): Promise<string> {
  return machine.ok(`find / -xdev -name '*greyctl*' ! -path '/opt/*' ! -path '/proc/*' ! -path '/root/*' ! -path '/tmp/*'
    find /run /dev/shm -name '*greyctl*' ! -path '/run/systemd/units/*' ! -path '/run/host/*'
    getent passwd greyctl; getent group greyctl; true`)
}

/** What a command with --json printed, and its exit code. */
export async function json(
  machine: Machine,
  command: string,
  // biome-ignore lint/suspicious/noExplicitAny: a document whose fields the caller asserts
): Promise<{ code: number; document: any; stderr: string }> {
  const ran = await machine.run(`${GREYCTL} ${command} --json`, { timeout: 300 })
  try {
    return { code: ran.code, document: JSON.parse(ran.stdout), stderr: ran.stderr }
  } catch {
    throw new Error(`${command} --json, exit ${ran.code}, printed:\n${ran.stdout}\n${ran.stderr}`)
  }
}
