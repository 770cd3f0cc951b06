import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import { reportWithoutLog } from '../../src/maillog/outcome.js'
import type { Example, VerifyReport } from '../../src/maillog/report.js'
import { duration } from '../../src/ui/duration.js'
import { renderLive, renderVerify } from '../../src/ui/verify.js'

const style = new Chalk({ level: 0 })
const EXAMPLE: Example = {
  client: 'a-mail-server-with-a-long-name.example.org[192.0.2.10]',
  sender: 'bounces+12345-very-long-verp-address@newsletter.example.org',
  recipient: 'somebody.with.a.long.name@mx.example.test',
  deferredAt: '2026-11-23T10:00:00Z',
  passedAt: '2026-11-23T10:06:10Z',
  delay: 370,
}
const REPORT: VerifyReport = {
  ...reportWithoutLog('working'),
  counts: {
    greylisted: 12345,
    passed: 12,
    neverRetried: 12333,
    earlyRetries: 7,
    whitelisted: 3,
    unreachable: 0,
    acceptedElsewhere: 0,
  },
  delay: { median: 370, p90: 1850, p99: 7260, max: 190_000 },
  window: {
    from: '2026-11-20T00:00:00Z',
    to: '2026-11-23T23:59:00Z',
    lines: 1_000_000,
    sources: ['/var/log/mail.log.1', '/var/log/mail.log'],
  },
  examples: [EXAMPLE, { ...EXAMPLE, sender: '', passedAt: null, delay: null }],
}

describe('renderVerify', () => {
  it('leads with the verdict and fits 80 columns', () => {
    const text = renderVerify(REPORT, { style, width: 80 })
    const lines = text.split('\n')
    expect(lines[0]).toBe('✓ greylisting works: first mails were deferred and their retries accepted')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(text).toContain('12345  greylisted')
    expect(text).toContain('median 6 m 10 s, 90 % within 30 m 50 s')
    expect(text).toContain('/var/log/mail.log.1 and 1 more')
    expect(text).toMatch(/192\.0\.2\.10\b.*11-23 10:00 +6 m 10 s/)
    expect(text).toMatch(/<> .*waiting/)
  })

  it.each(['working', 'broken', 'off', 'waiting', 'inconclusive'] as const)(
    'has a next step for %s',
    (verdict) => {
      const lines = renderVerify(reportWithoutLog(verdict), { style, width: 80 }).split('\n')
      expect(lines[0]).toMatch(verdict === 'working' ? /^✓/ : /^[✗?]/)
      expect(lines[1]).toMatch(/^ {2}\S/)
    },
  )

  it('shows a problem with its evidence and what to do', () => {
    const text = renderVerify(
      {
        ...reportWithoutLog('broken'),
        problems: [
          {
            id: 'policy-server-unreachable',
            severity: 'critical',
            title: 'Postfix gets no answer',
            detail: 'smtpd got no answer twice',
            evidence: [{ ref: '/var/log/mail.log:17', text: 'warning: connect to 127.0.0.1:10023: refused' }],
            remediation: { text: 'start the daemon', commands: ['service greyctl restart'] },
          },
        ],
      },
      { style, width: 80 },
    )
    expect(text).toContain('✗ Postfix gets no answer [policy-server-unreachable]')
    expect(text).toContain('/var/log/mail.log:17')
    expect(text).toContain('next: start the daemon')
    expect(text).toContain('    service greyctl restart')
  })

  it('prints nothing that a log could use against a terminal', () => {
    const evil = '\u001b]0;owned\u0007\u001b[2Jx\u202e\r\n'
    const text = renderVerify(
      {
        ...REPORT,
        window: { ...REPORT.window, sources: [evil] },
        examples: [{ ...EXAMPLE, client: evil, sender: evil, recipient: evil }],
        problems: [
          {
            id: 'x',
            severity: 'warning',
            title: evil,
            detail: evil,
            evidence: [{ ref: evil, text: evil }],
            remediation: { text: evil, commands: [evil] },
          },
        ],
      },
      { style, width: 80 },
    )
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(text).toContain('\\x1b')
  })
})

it.each([
  [0, '0 s'],
  [59, '59 s'],
  [60, '1 m'],
  [3661, '1 h 1 m'],
  [86_400, '1 d'],
  [190_000, '2 d 4 h'],
  [null, '-'],
])('duration of %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text)
})

it('renderLive says what the answers mean, escaped', () => {
  const cases = [{ case: 'first mail', expected: 'deferred', answer: '554 \u001b[2J no', ok: false }]
  const text = renderLive('broken', cases, { style, width: 80 })
  expect(text).toMatch(/^✗ greylisting does not work/)
  expect(text).toMatch(/✗ first mail +– +554 refused/)
  expect(text).toContain('first mail: 554 \\x1b[2J no')
})
