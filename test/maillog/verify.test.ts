import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { createRealHost } from '../../src/host/real.js'
import { type VerifyOptions, verifySources } from '../../src/maillog/verify.js'
import { LogWriter } from './log-writer.js'

const directory = mkdtempSync(join(tmpdir(), 'greyctl-verify-'))
afterAll(() => rmSync(directory, { recursive: true }))

const host = createRealHost()
let files = 0

function logFile(content: string | Buffer, name = `log-${files++}`): string {
  const path = join(directory, name)
  writeFileSync(path, content)
  return path
}

function verify(content: string | Buffer | LogWriter, options: VerifyOptions = {}) {
  const path = logFile(content instanceof LogWriter ? content.toString() : content)
  return verifySources(host, { ...options, files: [path] })
}

/** Deferred, early retry, accepted: as greyctl and Postfix tell it. */
function healthy(): LogWriter {
  return new LogWriter()
    .greylister('action=greylist, reason=new')
    .rejected()
    .wait(20)
    .greylister('action=greylist, reason=early-retry (40s missing)')
    .rejected()
    .wait(340)
    .greylister('action=pass, reason=triplet found, delay=360')
    .accepted('4K68s31RlGzgf9W')
}

describe('a log where greylisting works', () => {
  it('is counted once, though the greylister and Postfix both tell it', async () => {
    const report = await verify(healthy())
    expect(report).toMatchObject({
      verdict: 'working',
      counts: { greylisted: 1, passed: 1, neverRetried: 0, earlyRetries: 1, whitelisted: 0, unreachable: 0 },
      delay: { median: 360, p90: 360, p99: 360, max: 360 },
      problems: [],
    })
    expect(report.window).toMatchObject({ from: '2026-11-23T10:00:00Z', to: '2026-11-23T10:06:00Z' })
    expect(report.examples).toEqual([
      {
        client: 'mail.example.org[192.0.2.10]',
        sender: 'alice@example.org',
        recipient: 'bob@mx.test',
        deferredAt: '2026-11-23T10:00:00Z',
        passedAt: '2026-11-23T10:06:00Z',
        delay: 360,
      },
    ])
  })

  it("tells the same from Postfix's lines alone", async () => {
    const log = healthy().only('postfix')
    const report = await verify(log)
    expect(report).toMatchObject({
      verdict: 'working',
      counts: { greylisted: 1, passed: 1, earlyRetries: 1 },
      delay: { median: 360 },
    })
  })

  it("tells the same from the greylister's lines alone", async () => {
    expect(await verify(healthy().only('greylister'))).toMatchObject({
      verdict: 'working',
      counts: { greylisted: 1, passed: 1, earlyRetries: 1 },
      delay: { median: 360 },
    })
  })

  it('is found in traditional stamps, the journal, gzip, xz and zstd', async () => {
    const expected = await verify(healthy())
    const same = { verdict: expected.verdict, counts: expected.counts, delay: expected.delay }
    expect(await verify(healthy().traditional())).toMatchObject(same)
    expect(await verify(healthy().journal())).toMatchObject(same)
    expect(await verify(gzipSync(healthy().toString()))).toMatchObject(same)
    for (const program of ['xz', 'zstd', 'bzip2']) {
      const packed = spawnSync(program, ['-c'], { input: healthy().toString() })
      if (packed.status === 0) expect(await verify(packed.stdout)).toMatchObject(same)
      else console.log(`skipped: there is no program ${program} here`)
    }
  })

  it('is one mail though another address of the same network retried, in other letters', async () => {
    const log = new LogWriter()
      .rejected({ client: 'a.example.org[192.0.2.10]', sender: 'Alice@Example.ORG' })
      .wait(400)
      .accepted('4K68s31RlGzgf9W', { client: 'b.example.org[192.0.2.77]' })
      .rejected({ client: 'c.example.org[2001:db8:1:2::1]' })
      .wait(400)
      .accepted('4K68s31RlGzgf9X', { client: 'd.example.org[2001:db8:1:2:ffff::9]' })
    expect(await verify(log)).toMatchObject({ counts: { greylisted: 2, passed: 2 } })
  })

  it('is known by what an alias was called, and through a filter that hands mail back', async () => {
    const alias = (id: string, to: string) =>
      new LogWriter()
        .smtpd(`${id}: client=mail.example.org[192.0.2.10]`)
        .line('postfix/qmgr', `${id}: from=<alice@example.org>, size=550, nrcpt=1 (queue active)`)
        .line(
          'postfix/local',
          `${id}: to=<${to}>, orig_to=<bob@mx.test>, relay=local, delay=1, dsn=2.0.0, status=sent (x)`,
        )
    for (const to of ['robert@inside.test', 'root@mx.test'])
      expect(
        await verify(new LogWriter().rejected().wait(400).append(alias('4K68s31RlGzgf9A', to))),
      ).toMatchObject({
        counts: { greylisted: 1, passed: 1 },
        delay: { median: 400 },
      })
    const filtered = new LogWriter()
      .smtpd('4K68s31RlGzgf9A: client=mail.example.org[192.0.2.10]')
      .line('postfix/qmgr', '4K68s31RlGzgf9A: from=<alice@example.org>, size=550, nrcpt=1 (queue active)')
      .smtpd(
        '4K68s31RlGzgf9B: client=localhost[127.0.0.1], orig_queue_id=4K68s31RlGzgf9A, orig_client=mail.example.org[192.0.2.10]',
      )
      .line('postfix/qmgr', '4K68s31RlGzgf9B: from=<alice@example.org>, size=950, nrcpt=1 (queue active)')
      .line(
        'postfix/lmtp',
        '4K68s31RlGzgf9A: to=<bob@mx.test>, relay=127.0.0.1[127.0.0.1]:10024, delay=1, dsn=2.0.0, status=sent (250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4K68s31RlGzgf9B)',
      )
      .line(
        'postfix/local',
        '4K68s31RlGzgf9B: to=<bob@mx.test>, relay=local, delay=1, dsn=2.0.0, status=sent (x)',
      )
    const report = await verify(new LogWriter().rejected().wait(400).append(filtered))
    expect(report.counts).toMatchObject({ greylisted: 1, passed: 1, acceptedElsewhere: 0 })
  })

  it('is not confirmed by mail of another network, sender or recipient', async () => {
    const log = new LogWriter()
      .rejected()
      .wait(4000)
      .accepted('4K68s31RlGzgf9A', { client: 'x[198.51.100.1]' })
      .accepted('4K68s31RlGzgf9B', { sender: 'mallory@example.org' })
      .accepted('4K68s31RlGzgf9C', { recipient: 'eve@mx.test' })
    expect(await verify(log)).toMatchObject({
      verdict: 'inconclusive',
      counts: { greylisted: 1, passed: 0, neverRetried: 1 },
    })
  })

  it('finds a pool that came back from another network by the delay that its pass tells', async () => {
    const log = new LogWriter()
      .greylister('action=greylist, reason=new')
      .wait(300)
      .greylister('action=pass, reason=triplet found, delay=300', { client: 'p2.example.org[203.0.113.9]' })
    expect(await verify(log)).toMatchObject({
      counts: { greylisted: 1, passed: 1, neverRetried: 0 },
      delay: { max: 300 },
    })
  })

  it('leaves out the questions of greyctl itself', async () => {
    const probe = { sender: 'greyctl-probe@mx.test' }
    const log = new LogWriter()
      .greylister('action=greylist, reason=new', probe)
      .rejected(probe)
      .wait(60)
      .greylister('action=pass, reason=triplet found, delay=60', probe)
    expect(await verify(log)).toMatchObject({
      verdict: 'inconclusive',
      counts: { greylisted: 0, passed: 0 },
      examples: [],
    })
  })

  it('counts what a whitelist let through', async () => {
    const log = healthy()
      .greylister('action=pass, reason=client whitelist', { sender: 'c@example.net' })
      .greylister('action=pass, reason=client AWL', { sender: 'd@example.net' })
    expect(await verify(log)).toMatchObject({ counts: { whitelisted: 2, greylisted: 1 } })
  })

  it('is looked at from --since on', async () => {
    const report = await verify(healthy(), { since: Date.UTC(2026, 10, 23, 10, 5) / 1000 })
    // the pass says how long the mail had waited, though its deferral is too old to count
    expect(report).toMatchObject({
      counts: { greylisted: 1, passed: 1, earlyRetries: 0 },
      window: { from: '2026-11-23T10:06:00Z' },
    })
  })

  it('says of mail that came in from another network that it did, of a pool', async () => {
    const log = new LogWriter()
      .rejected()
      .wait(400)
      .accepted('4K68s31RlGzgf9A', { client: 'p2.example.org[203.0.113.9]' })
      .rejected({ sender: 'lost@example.org' })
    expect(await verify(log)).toMatchObject({
      counts: { greylisted: 2, passed: 0, neverRetried: 2, acceptedElsewhere: 1 },
    })
  })

  it('is counted once where a greylister is asked from two lists', async () => {
    const log = new LogWriter()
      .greylister('action=greylist, reason=new')
      .greylister('action=greylist, reason=early-retry (60s missing)')
      .wait(100)
      .greylister('action=pass, reason=triplet found, delay=100')
      .greylister('action=pass, reason=triplet found')
      .greylister('action=pass, reason=client whitelist', { sender: 'c@example.net' })
      .greylister('action=pass, reason=client whitelist', { sender: 'c@example.net' })
    expect(await verify(log)).toMatchObject({
      counts: { greylisted: 1, passed: 1, earlyRetries: 0, whitelisted: 1 },
      delay: { median: 100 },
    })
  })

  it('goes on when a clock is set back', async () => {
    const log = new LogWriter().rejected().wait(-1000).accepted('4K68s31RlGzgf9A')
    expect(await verify(log)).toMatchObject({ counts: { passed: 1 }, delay: { max: 0 } })
  })

  it('follows no more waiting triplets than the limit, counts those that it lets go, and says so', async () => {
    const log = new LogWriter()
    for (let count = 0; count < 30; count += 1) log.rejected({ sender: `s${count}@example.org` }).wait(1)
    log.wait(60).accepted('4K68s31RlGzgf9A', { sender: 's29@example.org' })
    const report = await verify(log, { limits: { triplets: 10, queued: 10 } })
    expect(report.counts).toMatchObject({ greylisted: 30, passed: 1, neverRetried: 29, earlyRetries: 0 })
    expect(report.problems).toMatchObject([{ id: 'too-many-triplets' }])
    expect(report.problems[0]?.detail).toMatch(/^20 of them/)
  })

  it('says nothing of triplets that it lets go when they are over', async () => {
    const log = new LogWriter()
    for (let count = 0; count < 30; count += 1) {
      const mail = { sender: `s${count}@example.org` }
      log.rejected(mail).wait(100).accepted(`4K68s31RlGzgf9${count}`, mail)
    }
    const report = await verify(log, { limits: { triplets: 10, queued: 10 } })
    expect(report).toMatchObject({
      counts: { greylisted: 30, passed: 30 },
      problems: [],
      delay: { median: 100 },
    })
    expect(report.examples[0]?.sender).toBe('s29@example.org')
  })
})

