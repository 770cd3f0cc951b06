import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { greyctl } from './run.js'

/** What whoever sends mail can bring into a log, and what the commands that read it print. */
const directory = mkdtempSync(join(tmpdir(), 'greyctl-hostile-'))
const log = join(directory, 'mail.log')
afterAll(() => rmSync(directory, { recursive: true }))

/** Bytes that no terminal should get, as they may stand in an address, a HELO or a name. */
const BYTES: readonly Buffer[] = [
  Buffer.from('\u001b]0;owned\u0007\u001b[2J'),
  Buffer.from('\u009b31m\u0085\u007f'),
  Buffer.from('\u202egro.elpmaxe\u2066\u2028'),
  Buffer.from([0x9b, 0x33, 0x31, 0x6d, 0xff, 0xfe, 0xc3]),
  Buffer.from([0x61, 0x00, 0x62]),
  Buffer.from('\b\b\b\r'),
]

function line(at: number, ...parts: readonly (string | Buffer)[]): Buffer {
  const time = new Date(Date.UTC(2026, 10, 23, 10) + at * 1000).toISOString()
  return Buffer.concat([
    Buffer.from(`${time} mx `),
    ...parts.map((part) => Buffer.from(part)),
    Buffer.from('\n'),
  ])
}

beforeAll(() => {
  const lines = BYTES.flatMap((bytes, at) => {
    const sender = Buffer.concat([Buffer.from('a'), bytes, Buffer.from('@example.org')])
    const about: (string | Buffer)[] = [
      ', client_name=h',
      bytes,
      `.test, client_address=192.0.${at}.10, sender=`,
      sender,
      ', recipient=b@mx.test',
    ]
    return [
      line(at, 'postgrey[1]: action=greylist, reason=new', ...about),
      line(
        at,
        `postfix/smtpd[2]: NOQUEUE: reject: RCPT from h`,
        bytes,
        `.test[192.0.${at}.10]: 450 4.2.0 <b@mx.test>: Recipient address rejected: Greylisted, see http://x; from=<`,
        sender,
        '> to=<b@mx.test> proto=ESMTP helo=<',
        bytes,
        '>',
      ),
      line(at + 400, 'postgrey[1]: action=pass, reason=triplet found, delay=400', ...about),
      line(at + 500, 'postgrey[1]: action=pass, reason=client whitelist ', bytes, ...about),
      line(
        at + 600,
        'postgrey[1]: action=greylist, reason=new, client_name=',
        bytes,
        `, client_address=198.51.${at}.10, sender=`,
        bytes,
        ', recipient=',
        bytes,
      ),
    ]
  })
  writeFileSync(
    log,
    Buffer.concat([...lines, line(90_000, 'postfix/anvil[1]: statistics: ', Buffer.alloc(1 << 20, 0x1b))]),
  )
})

/** Everything that is neither printable nor a line feed, and what changes the order in which a line is read. */
const DANGEROUS =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/u

describe('a log that attackers wrote', () => {
  it.each([
    ['verify'],
    ['verify', '--json'],
    ['verify', '--nagios'],
    ['report', '--top', '0'],
    ['report', '--top', '0', '--json'],
    ['report', '--top', '0', '--csv'],
    ['report', '--csv', '--table', 'never-came-back'],
    ['why', 'b@mx.test'],
    ['why', 'b@mx.test', '--json'],
    ['classify'],
    ['classify', '--json'],
    ['preview'],
    ['preview', '--json'],
  ])('sends nothing to a terminal but text: greyctl %s %s %s %s', async (...argv) => {
    const { code, stdout, stderr } = await greyctl([...argv, '--log', log])
    expect(stderr).not.toMatch(DANGEROUS)
    // RFC 4180
    const text = argv.includes('--csv') ? stdout.replaceAll('\r\n', '\n') : stdout
    expect(text).not.toMatch(DANGEROUS)
    expect(stdout).not.toContain('\ufffd')
    expect(code).toBeLessThan(2)
    if (argv.includes('--json')) expect(JSON.parse(stdout)).not.toHaveProperty('error')
  })

  it('counts what they did as it was', async () => {
    const { stdout } = await greyctl(['verify', '--json', '--log', log])
    expect(JSON.parse(stdout)).toMatchObject({
      verdict: 'working',
      counts: { greylisted: 2 * BYTES.length, passed: BYTES.length, whitelisted: BYTES.length },
      delay: { median: 400 },
    })
  })

  it('writes a page without a byte of theirs', async () => {
    const page = join(directory, 'page.html')
    const { code } = await greyctl(['report', '--top', '0', '--log', log, '--html', page])
    expect(code).toBe(0)
    const text = readFileSync(page, 'utf8')
    const body = text.slice(text.indexOf('<body'), text.indexOf('</main>'))
    expect(body.length).toBeGreaterThan(5000)
    expect(body.replaceAll(/[\u2028\u2029]/g, '\u2028')).not.toMatch(DANGEROUS)
  })
})
