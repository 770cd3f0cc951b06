import { describe, expect, it } from 'vitest'
import { openFacts } from '../../src/doctor/facts.js'
import { MemoryHost } from '../../src/host/memory.js'
import { HEALTHY_MAIN, HEALTHY_MASTER } from './scene.js'

const LOG = '/var/log/mail.log'
const reject = (time: string, client: string) =>
  `${time} mx postfix/smtpd[7]: NOQUEUE: reject: RCPT from ${client}: 450 4.2.0 <a@example.test>: Recipient address rejected: Greylisted, see; from=<b@example.org> to=<a@example.test> proto=ESMTP helo=<x>`

function machine(...lines: readonly string[]): MemoryHost {
  const host = new MemoryHost()
  host.seed('/etc/postfix/main.cf', HEALTHY_MAIN)
  host.seed('/etc/postfix/master.cf', HEALTHY_MASTER)
  host.seed(LOG, lines.map((line) => `${line}\n`).join(''))
  return host
}

async function factsOf(host: MemoryHost, logs: readonly string[] = [LOG]) {
  const facts = openFacts(host, { configDir: '/etc/postfix', logs })
  const [log, mails, logPlaces] = await Promise.all([
    facts.get('log'),
    facts.get('mails'),
    facts.get('logPlaces'),
  ])
  if (!log.known || !mails.known || !logPlaces.known)
    throw new Error(JSON.stringify({ log, mails, logPlaces }))
  return { log: log.value, mails: mails.value, logPlaces: logPlaces.value }
}

describe('the times of a log', () => {
  it('tells lines of RFC 3339 from those of RFC 3164, and foreign months from English ones', async () => {
    const { log } = await factsOf(
      machine(
        '2026-11-24T20:00:00.5+00:00 mx postfix/qmgr[7]: A: removed',
        'Nov 24 20:00:01 mx postfix/qmgr[7]: B: removed',
        'ott 13 00:40:47 mx postfix/qmgr[7]: C: removed',
        'Απρ 15 12:20:28 mx postfix/qmgr[7]: D: removed',
        'no time at all',
      ),
    )
    expect(log.stamps).toMatchObject({ iso: 1, none: 2, foreign: { count: 2 } })
    expect(log.stamps.foreign.example?.text).toContain('ott 13')
  })

  it('sees one program hours ahead of another, and back', async () => {
    const pair = (minute: number) => [
      `2026-11-24T20:0${minute}:00+00:00 mx postfix/qmgr[7]: A: removed`,
      `2026-11-24T18:0${minute}:01+00:00 mx postfix/smtpd[8]: connect from x[192.0.2.1]`,
    ]
    const { log } = await factsOf(machine(...[1, 2, 3, 4].flatMap(pair)))
    expect(log.stamps.hours).toMatchObject({ back: 4, forward: 3 })
  })

  it('takes a pause of whole hours for a pause', async () => {
    const { log } = await factsOf(
      machine(
        ...[10, 11, 12, 13].map(
          (hour) => `2026-11-24T${hour}:00:00+00:00 mx postfix/p${hour}[7]: A: removed`,
        ),
      ),
    )
    expect(log.stamps).toMatchObject({ backwards: undefined, hours: { back: 0 } })
  })
})