describe('the verdict', () => {
  it('is waiting while no retry can have passed', async () => {
    const log = new LogWriter().greylister('action=greylist, reason=new').rejected().wait(30).other()
    expect(await verify(log)).toMatchObject({ verdict: 'waiting', counts: { greylisted: 1, passed: 0 } })
  })

  it('knows from an early retry how long the delay is', async () => {
    const log = () =>
      new LogWriter()
        .greylister('action=greylist, reason=new')
        .wait(100)
        .greylister('action=greylist, reason=early-retry (3500s missing)')
    expect(await verify(log().wait(3000).other())).toMatchObject({ verdict: 'waiting' })
    expect(await verify(log().wait(3600).other())).toMatchObject({ verdict: 'inconclusive' })
  })

  it('is off when strangers are accepted and nobody is asked', async () => {
    const report = await verify(new LogWriter().accepted('4K68s31RlGzgf9A').other())
    expect(report).toMatchObject({ verdict: 'off', problems: [{ id: 'greylisting-off', severity: 'error' }] })
  })

  it('is not off for own and authenticated mail', async () => {
    const log = new LogWriter()
      .accepted('4K68s31RlGzgf9A', { client: 'localhost[127.0.0.1]' })
      .accepted('4K68s31RlGzgf9B', { client: 'localhost[::1]' })
      .accepted('4K68s31RlGzgf9C', { authenticated: true })
    expect(await verify(log)).toMatchObject({
      verdict: 'inconclusive',
      problems: [{ id: 'no-mail-from-strangers', severity: 'info' }],
    })
    const lan = new LogWriter().accepted('4K68s31RlGzgf9D', { client: 'pc[198.51.100.7]' })
    expect(await verify(lan, { ownNetworks: ['198.51.100.0/24'] })).toMatchObject({ verdict: 'inconclusive' })
  })

  it('is broken when the policy server does not answer', async () => {
    const log = new LogWriter()
      .smtpd('warning: connect to 127.0.0.1:10023: Connection refused')
      .smtpd('warning: problem talking to server 127.0.0.1:10023: Connection refused')
      .rejected({
        reply: '451 4.3.5 <bob@mx.test>: Recipient address rejected: Server configuration problem',
      })
    const report = await verify(log)
    expect(report).toMatchObject({ verdict: 'broken', counts: { unreachable: 1, greylisted: 0 } })
    expect(report.problems).toMatchObject([{ id: 'policy-server-unreachable', severity: 'critical' }])
    expect(report.problems[0]?.evidence[0]?.ref).toMatch(/:1$/)
    expect(report.problems[0]?.detail).toContain('127.0.0.1:10023')
  })

  it('is working again when the policy server came back', async () => {
    const log = new LogWriter()
      .smtpd('warning: connect to 127.0.0.1:10023: Connection refused')
      .wait(600)
      .append(healthy())
    const report = await verify(log)
    expect(report.verdict).toBe('working')
    expect(report.problems).toMatchObject([{ id: 'policy-server-unreachable', severity: 'warning' }])
    const gone = healthy().wait(600).smtpd('warning: connect to 127.0.0.1:10023: Connection refused')
    expect((await verify(gone)).verdict).toBe('broken')
  })

  it('is broken when retries after the delay are deferred again and again', async () => {
    const log = new LogWriter()
    for (let hour = 0; hour < 5; hour += 1)
      log.greylister('action=greylist, reason=new').rejected().wait(3600)
    const report = await verify(log)
    expect(report).toMatchObject({
      verdict: 'broken',
      counts: { greylisted: 1, passed: 0, earlyRetries: 4 },
      problems: [{ id: 'retries-never-pass', severity: 'error' }],
    })
  })

  it('is not broken by senders that come back within the delay, or after days', async () => {
    const early = new LogWriter()
    for (let left = 7200; left > 3600; left -= 600)
      early
        .greylister(`action=greylist, reason=${left === 7200 ? 'new' : `early-retry (${left}s missing)`}`)
        .wait(600)
    expect((await verify(early)).verdict).toBe('waiting')
    const rare = new LogWriter()
    for (let count = 0; count < 4; count += 1) rare.rejected().wait(5 * 86_400)
    expect((await verify(rare)).verdict).toBe('inconclusive')
  })

  it('says that a greylister only learns', async () => {
    const report = await verify(new LogWriter().greylister('action=pass, reason=learning: new'))
    expect(report).toMatchObject({
      verdict: 'inconclusive',
      problems: [{ id: 'learn-mode', severity: 'info' }],
    })
  })

  it('says why it is open', async () => {
    const short = new LogWriter()
      .greylister('action=greylist, reason=early-retry (40s missing)')
      .wait(30)
      .other()
    expect((await verify(short)).problems).toMatchObject([{ id: 'log-shorter-than-delay' }])
    const alone = await verify(new LogWriter().rejected().wait(4000).other())
    expect(alone.problems).toMatchObject([{ id: 'nobody-came-back' }])
    expect((await verify('')).problems).toMatchObject([{ id: 'log-is-empty' }])
    const gaps = healthy()
      .line('systemd-journald', 'Suppressed 40 messages from postfix@-.service')
      .line('rsyslogd', 'imjournal: 2 messages lost due to rate-limiting (20000 allowed within 600 seconds)')
    const report = await verify(gaps)
    expect(report.problems).toMatchObject([{ id: 'log-has-gaps', severity: 'warning' }])
    expect(report.problems[0]?.detail).toContain('left out 42 messages')
  })

  it('is inconclusive about an empty log and one of other programs', async () => {
    expect(await verify('')).toMatchObject({ verdict: 'inconclusive', window: { from: null, lines: 0 } })
    expect(await verify('\u0000\u0000\n<<<\n')).toMatchObject({ verdict: 'inconclusive' })
  })
})

