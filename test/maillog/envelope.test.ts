import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseEnvelope } from '../../src/maillog/envelope.js'
import { parseEvent } from '../../src/maillog/parse-event.js'
import { isoTime, latestYear, YearClock } from '../../src/maillog/time.js'
import { YearScan } from '../../src/maillog/year-scan.js'

/** 24 November 2026, 12:00 UTC: when the imagined log was last written. */
const WRITTEN = Date.UTC(2026, 10, 24, 12) / 1000

function parse(line: string) {
  return parseEnvelope(line, new YearClock(WRITTEN))
}

/** Seconds of a local time, as stamps without a zone are meant. */
function local(...parts: [number, number, number, number, number, number]): number {
  return new Date(...parts).getTime() / 1000
}

const AT_TEN = local(2026, 10, 3, 10, 0, 1)
const UTC_TEN = Date.UTC(2026, 10, 23, 10, 0, 1) / 1000
const BODY = 'NOQUEUE: reject: RCPT from h[192.0.2.1]: 450 4.2.0 x'

describe('parseEnvelope', () => {
  const known: readonly [string, string, number | undefined, string][] = [
    ['rsyslog', `Nov  3 10:00:01 mx postfix/smtpd[12]: ${BODY}`, AT_TEN, 'postfix/smtpd'],
    ['postlogd', `Nov 03 10:00:01 mx postfix/smtpd[12]: ${BODY}`, AT_TEN, 'postfix/smtpd'],
    ['RFC 3339', `2026-11-23T10:00:01.5+00:00 mx postfix/smtpd[1]: ${BODY}`, UTC_TEN + 0.5, 'postfix/smtpd'],
    ['RFC 3339 in UTC', `2026-11-23T10:00:01Z mx postfix/smtpd[1]: ${BODY}`, UTC_TEN, 'postfix/smtpd'],
    ['another zone', `2026-11-23T12:00:01+02:00 mx postgrey[1]: ${BODY}`, UTC_TEN, 'postgrey'],
    ['short-iso', `2026-11-23T10:00:01+0000 mx postfix/smtpd[1]: ${BODY}`, UTC_TEN, 'postfix/smtpd'],
    [
      'short-full',
      `Mon 2026-11-23 10:00:01 UTC mx postfix-in/smtpd[1]: ${BODY}`,
      UTC_TEN,
      'postfix-in/smtpd',
    ],
    ['RFC 5424', `<22>1 2026-11-23T10:00:01Z mx postfix/smtpd 1234 - - ${BODY}`, UTC_TEN, 'postfix/smtpd'],
    ['compose', `mail-1  | Nov  3 10:00:01 mx postfix/smtpd[1]: ${BODY}`, AT_TEN, 'postfix/smtpd'],
    [
      'CRI',
      `2026-11-24T10:00:01.1Z stdout F Nov  3 10:00:01 mx postfix/smtpd[1]: ${BODY}`,
      AT_TEN,
      'postfix/smtpd',
    ],
    ['docker -t around a bare body', `2026-11-23T10:00:01Z action=pass, reason=x`, UTC_TEN, ''],
    [
      'a collector around syslog',
      `mail smtp[1426]: Nov  3 10:00:01 mail postfix/smtpd[384]: ${BODY}`,
      AT_TEN,
      'postfix/smtpd',
    ],
    [
      'German months',
      `Dez  3 10:00:01 mx postfix/smtpd[12]: ${BODY}`,
      local(2025, 11, 3, 10, 0, 1),
      'postfix/smtpd',
    ],
    [
      'French months',
      `févr. 03 10:00:01 mx postfix/smtpd[12]: ${BODY}`,
      local(2026, 1, 3, 10, 0, 1),
      'postfix/smtpd',
    ],
    [
      'Solaris',
      `Nov  3 10:00:01 mx postfix/smtpd[12]: [ID 197553 mail.info] ${BODY}`,
      AT_TEN,
      'postfix/smtpd',
    ],
    ['short-unix', `${UTC_TEN}.000000 mx postfix/smtpd[1]: ${BODY}`, UTC_TEN, 'postfix/smtpd'],
    ['short-monotonic', `[ 12345.678901] mx postfix/smtpd[1]: ${BODY}`, undefined, 'postfix/smtpd'],
    [
      'with-unit',
      `Mon 2026-11-23 10:00:01 UTC mx postfix@-.service[1]: ${BODY}`,
      UTC_TEN,
      'postfix@-.service',
    ],
    [
      'a swarm',
      `mail.1.x8f2@node1    | Nov  3 10:00:01 mx postfix/smtpd[1]: ${BODY}`,
      AT_TEN,
      'postfix/smtpd',
    ],
    [
      'compose in colour',
      `\u001b[36mmail-1  |\u001b[0m Nov  3 10:00:01 mx postfix/smtpd[1]: ${BODY}`,
      AT_TEN,
      'postfix/smtpd',
    ],
    [
      'kubectl --prefix',
      `[pod/mail-0/postfix] Nov  3 10:00:01 mx postfix/smtpd[1]: ${BODY}`,
      AT_TEN,
      'postfix/smtpd',
    ],
    ['a priority', `<22>Nov  3 10:00:01 mx postfix/smtpd[1]: ${BODY}`, AT_TEN, 'postfix/smtpd'],
    ['a host without a program', `2026-11-23T10:00:01Z mx action=pass, reason=x`, UTC_TEN, ''],
    ['a bare body', 'action=greylist, reason=new, client_address=192.0.2.1', undefined, ''],
  ]
  it.each(known)('reads %s', (_name, line, time, program) => {
    const envelope = parse(line)
    expect(envelope?.time).toBe(time)
    expect(envelope?.program).toBe(program)
    const body = program === '' ? /action=.*/.exec(line)?.[0] : BODY
    expect(envelope?.body).toBe(body)
  })

  it('reads objects of journalctl -o json, with the message as bytes where it is no UTF-8', () => {
    const entry = {
      __CURSOR: 's=1',
      __REALTIME_TIMESTAMP: `${UTC_TEN}500000`,
      SYSLOG_IDENTIFIER: 'postfix/smtpd',
      SYSLOG_PID: '12',
    }
    const expected = { time: UTC_TEN + 0.5, program: 'postfix/smtpd', pid: '12', repeat: 1 }
    expect(parse(JSON.stringify({ ...entry, MESSAGE: BODY }))).toEqual({ ...expected, body: BODY })
    const bytes = [...Buffer.from('helo=<caf'), 0xe9, 0x3e]
    expect(parse(JSON.stringify({ ...entry, MESSAGE: bytes }))).toEqual({
      ...expected,
      body: 'helo=<caf\ufffd>',
    })
    expect(parse(JSON.stringify({ ...entry, MESSAGE: null }))?.body).toBe('')
  })

  it('believes no line inside a line of a mail program', () => {
    const inside = 'Nov  3 10:00:01 mx postgrey[1]: action=pass, reason=x'
    expect(parse(`Nov  3 10:00:01 mx postfix/cleanup[1]: ${inside}`)).toMatchObject({
      program: 'postfix/cleanup',
      body: inside,
    })
    expect(parse(`Nov  3 10:00:01 mx postgrey[1]: ${inside}`)?.body).toBe(inside)
  })

  it('counts what rsyslog folded', () => {
    const envelope = parse(`Nov  3 10:00:01 mx postfix/smtpd[12]: message repeated 3 times: [ ${BODY}]`)
    expect(envelope).toMatchObject({ body: BODY, repeat: 3 })
  })

  it('never throws, whatever the bytes, and neither does the event parser', () => {
    const heads = [
      '',
      'Nov  3 10:00:01 mx postfix/smtpd[12]: ',
      '{"MESSAGE":',
      '<22>1 ',
      'action=greylist, reason=',
      'NOQUEUE: reject: RCPT from a[192.0.2.1]: 450 ',
      '2026-11-23T10:00:01Z ',
      'grey: new: ',
      '4K68s31RlGzgf9W: to=<',
    ]
    fc.assert(
      fc.property(
        fc.constantFrom(...heads),
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('latin1')),
        ),
        (head, tail) => {
          const envelope = parse(head + tail)
          if (envelope) parseEvent(envelope.program, envelope.body)
          for (const program of ['postfix/smtpd', 'postfix/qmgr', 'postgrey', 'sqlgrey', ''])
            parseEvent(program, head + tail)
        },
      ),
      { numRuns: 1000 },
    )
  })
})

