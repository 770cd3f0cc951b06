import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import { describeServer, otherGreylister } from '../../src/setup/found.js'
import { renderFound } from '../../src/ui/wizard.js'
import { freshServer, STOCK_MAIN_CF } from '../setup/fixtures.js'

const terminal = { style: new Chalk({ level: 0 }), width: 80, interactive: true, unicode: true }
const view = (found: ReturnType<typeof describeServer>) => ({
  found,
  other: undefined,
  canPostgrey: true,
  delay: 60,
})
const postfix = {
  version: '3.7.11',
  ownDomains: ['example.test', `${'long.'.repeat(30)}example`],
  mynetworks: ['127.0.0.0/8'],
} as never

describe('what the wizard found', () => {
  it('fits into 80 columns, and shows nothing that a terminal would obey', () => {
    const hostile = { ...(postfix as object), mynetworks: ['\u001b[2J'] } as never
    const text = renderFound(view(describeServer(freshServer({ postfix: hostile }))), terminal)
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80)
    expect(text).not.toContain('\u001b')
    expect(text).toMatch(/Postfix +3\.7\.11, running, \/etc\/postfix\/main\.cf/)
  })

  it('names a greylister that is asked already, and where', () => {
    const mainCf = Buffer.from(
      `${STOCK_MAIN_CF}smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:2501\n`,
    )
    const facts = freshServer({ mainCf })
    expect(otherGreylister(facts)).toMatchObject({ greylister: 'sqlgrey', line: 6 })
    expect(renderFound(view(describeServer(facts)), terminal)).toContain(
      'sqlgrey at inet:127.0.0.1:2501 (line 6)',
    )
    expect(otherGreylister(freshServer({ mainCf: undefined }))).toBeUndefined()
  })
})