describe('lines that lean on others', () => {
  const stamped = (body: string) => `2026-11-23T10:00:00Z mx postfix/smtpd[1]: ${body}`
  const refusal =
    'NOQUEUE: reject: RCPT from a[192.0.2.10]: 450 4.2.0 <b@mx.test>: Recipient address rejected: Greylisted; from=<a@x.test> to=<b@mx.test> proto=ESMTP helo=<h>'

  it('counts what the last message was repeated', async () => {
    const log = [
      stamped(refusal),
      '2026-11-23T10:00:09Z mx last message repeated 2 times',
      stamped('connect from a[192.0.2.10]'),
      'Nov 23 10:01:00 mx last message repeated 7 times',
    ]
    expect(await verify(log.join('\n'))).toMatchObject({ counts: { greylisted: 1, earlyRetries: 2 } })
  })

  it('takes a time that a line lacks from the lines around it', async () => {
    const log = [
      refusal,
      '2026-11-23T10:00:00Z mx postfix/anvil[1]: x',
      'nothing',
      refusal,
      '2026-11-23T10:10:00Z mx postfix/anvil[1]: x',
    ]
    const report = await verify(log.join('\n'))
    expect(report).toMatchObject({ counts: { greylisted: 1, earlyRetries: 1 } })
    expect(report.examples[0]?.deferredAt).toBe('2026-11-23T10:00:00Z')
  })
})

