import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampleLog } from '../../scripts/sample-log.mjs'
import { number } from '../../src/ui/report/words.js'
import { greyctl } from '../cli/run.js'
import { installPackages } from '../debian.mjs'

/** The table "Beside other tools" of docs/report.md, held by running them: Debian's packages, installed here where they are missing. */
const LOGWATCH = '/usr/share/logwatch/scripts/services/postfix'
const PROGRAMS = ['/usr/bin/postgreyreport', '/usr/sbin/pflogsumm', LOGWATCH]
const are = () => PROGRAMS.every((path) => existsSync(path))
const runnable = are() || (installPackages('postgrey', 'pflogsumm', 'logwatch') && are())
if (!runnable) console.log('skipped: postgrey, pflogsumm and logwatch cannot be installed here')

const directory = mkdtempSync(join(tmpdir(), 'greyctl-tools-'))
afterAll(() => rmSync(directory, { recursive: true }))

const PAGE = readFileSync(join(import.meta.dirname, '../../docs/report.md'), 'utf8')

/** The cells of a row of the page's table. */
function row(name: string): readonly string[] {
  const line = PAGE.split('\n').find((one) => one.startsWith(`| ${name} |`)) ?? ''
  return line
    .split('|')
    .slice(2, -1)
    .map((cell) => cell.trim())
}

function output(argv: readonly string[], input: string): string {
  const [program = '', ...words] = argv
  const { stdout, status } = spawnSync(program, words, {
    input,
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC' },
  })
  expect([argv, status]).toEqual([argv, 0])
  return stdout
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

function traditional(log: string): string {
  return log.replace(
    /^\d{4}-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)\.\d+Z/gm,
    (_, month: string, day: string, time: string) => {
      return `${MONTHS[Number(month) - 1]} ${String(Number(day)).padStart(2)} ${time}`
    },
  )
}

const DECISION =
  /^(\S+) mx postgrey\[\d+\]: action=\w+, reason=(?:new|early-retry|triplet).*client_name=(\S+), client_address=(\S+), sender=(\S+), recipient=(\S+)$/

/** What postgrey's database would hold of these triplets: when each was first and last seen, by its key. */
function database(log: string): string {
  const seen = new Map<string, [first: number, last: number]>()
  for (const line of log.split('\n')) {
    const [, at = '', name = '', address = '', sender = '', recipient = ''] = DECISION.exec(line) ?? []
    if (at === '') continue
    const parts = address.split('.')
    const [third = '', last = ''] = parts.slice(2)
    const alone = name === 'unknown' || (name.includes(third) && name.includes(last))
    const network = alone ? address : [...parts.slice(0, 3), '0'].join('.')
    const [user = '', domain = ''] = sender.split('@')
    const key =
      `${network}/${user.replace(/\+.*/, '').replace(/\b\d+\b/g, '#')}@${domain}/${recipient}`.toLowerCase()
    const seconds = Date.parse(at) / 1000
    seen.set(key, [seen.get(key)?.[0] ?? seconds, seconds])
  }
  return [...seen].map(([key, times]) => `${key}\t${times.join(',')}\n`).join('')
}

const FILL =
  'use BerkeleyDB; tie my %db, "BerkeleyDB::Btree", -Filename => "$ARGV[0]/postgrey.db", -Flags => DB_CREATE or die; while (<STDIN>) { chomp; my ($key, $value) = split /\\t/; $db{$key} = $value }'

interface Answer {
  readonly counts: {
    readonly greylisted: number
    readonly passed: number
    readonly earlyRetries: number
    readonly whitelisted: number
  }
  readonly outcome: { readonly elsewhere: number; readonly waiting: number; readonly neverCameBack: number }
  readonly window: { readonly lines: number }
}

describe.skipIf(!runnable)('beside other tools', () => {
  it('says what takes the place of each option that postgreyreport has', () => {
    const { stdout } = spawnSync('/usr/bin/postgreyreport', ['--help'], { encoding: 'utf8' })
    const options = new Set(stdout.match(/(?<=^\s+(?:-h, )?--)[a-z]\w+(?:-\w+)*/gm))
    for (const common of ['help', 'version']) options.delete(common)
    expect(options.size).toBeGreaterThan(12)
    const table = /## In place of postgreyreport\n([\s\S]*?)\n## /.exec(PAGE)?.[1]
    for (const option of options) expect(table).toContain(`--${option}`)
  })

  const log = sampleLog().replaceAll(' mx greyctl[', ' mx postgrey[')
  let ours: Answer

  beforeAll(async () => {
    const path = join(directory, 'mail.log')
    writeFileSync(path, log)
    ours = JSON.parse((await greyctl(['report', '--json', '--log', path])).stdout)
  })

  it('greyctl', () => {
    const { counts, outcome, window } = ours
    const { elsewhere, waiting, neverCameBack } = outcome
    const never = elsewhere + waiting + neverCameBack
    expect(PAGE).toContain(`${number(window.lines)} lines, ${number(counts.greylisted)} triplets deferred`)
    expect(row('triplets deferred')[0]).toBe(number(counts.greylisted))
    expect(row('deferrals')[0]).toBe(
      `${number(counts.greylisted + counts.earlyRetries)}: ${number(counts.greylisted)} and ${counts.earlyRetries} early retries`,
    )
    expect(row('accepted later')[0]).toBe(number(counts.passed))
    expect(row('never accepted')[0]).toBe(
      `${number(never)}: ${neverCameBack} never came back, ${elsewhere} got through from another network, ${waiting} may still come`,
    )
    expect(row('whitelisted, by reason')[0]).toBe(number(counts.whitelisted))
  })

  it('postgreyreport, with a database that belongs to the log', () => {
    mkdirSync(join(directory, 'db'))
    output(['perl', '-e', FILL, join(directory, 'db')], database(log))
    const lines = output(
      ['/usr/bin/postgreyreport', '--user=root', `--dbdir=${join(directory, 'db')}`, '--delay=60'],
      log,
    )
    expect(row('never accepted')[1]).toBe(`${number(lines.trimEnd().split('\n').length)} lines`)
    // an address that it cannot read, and a null sender
    const unread = log.replaceAll(/client_address=\S+|\[\d+\.\d+\.\d+\.\d+\]/g, (found) =>
      found.replace(/\d+\.\d+\.\d+\.\d+/, '2001:db8::1'),
    )
    expect(
      output(['/usr/bin/postgreyreport', '--user=root', `--dbdir=${join(directory, 'db')}`], unread),
    ).toBe('')
  })

  it('pflogsumm', () => {
    const rejected = /^\s+(\d+)\s+rejected/m.exec(output(['/usr/sbin/pflogsumm'], log))?.[1]
    expect(row('deferrals')[2]).toBe(`${number(Number(rejected))}, as rejects`)
  })

  it('logwatch, which reads traditional stamps', () => {
    const told = output(['perl', LOGWATCH], traditional(log))
    const rejects = /^\s+(\d+)\s+Total 4xx Rejects/m.exec(told)?.[1]
    expect(row('deferrals')[3]).toBe(`${number(Number(rejects))}, as 4xx rejects`)
    expect(output(['perl', LOGWATCH], log)).not.toContain('Rejects')
  })
})
