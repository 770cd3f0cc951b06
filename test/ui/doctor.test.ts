import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import type { DoctorDocument } from '../../src/doctor/document.js'
import { renderDoctor, renderMarkdown } from '../../src/ui/doctor.js'

const look = { style: new Chalk({ level: 0 }), width: 80 }

const finding = (changes: Partial<DoctorDocument['findings'][number]> = {}) => ({
  id: 'policy-daemon-not-running',
  severity: 'critical' as const,
  title: 'nothing listens',
  detail: 'a connection is refused',
  evidence: [
    { ref: '/etc/postfix/main.cf:7', text: 'greyctl_check = check_policy_service inet:127.0.0.1:10023' },
  ],
  cause: 'the daemon is not running',
  remediation: { text: 'start it', commands: ['service greyctl start'], autofix: 'safe' as const },
  affects: ['inet:127.0.0.1:10023', 'smtp inet'],
  consequenceOf: null,
  ...changes,
})

const document = (changes: Partial<DoctorDocument> = {}): DoctorDocument => ({
  ok: false,
  findings: [finding()],
  checks: [
    { id: 'policy-daemon-not-running', status: 'fail', reason: '' },
    { id: 'b', status: 'pass', reason: '' },
  ],
  timings: [{ fact: 'postconf', seconds: 0.125, own: 0.125 }],
  ...changes,
})

describe('the report of doctor', () => {
  it('does not call a note a problem', () => {
    const note = finding({ id: 'rfc3339-timestamps', severity: 'info' })
    const alone = renderDoctor(document({ ok: true, findings: [note] }), look)
    expect(alone).toMatch(/✓ nothing wrong was found; 1 check passed, 1 note$/)
    const both = renderDoctor(document({ findings: [finding(), note] }), look)
    expect(both).toMatch(/✗ 1 problem; 1 check passed, 1 note$/)
  })

  it('shows what, where with the line, why, and what to type', () => {
    expect(renderDoctor(document(), look)).toBe(`critical: nothing listens [policy-daemon-not-running]
  a connection is refused
  /etc/postfix/main.cf:7
    greyctl_check = check_policy_service inet:127.0.0.1:10023
  cause: the daemon is not running
  affects: inet:127.0.0.1:10023, smtp inet
  next: start it
    service greyctl start
  greyctl doctor --fix does it
  more: docs/problems/policy-daemon-not-running.md

✗ 1 problem; 1 check passed`)
  })

  it('tells a consequence in short, under its cause', () => {
    const text = renderDoctor(
      document({
        findings: [finding(), finding({ id: 'effect', consequenceOf: 'policy-daemon-not-running' })],
      }),
      look,
    )
    expect(text).toContain('  └ critical: nothing listens [effect]\n    a connection is refused')
    expect(text.match(/next:/g)).toHaveLength(1)
    expect(text).toContain('✗ 1 problem;')
  })

  it('says what could not be known, once for each reason', () => {
    const checks = ['a', 'b'].map((id) => ({ id, status: 'unknown' as const, reason: 'no root' }))
    const text = renderDoctor(document({ findings: [], checks }), look)
    expect(text).toContain('? not known, 2 checks: no root\n  a, b')
    expect(text).toContain('nothing could be looked at')
  })

  it('names the slow facts when asked', () => {
    const quick = renderDoctor(document(), look, { timings: true })
    expect(quick).toContain('  0.125  0.125  postconf\nnone took 0.5 s by itself')
    const timings = [
      { fact: 'tables', seconds: 1.5, own: 0.6 },
      { fact: 'fates', seconds: 1.6, own: 0.1 },
    ]
    expect(renderDoctor(document({ timings }), look, { timings: true })).toMatch(/^slow: tables$/m)
  })

  it.each(['\u001b[2Jgone', 'a\u202eb', 'x\r\ny'])('escapes hostile text %j everywhere', (evil) => {
    const bad = document({
      findings: [
        finding({
          detail: evil,
          evidence: [{ ref: evil, text: evil }],
          cause: evil,
          affects: [evil, evil],
          remediation: { text: evil, commands: [evil], autofix: 'manual' },
        }),
      ],
      checks: [{ id: 'x', status: 'unknown', reason: evil }],
    })
    for (const text of [renderDoctor(bad, look), renderMarkdown(bad)]) {
      expect(text).not.toMatch(/[\u001b\u202e\r]/u)
    }
  })

  it('is Markdown that no line of a log breaks out of', () => {
    const evil = '``` </details> <img src=x> # title @all'
    const text = renderMarkdown(
      document({ findings: [finding({ detail: evil, evidence: [{ ref: 'log:1', text: evil }] })] }),
    )
    expect(text).toContain('````\nlog:1: ``` </details>')
    expect(text).toContain('\\`\\`\\` &lt;/details\\> &lt;img src=x\\> \\# title \\@all')
  })
})