describe('what became of mails', () => {
  it('reads each try, and up to when retries could have come', async () => {
    const { mails } = await factsOf(
      machine(
        reject('2026-11-24T10:00:00+00:00', 'o1.mailer.example[203.0.113.5]'),
        reject('2026-11-24T10:20:00+00:00', 'o2.mailer.example[198.51.100.5]'),
        '2026-11-24T12:00:00+00:00 mx postfix/qmgr[7]: A: removed',
      ),
    )
    expect(mails.stories.map(({ client }) => client.address).sort()).toEqual(['198.51.100.5', '203.0.113.5'])
    expect(mails.until).toBe(Date.parse('2026-11-24T12:00:00Z') / 1000)
  })

  it('reads the end of a log that is very long', async () => {
    const filler = `2026-11-24T10:00:00+00:00 mx postfix/qmgr[7]: ${'A'.repeat(1000)}: removed`
    const lines = Array.from({ length: 18_000 }, () => filler)
    const { mails } = await factsOf(
      machine(
        reject('2026-11-24T09:00:00+00:00', 'first.example[203.0.113.5]'),
        ...lines,
        reject('2026-11-24T11:00:00+00:00', 'last.example[198.51.100.5]'),
      ),
    )
    expect(mails.stories.map(({ client }) => client.name)).toEqual(['last.example'])
  })

  it('takes nobody for lost whose retry may stand in what was not read', async () => {
    const filler = `2026-11-24T10:00:00+00:00 mx postfix/qmgr[7]: ${'A'.repeat(1000)}: removed`
    const host = machine(
      '2026-11-24T09:00:00+00:00 mx postfix/qmgr[7]: A: removed',
      ...Array.from({ length: 18_000 }, () => filler),
      reject('2026-11-24T11:00:00+00:00', 'last.example[198.51.100.5]'),
    )
    host.seed(`${LOG}.1`, `${reject('2026-11-24T08:00:00+00:00', 'first.example[203.0.113.5]')}\n`)
    const { mails } = await factsOf(host, [`${LOG}.1`, LOG])
    expect(mails.stories.map(({ client }) => client.name)).toEqual(['last.example'])
  })
})

describe('where the log is', () => {
  it('knows rotated files, and asks the journal', async () => {
    const host = machine('x')
    host.seed('/var/log/mail.log.1', 'y')
    host.seed('/var/log/maillog-20261123', 'y')
    host.seed('/var/log/mail.logs', 'y')
    host.programs.set('journalctl', () => ({ exitCode: 0, stdout: '' }))
    const { logPlaces } = await factsOf(host)
    expect(logPlaces.files.map(({ path, rotated }) => [path, rotated])).toEqual([
      ['/var/log/mail.log', false],
      ['/var/log/mail.log.1', true],
      ['/var/log/maillog-20261123', true],
    ])
    expect(logPlaces.journal).toBe('empty')
  })
})

describe('who else takes mail', () => {
  it('knows this host by its name and by its addresses', async () => {
    const host = machine('x')
    host.exchangers.set('example.test', [
      { name: 'mx.example.test', addresses: ['203.0.113.1'] },
      { name: 'mail.example.net', addresses: ['192.0.2.25'] },
      { name: 'mx2.example.net', addresses: ['198.51.100.2'] },
    ])
    host.programs.set('postconf', () => ({ exitCode: 1 }))
    const found = await openFacts(host, { configDir: '/etc/postfix', logs: [] }).get('exchangers')
    if (!found.known) throw new Error(found.reason)
    expect(found.value.map(({ domain, hosts }) => [domain, hosts.map(({ ours }) => ours)])).toEqual([
      ['example.test', [true, true, false]],
    ])
  })
})

describe('the signs in a log', () => {
  const error = (sender: string) =>
    `Nov 24 20:00:01 mx postfix/smtpd[8]: NOQUEUE: reject: RCPT from x[192.0.2.1]: 451 4.3.5 Server configuration error; from=<${sender}> to=<postmaster@example.test> proto=ESMTP helo=<x>`

  it('are over for a unit that could not be set up when it is started', async () => {
    const failed =
      '2026-11-24T10:00:00+00:00 mx systemd[1]: greyctl.service: Main process exited, code=exited, status=226/NAMESPACE'
    const started =
      '2026-11-24T10:01:00+00:00 mx systemd[1]: Started greyctl.service - greyctl greylisting policy daemon for Postfix.'
    const signs = async (...lines: string[]) => [...(await factsOf(machine(...lines))).log.signs.keys()]
    expect(await signs(failed)).toEqual(['sandbox-denied'])
    expect(await signs(failed, started)).toEqual([])
    expect(await signs(started, failed)).toEqual(['sandbox-denied'])
  })

  it('are of mail, and not of what greyctl itself asked smtpd', async () => {
    const { log } = await factsOf(machine(error('greyctl-probe@example.test'), error('b@example.org')))
    expect(log.signs.get('server-error')).toMatchObject({ count: 1 })
    expect((await factsOf(machine(error('greyctl-probe@example.test')))).log.signs.size).toBe(0)
  })
})
