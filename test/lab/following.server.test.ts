import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { boot, type Machine, type Running, until } from './lab.js'
import { GREYCTL, json, type Mail, send, sendScript } from './server.js'

const MAIL: Mail = { client: '203.0.113.99', from: 'first@outside.example', to: ['alice@example.test'] }
const DELAY = 3
/** Mails of one series, sent one after the other while the log is rotated. */
const MAILS = 40

const seconds = (n: number) => new Promise((resolve) => setTimeout(resolve, n * 1000))
const from = (name: string): Mail => ({ ...MAIL, from: `${name}@outside.example` })

/** A command that is followed, and the way to end it as Ctrl-C does: no other process has its number. */
interface Followed {
  readonly running: Running
  interrupt(): Promise<{ code: number; stdout: string }>
}

async function follow(machine: Machine, command: string): Promise<Followed> {
  const pidFile = `/run/following-${command.replaceAll(/[^a-z]/g, '')}`
  const running = machine.start(`echo $$ >${pidFile}; exec ${GREYCTL} ${command}`)
  return {
    running,
    async interrupt() {
      await machine.ok(`kill -INT "$(cat ${pidFile})"`)
      return running.done
    },
  }
}

/** Senders of one kind of event, in the order in which a command with --json told them. */
function sendersOf(stdout: string, event: string): readonly string[] {
  return stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line))
    .filter((one) => one.event === event)
    .map(({ sender }) => sender.replace('@outside.example', ''))
}

/** Mails from NAME0, NAME1 and so on, in a shell's background, as fast as Postfix answers; `meanwhile` runs beside it. */
async function sendSeries(machine: Machine, name: string, meanwhile: string): Promise<readonly string[]> {
  await machine.ok(
    `(for n in $(seq 0 ${MAILS - 1}); do ${sendScript(from(`${name}$n`)).replaceAll("'", '"')} >/dev/null || true; done) &
     series=$!
     ${meanwhile}
     wait $series`,
    { timeout: 180 },
  )
  return Array.from({ length: MAILS }, (_, at) => `${name}${at}`)
}