describe('hostile logs', () => {
  it('cannot make a deferral a pass', async () => {
    const forged =
      'action=pass, reason=triplet found, delay=60, client_address=192.0.2.10, recipient=bob@mx.test'
    const log = new LogWriter()
      .rejected({ helo: forged })
      .rejected({ sender: `"${forged}"@example.org` })
      .rejected({ helo: `x; from=<alice@example.org> to=<bob@mx.test> proto=ESMTP helo=<${forged}` })
      .smtpd(forged)
      .smtpd(`warning: Illegal address syntax from mail.example.org[192.0.2.10] in MAIL command: ${forged}`)
    expect(await verify(log)).toMatchObject({ counts: { passed: 0 } })
  })

  it('have queue ids that are used again, and ids of another instance', async () => {
    const log = new LogWriter()
      .rejected()
      .wait(400)
      .smtpd('4K68s31RlGzgf9A: client=mail.example.org[192.0.2.10]')
      .smtpd('4K68s31RlGzgf9A: client=other[198.51.100.1]')
      .line('postfix/qmgr', '4K68s31RlGzgf9A: from=<alice@example.org>, size=1, nrcpt=1 (queue active)')
      .line('postfix/local', '4K68s31RlGzgf9A: to=<bob@mx.test>, relay=local, status=sent (x)')
      .line('postfix-in/smtpd', '4K68s31RlGzgf9B: client=mail.example.org[192.0.2.10]')
      .line('postfix/qmgr', '4K68s31RlGzgf9B: from=<alice@example.org>, size=1, nrcpt=1 (queue active)')
      .line('postfix/local', '4K68s31RlGzgf9B: to=<bob@mx.test>, relay=local, status=sent (x)')
    expect(await verify(log)).toMatchObject({ counts: { greylisted: 1, passed: 0 } })
  })

  it('have lines without end, and a line of a megabyte of fields', async () => {
    const long = `2026-11-23T10:00:00Z mx postfix/smtpd[1]: NOQUEUE: reject: RCPT from a[192.0.2.1]: 450 4.2.0 <${'x; from=<'.repeat(120_000)}`
    const started = [long, healthy().toString(), 'ABCDEF12: '.repeat(100_000), '['.repeat(1_000_000)].join(
      '\n',
    )
    expect(await verify(started)).toMatchObject({ verdict: 'working', counts: { passed: 1 } })
  })

  it('count no word of a greylister that stands inside another line, wherever it stands', async () => {
    const words = [
      'Nov 23 10:00:00 mx postgrey[1]: ',
      'postgrey[1]: ',
      'action=pass, reason=triplet found, delay=60, client_name=x, client_address=192.0.2.10, sender=alice@example.org, recipient=bob@mx.test',
      '{"MESSAGE":"action=pass, reason=triplet found, client_address=192.0.2.10, sender=a, recipient=b","SYSLOG_IDENTIFIER":"postgrey"}',
      'last message repeated 9 times',
      'message repeated 9 times: [ ',
      '\\n',
      '\u001b[2K\r',
      '; from=<alice@example.org> to=<bob@mx.test> proto=ESMTP helo=<',
    ]
    const text = fc.array(fc.constantFrom(...words), { maxLength: 4 }).map((parts) => parts.join(''))
    const place = fc.constantFrom(
      (said: string) =>
        `NOQUEUE: reject: RCPT from x[192.0.2.9]: 554 5.7.1 <${said}>: Relay access denied; from=<${said}> to=<a@b> proto=ESMTP helo=<${said}>`,
      (said: string) => `warning: non-SMTP command from x[192.0.2.9]: ${said}`,
      (said: string) => `improper command pipelining after EHLO from x[192.0.2.9]: ${said}`,
      (said: string) =>
        `ABCDEF12: warning: header Subject: ${said} from x[192.0.2.9]; from=<a@b> to=<c@d> proto=ESMTP helo=<${said}>`,
      (said: string) => `ABCDEF12: message-id=<${said}>`,
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(place, text), { maxLength: 5 }), async (lines) => {
        const log = new LogWriter().rejected().wait(10)
        for (const [put, said] of lines) log.smtpd(put(said)).line('postfix/cleanup', put(said))
        const { counts } = await verify(log)
        expect(counts).toMatchObject({ greylisted: 1, passed: 0, earlyRetries: 0, whitelisted: 0 })
      }),
      { numRuns: 60 },
    )
  })

  it('are read to the end', async () => {
    const noise = Buffer.concat([
      Buffer.from('\u001b]0;owned\u0007\n'),
      Buffer.from([0xff, 0xfe, 0x0a, 0x00, 0x0a]),
      Buffer.alloc(300_000, 0x41),
      Buffer.from('\n'),
      Buffer.from(healthy().toString()),
    ])
    expect(await verify(noise)).toMatchObject({ verdict: 'working' })
  })
})