const DAY = 86_400

function stamp(seconds: number): string {
  const date = new Date(seconds * 1000)
  const month = date.toString().split(' ')[1]
  return `${month} ${String(date.getDate()).padStart(2, ' ')} ${date.toTimeString().slice(0, 8)}`
}

describe('years of RFC 3164', () => {
  const moment = fc.integer({ min: Date.UTC(2001, 0, 2) / 1000, max: Date.UTC(2090, 0, 1) / 1000 })

  it('is found for every time in the year before the log was last written', () => {
    fc.assert(
      fc.property(moment, fc.integer({ min: 0, max: 362 * DAY }), (written, before) => {
        const time = written - before
        const line = `${stamp(time)} mx postfix/smtpd[1]: x`
        const found = parseEnvelope(line, new YearClock(written))?.time ?? 0
        // the hour that a clock goes back over has two times
        expect(Math.abs(found - time)).toBeLessThanOrEqual(3600)
      }),
    )
  })

  it('is never later than a day after the log was last written', () => {
    fc.assert(
      fc.property(moment, moment, (written, any) => {
        const year = latestYear(monthDay(any), written)
        const { month, day } = monthDay(any)
        expect(new Date(year, month, day).getTime() / 1000).toBeLessThanOrEqual(written + DAY)
      }),
    )
  })

  it('goes on from December to January, and knows 29 February', () => {
    const written = local(2027, 0, 2, 0, 0, 0)
    const clock = new YearClock(written)
    const years = ['Dec 31 23:59:59', 'Jan  1 00:00:01'].map((at) => {
      const time = parseEnvelope(`${at} mx postfix/smtpd[1]: x`, clock)?.time ?? 0
      return new Date(time * 1000).getFullYear()
    })
    expect(years).toEqual([2026, 2027])
    expect(latestYear({ month: 1, day: 29 }, WRITTEN)).toBe(2024)
  })

  it('is counted back from the end of a file that spans several', () => {
    const scan = new YearScan()
    scan.read('Mar  1 00:00:00 a b: c\nDec 24 00:00:00 a b: c')
    scan.read('Jan  3 00:00:00 a b: c\nNov  3 00:00:00 a b: c\n\nJan  9 00:00:00 a b: c')
    expect(scan.year(local(2027, 0, 10, 0, 0, 0))).toBe(2025)
  })
})

function monthDay(seconds: number): { month: number; day: number } {
  const date = new Date(seconds * 1000)
  return { month: date.getMonth(), day: date.getDate() }
}

describe('months of other languages', () => {
  it.each(['en', 'de', 'fr', 'es', 'it', 'pt', 'nl', 'da', 'sv', 'nb', 'pl'])(
    'are those of %s',
    (language) => {
      const { format } = new Intl.DateTimeFormat(language, { month: 'short', timeZone: 'UTC' })
      const names = Array.from({ length: 12 }, (_, month) => format(Date.UTC(2026, month, 15)))
      const found = names.map(
        (name) => parse(`${name.normalize('NFC')} 15 10:00:01 mx postfix/smtpd[12]: ${BODY}`)?.time,
      )
      expect(
        found.map((time) => time && new Date(time * 1000).getMonth()),
        names.join(),
      ).toEqual(names.map((_, at) => at))
    },
  )
})

describe('isoTime', () => {
  it('is UTC in whole seconds', () => {
    expect(isoTime(UTC_TEN + 0.9)).toBe('2026-11-23T10:00:01Z')
  })
})
