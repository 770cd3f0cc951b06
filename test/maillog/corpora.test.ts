import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createRealHost } from '../../src/host/real.js'
import { parseEnvelope } from '../../src/maillog/envelope.js'
import { parseEvent } from '../../src/maillog/event.js'
import { YearClock } from '../../src/maillog/time.js'
import { verifySources } from '../../src/maillog/verify.js'

const directory = join(process.env.GREYCTL_CORPORA ?? '/nonexistent', 'logs')
const there = existsSync(directory)
if (!there) console.log('skipped: logs of real servers (GREYCTL_CORPORA names no directory with logs/)')

describe.skipIf(!there)('logs of real servers', () => {
  const files = there ? readdirSync(directory) : []

  it.each(files)('%s is read to its end', async (name) => {
    const report = await verifySources(createRealHost(), { files: [join(directory, name)] })
    const text = readFileSync(join(directory, name), 'latin1')
    expect(report.window.lines).toBe(text.split('\n').length - (text.endsWith('\n') ? 1 : 0))
    const { greylisted, passed, neverRetried } = report.counts
    expect(passed + neverRetried).toBe(greylisted)
  })

  it('every line of a Postfix daemon is given to its program', () => {
    const lines = files
      .filter((name) => name.endsWith('.log'))
      .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n'))
      .filter((line) => /^(?:[A-Z][a-z]{2} [ \d]\d \d\d:|\d{4}-).* postfix\/\w+\[\d+\]: /.test(line))
    expect(lines.length).toBeGreaterThan(50)
    const clock = new YearClock(1_795_000_000)
    for (const line of lines) {
      const envelope = parseEnvelope(line, clock)
      expect([line, envelope?.program.startsWith('postfix/')]).toEqual([line, true])
      expect(envelope?.time).toBeGreaterThan(0)
    }
  })

  it('a reject that is none of greylisting is not taken for one', () => {
    const bodies = files
      .flatMap((name) => readFileSync(join(directory, name), 'utf8').split('\n'))
      .map((line) => /(?:NOQUEUE|[0-9A-F]{8,}): (?:milter-)?reject: .*/.exec(line)?.[0] ?? '')
      .filter((body) => body !== '')
    expect(bodies.length).toBeGreaterThan(30)
    for (const body of bodies) {
      const deferred = parseEvent('postfix/smtpd', body)?.kind === 'deferred'
      if (deferred) expect(body).toMatch(/gr[ae]y|try again later/i)
      else expect(body).not.toMatch(/: 45\d .*rejected: Greylisted/)
    }
  })
})
