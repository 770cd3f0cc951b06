import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatDump, type Pair, readDump } from '../../src/migration/berkeley-dump.js'
import { spokenOptions } from '../../src/migration/postgrey.js'
import { clientRecord, isHashed, postgreyPair, tripletRecord } from '../../src/migration/postgrey-record.js'
import { readSqlDump } from '../../src/migration/sql-dump.js'

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const item of items) list.push(item)
  return list
}

describe("Berkeley DB's dump", () => {
  it('is read as it was written', async () => {
    const bytes = fc.uint8Array({ maxLength: 30 }).map((array) => Buffer.from(array).toString('latin1'))
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(bytes, bytes)), async (pairs) => {
        expect(await all(readDump(formatDump(pairs as Pair[]).split('\n')))).toEqual(pairs)
      }),
    )
  })

  it.each([
    ['VERSION=3\nformat=print\nHEADER=END\n a\n b\nDATA=END', 'not in hexadecimal'],
    ['VERSION=3\nformat=bytevalue\nHEADER=END\n 61\n 62', 'ends too early'],
    ['VERSION=3\nformat=bytevalue\nHEADER=END\n 61\nDATA=END', 'ends too early'],
    ['VERSION=3\nformat=bytevalue\nHEADER=END\nzz\nDATA=END', 'no line of a dump'],
  ])('%j is an error', async (text, why) => {
    await expect(all(readDump(text.split('\n')))).rejects.toThrow(why)
  })
})

describe("postgrey's records", () => {
  const rules = { delay: 300, ipv4Prefix: 24, ipv6Prefix: 64 }
  const key = (network: string, sender: string, recipient: string) => `t${network}\n${sender}\n${recipient}`

  it.each([
    ['192.0.2.0/a@b.org/c@d.com', '100,400', key('192.0.2.0', 'a@b.org', 'c@d.com'), 1],
    ['192.0.2.0/a@b.org/c@d.com', '100,399', key('192.0.2.0', 'a@b.org', 'c@d.com'), 0],
    ['192.0.2.0//c@d.com', '100,400,x', key('192.0.2.0', '', 'c@d.com'), 1],
    ['192.0.2.0/a/b@c.org/x/y@d.com', '100,400', key('192.0.2.0', 'a/b@c.org', 'x/y@d.com'), 1],
    ['192.0.2.0/root/c@d.com', '100,400', key('192.0.2.0', 'root', 'c@d.com'), 1],
    ['192.0.2.5/32/a@b.org/c@d.com', '100,400', key('192.0.2.0', 'a@b.org', 'c@d.com'), 1],
    ['2001:db8:1:2:0:0:0:0/a@b.org/c@d.com', '1,2', key('2001:db8:1:2:0:0:0:0', 'a@b.org', 'c@d.com'), 0],
  ])('%s %s', (theirs, value, ours, count) => {
    expect(tripletRecord(theirs, value, rules)).toEqual([ours, expect.objectContaining({ count })])
  })

  it('of clients', () => {
    expect(clientRecord('2001:DB8:0:0:0:0:0:9', '3,1000')).toEqual([
      'c2001:db8:0:0:0:0:0:9',
      { first: 1000, last: 1000, count: 3 },
    ])
  })

  it.each(['da39a3ee5e6b4b0d3255bfef95601890afd80709', 'nonsense', '192.0.2.0', '192.0.2.0/a@b.org'])(
    '%s is none',
    (theirs) => expect(tripletRecord(theirs, '100,400', rules)).toBeUndefined(),
  )

  it('hashes are told apart', () => {
    expect(isHashed('da39a3ee5e6b4b0d3255bfef95601890afd80709')).toBe(true)
    expect(isHashed('192.0.2.0/a@b.org/c@d.com')).toBe(false)
  })

  it('go there and back: what has passed has passed, what waits waits', () => {
    for (const [count, first, last] of [
      [1, 1000, 1060],
      [0, 1000, 1500],
      [1, 1000, 9000],
    ] as const) {
      const pair = postgreyPair(key('192.0.2.0', 'a@b.org', 'c@d.com'), { first, last, count }, 300)
      expect(tripletRecord(pair?.[1] ?? '', pair?.[2] ?? '', rules)?.[1]).toMatchObject({ first, count })
    }
  })

  it('pools, and what is expected, have no word there', () => {
    const record = { first: 1000, last: 1000, count: 1 }
    for (const name of [key('@b.org', 'a@b.org', 'c@d.com'), 'c@b.org', 'ea@b.org\n', 'e#']) {
      expect(postgreyPair(name, record, 300)).toBeUndefined()
    }
  })

  it('options are read from where Debian has them', () => {
    const text = '# POSTGREY_OPTS="--delay=1"\nPOSTGREY_OPTS="--inet=10023 --delay=50 --ipv4cidr 22"\n'
    expect(spokenOptions(text)).toEqual({ delay: 50, ipv4Prefix: 22 })
    expect(spokenOptions('')).toEqual({ delay: undefined, ipv4Prefix: 24 })
  })
})

describe('dumps of SQL databases', () => {
  const tables = new Set(['connect'])
  const values = async (text: string) =>
    (await all(readSqlDump(text.split('\n'), tables))).map((row) => row.values)

  it('of SQLite, MySQL and PostgreSQL', async () => {
    const rows = [
      ["o'brien", 'b.org', null],
      ['x', 'line\nbreak', '2026-11-24 10:00:00'],
    ]
    expect(
      await values(`BEGIN;
INSERT INTO config VALUES('version','3');
INSERT INTO "connect" VALUES('o''brien','b.org',NULL);
INSERT INTO connect VALUES('x','line
break','2026-11-24 10:00:00');
COMMIT;`),
    ).toEqual(rows)
    expect(
      await values(
        "LOCK TABLES `connect` WRITE;\nINSERT INTO `connect` VALUES ('o\\'brien','b.org',NULL),('x','line\nbreak','2026-11-24 10:00:00');\n",
      ),
    ).toEqual(rows)
    const copied = await all(
      readSqlDump(
        `COPY public.other (a) FROM stdin;
INSERT INTO connect VALUES ('not a statement');
\\.
COPY public.connect (sender_name, sender_domain, src) FROM stdin;
o'brien\tb.org\t\\N
x\tline\\nbreak\t2026-11-24 10:00:00
\\.`.split('\n'),
        tables,
      ),
    )
    expect(copied.filter(({ table }) => table === 'connect').map((row) => row.values)).toEqual(rows)
    expect(copied.at(-1)?.columns).toEqual(['sender_name', 'sender_domain', 'src'])
  })

  it('cut short are an error', async () => {
    await expect(values("INSERT INTO connect VALUES('a")).rejects.toThrow('in the middle')
    await expect(values('COPY connect (a) FROM stdin;\na')).rejects.toThrow('in the middle')
  })
})