/** What is read while it goes on, with the real journald, rsyslog, logrotate and Postfix: the tests build on each other. */
describe.skipIf(inject('labRefused'))('following the mail of a server at work', () => {
  let machine: Machine

  beforeAll(async () => {
    machine = await boot('server')
    // of the packages that the image has at hand
    await machine.ok('apt-get install -y -qq --no-install-recommends logrotate')
    await machine.ok(`${GREYCTL} install --yes --no-proof --delay ${DELAY}`)
  }, 180_000)
  afterAll(() => machine?.end())

  it('verify follows the journal: the deferral, the acceptance, and the verdict that they change', async () => {
    const { running, interrupt } = await follow(machine, 'verify --follow --journal --json')
    await until(running, /"event":"verdict"/)
    expect(await send(machine, from('journal'))).toMatchObject({ code: 450 })
    await until(running, /"event":"deferred".*"sender":"journal@outside\.example"/)
    await seconds(DELAY + 1)
    expect(await send(machine, from('journal'))).toMatchObject({ code: 250 })
    await until(running, /"event":"verdict","verdict":"working"/)
    const { code, stdout } = await interrupt()
    expect([code, sendersOf(stdout, 'deferred'), sendersOf(stdout, 'accepted')]).toEqual([
      0,
      ['journal'],
      ['journal'],
    ])
  })

  it('report follows the journal over its own rotation, and misses none and counts none twice', async () => {
    const { running, interrupt } = await follow(machine, 'report --follow --journal --json --top 0')
    await until(running, /"event":"summary"/)
    const sent = await sendSeries(
      machine,
      'j',
      'sleep 0.5; journalctl --rotate; sleep 0.5; journalctl --rotate',
    )
    await until(running, new RegExp(`"sender":"${sent.at(-1)}@`))
    const { code, stdout } = await interrupt()
    expect([code, sendersOf(stdout, 'deferred')]).toEqual([0, sent])
    const { counts, top } = JSON.parse(stdout.trimEnd().split('\n').at(-1) as string)
    expect([counts.greylisted, counts.earlyRetries]).toEqual([1 + MAILS, 0])
    expect(top.senders.rows).toHaveLength(1 + MAILS)
  })

  it.each([
    ['by a rename (create)', 'create 0640 root adm', '/usr/lib/rsyslog/rsyslog-rotate'],
    ['by copying and emptying (copytruncate)', 'copytruncate', 'true'],
    [
      'by a rename, with the new file made later (nocreate, compress)',
      'nocreate\n compress\n delaycompress',
      '/usr/lib/rsyslog/rsyslog-rotate',
    ],
  ])(
    'report follows mail.log that logrotate rotates %s',
    async (_, how, then) => {
      const name = how.replaceAll(/[^a-z]/g, '').slice(0, 6)
      await machine.ok(`cat >/etc/lab-rotate.conf <<'CONF'
/var/log/mail.log {
 rotate 9
 ${how}
 postrotate
  ${then}
 endscript
}
CONF`)
      const { running, interrupt } = await follow(machine, 'report --follow --json --top 0')
      await until(running, /"event":"summary"/)
      const before = JSON.parse(running.output().trim().split('\n').at(-1) as string).counts.greylisted
      const rotate = 'sleep 0.7; logrotate -f /etc/lab-rotate.conf'
      const sent = await sendSeries(machine, name, `${rotate}; ${rotate}`)
      await until(running, new RegExp(`"sender":"${sent.at(-1)}@`))
      const { code, stdout } = await interrupt()
      // what came between logrotate's copying and its emptying is in no file any more; it may have been read before
      const kept = (await machine.ok(`zgrep -hoE 'from=<${name}[0-9]+@' /var/log/mail.log* | sort -u`)).split(
        '\n',
      )
      const inFiles = sent.filter((sender) => kept.includes(`from=<${sender}@`))
      const seen = sendersOf(stdout, 'deferred')
      const left = sent.filter((sender) => inFiles.includes(sender) || seen.includes(sender))
      expect([code, seen]).toEqual([0, left])
      expect(left.length).toBeGreaterThanOrEqual(how === 'copytruncate' ? MAILS - 2 : MAILS)
      const { counts, window } = JSON.parse(stdout.trimEnd().split('\n').at(-1) as string)
      expect([counts.greylisted, counts.earlyRetries]).toEqual([before + left.length, 0])
      expect(window.sources.at(-1)).toBe('/var/log/mail.log')
      // what one sees afterwards is what was seen meanwhile
      const afterwards = (await json(machine, 'report')).document.counts.greylisted
      expect(afterwards).toBe(counts.greylisted - (left.length - inFiles.length))
    },
    240_000,
  )

  it('report follows maillog_file, which Postfix writes and rotates itself', async () => {
    await machine.ok(
      'postconf -e maillog_file=/var/log/postfix.log; systemctl restart postfix; touch /var/log/postfix.log',
    )
    await send(machine, from('begins'))
    const { running, interrupt } = await follow(machine, 'report --follow --json --top 0')
    await until(running, /"event":"summary"/)
    const sent = await sendSeries(machine, 'own', 'sleep 0.7; postfix logrotate')
    await until(running, new RegExp(`"sender":"${sent.at(-1)}@`))
    const { code, stdout } = await interrupt()
    expect([code, sendersOf(stdout, 'deferred')]).toEqual([0, sent])
    expect(await machine.ok('ls /var/log/postfix.log.*.gz')).toMatch(/postfix\.log\.\d+-\d+\.gz/)
    await machine.ok('postconf -X maillog_file; systemctl restart postfix')
  }, 240_000)

  it('reads on from its cursor: of the journal, and of mail.log over a rotation', async () => {
    const read = async (where: string) => (await json(machine, `verify ${where}`)).document
    const journal = '--journal --cursor-file /root/journal.cursor'
    const files = '--cursor-file /root/files.cursor'
    expect((await read(journal)).counts.greylisted).toBeGreaterThan(2)
    expect((await read(files)).counts.greylisted).toBeGreaterThan(2)
    const nothing = await read(journal)
    expect(nothing.counts.greylisted).toBe(0)
    await send(machine, from('before'))
    await machine.ok('mv /var/log/mail.log /var/log/mail.log.1; systemctl kill -s HUP rsyslog.service')
    await send(machine, from('after'))
    await machine.ok(
      'until grep -q after@outside.example /var/log/mail.log; do sleep 0.1; done; journalctl --sync',
    )
    expect((await read(journal)).counts.greylisted).toBe(2)
    expect((await read(files)).counts.greylisted).toBe(2)
    expect((await read(files)).window.lines).toBe(0)
  })

  it('report shows one picture on a terminal, and the whole report where Ctrl-C ends it', async () => {
    const watching = machine.start(
      `script -qec 'stty cols 100 rows 30; exec ${GREYCTL} report --follow' /dev/null; echo "exit $?"`,
    )
    await until(watching, /Ctrl-C ends it/)
    await send(machine, from('terminal'))
    await until(watching, /the latest[\s\S]*<terminal@outside\.example>/)
    watching.write('\u0003')
    watching.closeInput()
    const { stdout } = await watching.done
    expect(stdout).toMatch(/\nexit 0\n$/)
    // the picture is gone, and what remains is the report
    const left = stdout.slice(stdout.lastIndexOf('Ctrl-C ends it'))
    expect(left).toMatch(/first mails were asked to come back[\s\S]*top senders/)
  })
})
