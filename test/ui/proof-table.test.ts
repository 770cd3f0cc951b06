import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import { proofTable } from '../../src/ui/proof-table.js'

const terminal = { style: new Chalk({ level: 0 }), width: 80 }
const DEFERRED = '450 4.2.0 <a@b>: Recipient address rejected: Greylisted, see https://example.test/'
const CASES = [
  { case: 'candidate: first mail', expected: 'deferred', answer: DEFERRED, ok: true },
  {
    case: 'first mail from an unknown client',
    expected: 'deferred',
    before: '250 2.1.5 Ok',
    answer: DEFERRED,
    ok: true,
  },
  {
    case: 'relaying by an unknown client',
    expected: 'refused',
    before: '454 4.7.1 <x@y>: Relay access denied',
    answer: '554 5.7.1 <x@y>: Relay access denied',
    ok: true,
  },
  { case: 'its retry after 60 seconds', expected: 'accepted', answer: '250 2.1.5 Ok', ok: true },
]

describe('the table of a proof', () => {
  it('has a row a case: what was answered before, and after', () => {
    expect(proofTable(CASES, terminal)).toBe(`Asked Postfix's own smtpd:
    case                               before           after
  ✓ first mail from an unknown client  250 accepted     450 deferred
  ✓ relaying by an unknown client      454 no relaying  554 no relaying
  ✓ its retry after 60 seconds         –                250 accepted`)
  })

  it('says in full what is not as it should be, or could not be told', () => {
    const rule = 'answered by another rule: 554 5.7.1 Client host blocked by \u001b[2J'
    const text = proofTable(
      [
        {
          case: 'first mail',
          expected: 'deferred',
          before: '250 2.1.5 Ok',
          answer: '250 2.1.5 Ok',
          ok: false,
        },
        {
          case: 'its retry',
          expected: 'accepted',
          answer: rule,
          ok: undefined,
          advice: 'say it \u001b[2J louder',
        },
      ],
      terminal,
    )
    expect(text).toMatch(/^ {2}✗ first mail +250 accepted +250 accepted$/m)
    expect(text).toMatch(/^ {2}\? its retry +– +see below$/m)
    expect(text).toContain('    its retry: answered by another rule: 554 5.7.1 Client host blocked by')
    expect(text).toMatch(/^ {4}say it .*louder$/m)
    expect(text).not.toContain('\u001b')
  })

  it.each([40, 60, 80, 120])('fits into %i columns', (width) => {
    const long = { ...CASES[1], case: 'mail from an authenticated user (a.very.long.service.name)' } as never
    const lines = proofTable([...CASES, long], { ...terminal, width }).split('\n')
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(Math.max(width, 60))
  })

  it('says so where nothing was asked', () => {
    expect(proofTable([], terminal)).toContain('greyctl verify --live')
  })
})