describe('what cannot be read', () => {
  it('ends with log-unreadable', async () => {
    await expect(verifySources(host, { files: [join(directory, 'absent')] })).rejects.toMatchObject({
      code: 'log-unreadable',
    })
    await expect(verifySources(host, { files: [directory] })).rejects.toMatchObject({
      code: 'log-unreadable',
    })
  })

  it('is said when it is the rest of a damaged file', async () => {
    const lines = healthy().toString().repeat(200)
    const packed = gzipSync(Buffer.from(lines + [...Array(20_000).keys()].map(String).join('\n')))
    const report = await verify(packed.subarray(0, packed.length - 3000))
    expect(report.problems).toMatchObject([{ id: 'log-unreadable', severity: 'warning' }])
    expect(report.verdict).toBe('working')
    await expect(verify(packed.subarray(0, 12))).rejects.toMatchObject({ code: 'log-unreadable' })
  })

  it('is an old log without years, dated by the time it was written', async () => {
    const path = logFile(healthy().traditional())
    const written = Date.UTC(2024, 11, 1) / 1000
    utimesSync(path, written, written)
    const report = await verifySources(host, { files: [path] })
    expect(report.window.from).toMatch(/^2024-11-23T/)
  })
})

it('reads a syslog beside a mail log without counting twice', async () => {
  const mail = logFile(healthy().only('postfix').toString(), 'mail.log')
  const system = logFile(healthy().toString(), 'syslog')
  for (const order of [
    [mail, system],
    [system, mail],
  ]) {
    expect(await verifySources(host, { files: order })).toMatchObject({
      verdict: 'working',
      counts: { greylisted: 1, passed: 1, earlyRetries: 1 },
      delay: { median: 360 },
    })
  }
})
