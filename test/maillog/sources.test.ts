import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { MemoryHost } from '../../src/host/memory.js'
import { findSources, type LogSource, type SourceOptions } from '../../src/maillog/sources.js'
import { verifySources } from '../../src/maillog/verify.js'
import { LogWriter } from './log-writer.js'

const OPTIONS: SourceOptions = { files: [], journal: false, since: undefined, configDir: '/etc/postfix' }

function names(host: MemoryHost, options: Partial<SourceOptions> = {}): Promise<readonly string[]> {
  return findSources(host, { ...OPTIONS, ...options }).then((sources) => sources.map(({ name }) => name))
}

async function textOf(source: LogSource | undefined): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of source?.open() ?? []) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe('findSources', () => {
  it('finds the mail log and its predecessors, oldest first, and the system log after it', async () => {
    const host = new MemoryHost()
    for (const name of ['mail.log.3.gz', 'mail.log.2.gz', 'mail.log.1', 'mail.log']) {
      host.seed(`/var/log/${name}`, 'x\n')
      host.time += 86_400
    }
    for (const name of ['mail.log.bak', 'mail.logx', 'mail.err', 'auth.log', 'syslog'])
      host.seed(`/var/log/${name}`, 'x\n')
    host.seed('/var/log/mail.log.4', '')
    expect(await names(host)).toEqual([
      '/var/log/mail.log.3.gz',
      '/var/log/mail.log.2.gz',
      '/var/log/mail.log.1',
      '/var/log/mail.log',
      '/var/log/syslog',
    ])
    expect(await names(host, { since: host.time - 2.5 * 86_400 })).toEqual([
      '/var/log/mail.log.1',
      '/var/log/mail.log',
      '/var/log/syslog',
    ])
  })

  it("takes Red Hat's and dated names, and keeps the order of generations written in the same second", async () => {
    const host = new MemoryHost()
    for (const name of ['maillog', 'maillog-20261101.xz', 'maillog-20261108'])
      host.seed(`/var/log/${name}`, 'x')
    expect(new Set(await names(host))).toEqual(
      new Set(['/var/log/maillog', '/var/log/maillog-20261101.xz', '/var/log/maillog-20261108']),
    )
    const numbered = new MemoryHost()
    for (const name of ['mail.log', 'mail.log.1', 'mail.log.10.gz', 'mail.log.2.gz'])
      numbered.seed(`/var/log/${name}`, 'x')
    expect(await names(numbered)).toEqual(
      ['mail.log.10.gz', 'mail.log.2.gz', 'mail.log.1', 'mail.log'].map((name) => `/var/log/${name}`),
    )
  })

  it("prefers Postfix's own maillog_file", async () => {
    const host = new MemoryHost()
    host.seed('/var/log/mail.log', 'x')
    host.seed('/var/log/postfix.log', 'x')
    host.seed('/etc/postfix/main.cf', 'maillog_file = /nowhere\nmaillog_file = /var/log/postfix.log\n')
    expect(await names(host)).toEqual(['/var/log/postfix.log'])
    host.seed('/etc/postfix/main.cf', 'maillog_file = /dev/stdout\n')
    expect(await names(host)).toEqual(['/var/log/mail.log'])
  })

  it.each([
    ['mail.*  -/var/log/mail/info'],
    ['mail.info\t\t/var/log/mail/info;Format'],
    ['auth,mail.=info;cron.none -/var/log/mail/info'],
    ['mail.* action(type="omfile" file="/var/log/mail/info" sync="off")'],
    [':programname, startswith, "postfix" /var/log/mail/info'],
    [`if $programname == 'postfix' then /var/log/mail/info`],
    [`if $syslogfacility-text == 'mail' then action(type="omfile" file="/var/log/mail/info")`],
  ])('reads the file that rsyslog is told to write mail to: %s', async (rule) => {
    const host = new MemoryHost()
    for (const name of ['mail/info', 'mail/info.1', 'mail.log', 'mail.err'])
      host.seed(`/var/log/${name}`, 'x')
    host.seed('/etc/rsyslog.conf', `# ${rule}\n$IncludeConfig /etc/rsyslog.d/*.conf\n`)
    expect(await names(host)).toEqual(['/var/log/mail.log'])
    host.seed('/etc/rsyslog.d/50-mail.conf', `mail.err /var/log/mail.err\n${rule}\n`)
    expect(await names(host)).toEqual(['/var/log/mail/info.1', '/var/log/mail/info'])
  })

  it.each([
    ['*.*;mail.none -/var/log/other'],
    ['mail.warning /var/log/other'],
    ['mail.* @collector.example'],
    ['mail.* ?PerHost'],
    ['mail.* |/dev/xconsole'],
    ['daemon.* /var/log/other'],
    ['mail.* -/var/log/absent'],
    ['mail.* -/var/log/syslog'],
  ])('takes no other file of rsyslog for it: %s', async (rule) => {
    const host = new MemoryHost()
    for (const name of ['other', 'mail.log', 'syslog']) host.seed(`/var/log/${name}`, 'x')
    host.seed('/etc/rsyslog.conf', `${rule}\n`)
    expect(await names(host)).toEqual(['/var/log/mail.log', '/var/log/syslog'])
  })

  it('asks the journal where there is no file, for mail and the greylisters alone', async () => {
    const host = new MemoryHost()
    let asked: readonly string[] = []
    host.programs.set('journalctl', (argv) => {
      asked = argv
      return { stdout: new LogWriter().rejected().wait(400).accepted('4K68s31RlGzgf9A').journal() }
    })
    expect(await verifySources(host)).toMatchObject({ verdict: 'working', window: { sources: ['journal'] } })
    expect(asked.slice(0, 4)).toEqual(['journalctl', '-o', 'json', '--no-pager'])
    expect(asked).toContain('SYSLOG_FACILITY=2')
    for (const name of ['greyctl', 'postgrey', 'sqlgrey', 'policyd', 'cbpolicyd', 'iredapd', 'rspamd'])
      expect(asked).toContain(`SYSLOG_IDENTIFIER=${name}`)
    await verifySources(host, { journal: true, since: 1_795_000_000.7 })
    expect(asked).toContain('--since=@1795000000')
  })

  it('says what to do where there is nothing at all', async () => {
    await expect(verifySources(new MemoryHost())).rejects.toMatchObject({
      code: 'log-unreadable',
      hints: [expect.stringContaining('--log'), expect.any(String)],
    })
  })

  it('unpacks by content, whatever the name says', async () => {
    const host = new MemoryHost()
    host.seed('/var/log/mail.log', gzipSync('one\ntwo\n'))
    host.seed('/var/log/mail.log.1', 'plain\n')
    host.seed('/var/log/mail.log.2', Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1, 2]))
    host.seed('/var/log/mail.log.3', 'x')
    host.seed('/var/log/mail.log.4', Buffer.from('BZh91AY&SY'))
    for (const program of ['xz', 'bzip2'])
      host.programs.set(program, (argv) => ({ stdout: `unpacked ${argv.slice(1).join(' ')}` }))
    const sources = await findSources(host, OPTIONS)
    expect(await Promise.all(sources.map(textOf))).toEqual([
      'unpacked -dc -- /var/log/mail.log.4',
      'x',
      'unpacked -dc -- /var/log/mail.log.2',
      'plain\n',
      'one\ntwo\n',
    ])
  })

  it('reads what is piped in, packed too', async () => {
    const host = new MemoryHost()
    const text = new LogWriter().rejected().wait(400).accepted('4K68s31RlGzgf9A').toString()
    for (const bytes of [Buffer.from(text), gzipSync(text)]) {
      host.piped = bytes
      expect(await verifySources(host, { files: ['-'] })).toMatchObject({
        verdict: 'working',
        window: { sources: ['-'] },
      })
    }
    host.piped = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1, 2])
    await expect(verifySources(host, { files: ['-'] })).rejects.toMatchObject({
      code: 'log-unreadable',
      hints: ['xz -dc FILE | greyctl verify --log -'],
    })
  })

  it('names the package of a program that is missing', async () => {
    const host = new MemoryHost()
    host.seed('/log.zst', Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0]))
    await expect(verifySources(host, { files: ['/log.zst'] })).rejects.toMatchObject({
      code: 'log-unreadable',
      where: '/log.zst',
      hints: ['apt-get install zstd'],
    })
  })

  it('tells how far it is', async () => {
    const host = new MemoryHost()
    host.seed('/log', new LogWriter().rejected().wait(400).accepted('4K68s31RlGzgf9A').toString())
    const told: unknown[] = []
    Object.defineProperty(host, 'now', { value: () => (host.time += 1) })
    await verifySources(host, { files: ['/log'], progress: (done) => told.push(done) })
    expect(told).toMatchObject([{ source: '/log', lines: 6 }])
  })
})
