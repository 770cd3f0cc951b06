import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createRealHost } from '../../src/host/real.js'
import { parseEnvelope } from '../../src/maillog/envelope.js'
import { isPostfix } from '../../src/maillog/event.js'
import { parseEvent } from '../../src/maillog/parse-event.js'
import { YearClock } from '../../src/maillog/time.js'
import { verifySources } from '../../src/maillog/verify.js'

const directory = join(process.env.GREYCTL_CORPORA ?? '/nonexistent', 'logs')
const there = existsSync(directory)
if (!there) console.log('skipped: logs of real servers (GREYCTL_CORPORA names no directory with logs/)')

/** A case of a test collection as the line that it is about. */
function lineOf(text: string): string {
  const [name = '', program, ...body] = text.split('\t')
  if (body.length > 0) return `Nov 23 10:00:00 mx ${program || 'unknown'}[1]: ${body.join('\t')}`
  const daemon = /^([a-z]+)_\d{4}$/.exec(name)?.[1]
  if (daemon !== undefined) return `Nov 23 10:00:00 mx postfix/${daemon}[1]: ${program}`
  return text.replace(/^log \d+ (?:pass|fail) = /, '')
}

function kindOf(text: string, clock: YearClock): string {
  const envelope = parseEnvelope(lineOf(text), clock)
  if (envelope === undefined) return 'empty'
  const { program, body } = envelope
  const event = parseEvent(program, body)
  if (event !== undefined) return event.kind
  if (program === '') return 'no log line'
  return isPostfix(program) ? 'of Postfix, not about greylisting' : 'of other programs'
}

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

  it('each line is understood, or counted as not ours', () => {
    const counts = files.map((name) => {
      const lines = readFileSync(join(directory, name), 'utf8').replace(/\n$/, '').split('\n')
      const clock = new YearClock(1_795_000_000)
      const kinds: Record<string, number> = {}
      for (const line of lines) {
        const kind = kindOf(line, clock)
        kinds[kind] = (kinds[kind] ?? 0) + 1
      }
      expect(Object.values(kinds).reduce((a, b) => a + b, 0)).toBe(lines.length)
      return `${name}: ${Object.keys(kinds)
        .sort()
        .map((kind) => `${kind} ${kinds[kind]}`)
        .join(', ')}`
    })
    expect(counts).toMatchSnapshot()
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
