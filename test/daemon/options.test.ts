import { describe, expect, it } from 'vitest'
import { parseOptions } from '../../src/daemon/options.js'

const parse = (...argv: string[]) => parseOptions(['--inet=10023', ...argv], { config: '/nowhere' })
const DAY = 86_400

describe('options', () => {
  it('have the defaults that CLI and help promise', () => {
    expect(parse()).toMatchObject({
      endpoints: [{ kind: 'inet', host: '127.0.0.1', port: 10_023 }],
      store: { kind: 'lmdb', directory: '/var/lib/greyctl/store' },
      durability: 'strict',
      policy: {
        delay: 60,
        retryWindow: 2 * DAY,
        maxAge: 35 * DAY,
        autoWhitelist: 5,
        ipv4Prefix: 24,
        ipv6Prefix: 64,
        learn: false,
      },
      clientFiles: ['/etc/greyctl/whitelist_clients', '/etc/greyctl/whitelist_clients.local'],
      recipientFiles: ['/etc/greyctl/whitelist_recipients', '/etc/greyctl/whitelist_recipients.local'],
      action: 'DEFER_IF_PERMIT',
      facility: 'mail',
      daemonize: false,
      testClock: false,
    })
  })

  it.each<[string[], object]>([
    [['--delay', '300'], { policy: { delay: 300 } }],
    [['--delay=0'], { policy: { delay: 0 } }],
    [['--durability=relaxed'], { durability: 'relaxed' }],
    [['--retry-window=6h'], { policy: { retryWindow: 6 * 3600 } }],
    [['--max-age=10'], { policy: { maxAge: 10 * DAY } }],
    [['--auto-whitelist-clients'], { policy: { autoWhitelist: 5 } }],
    [['--auto-whitelist-clients=10'], { policy: { autoWhitelist: 10 } }],
    [['--auto-whitelist-clients', '7', '-v'], { policy: { autoWhitelist: 7 }, verbose: true }],
    [['--auto-whitelist-clients', '--quiet'], { policy: { autoWhitelist: 5 }, quiet: true }],
    [['--auto-whitelist-clients=0'], { policy: { autoWhitelist: 0 } }],
    [['--lookup-by-host'], { policy: { ipv4Prefix: 32, ipv6Prefix: 128 } }],
    [
      ['--lookup-by-subnet', '--ipv4cidr=20', '--ipv6cidr=48'],
      { policy: { ipv4Prefix: 20, ipv6Prefix: 48 } },
    ],
    [['-delay=30'], { policy: { delay: 30 } }],
    [['--dbdir=/x'], { store: { kind: 'lmdb', directory: '/x' } }],
    [['--store=memory:'], { store: { kind: 'memory' } }],
    [['--whitelist-clients=/a', '--whitelist-clients=/b'], { clientFiles: ['/a', '/b'] }],
    [['--greylist-action=451', '--greylist-text=later'], { action: '451', text: 'later' }],
    [['--greylist-text='], { text: 'Greylisted, try again in %s seconds' }],
    [['--quiet', '--verbose'], { quiet: true, verbose: false }],
    [['--facility=local3'], { facility: 'local3' }],
    [
      ['-d', '--pidfile=/run/x', '--user=a', '--group=b'],
      { daemonize: true, pidfile: '/run/x', user: 'a', group: 'b' },
    ],
    // as Getopt::Long takes them, and so postgrey
    [['--dela=5'], { policy: { delay: 5 } }],
    [['--DELAY', '7'], { policy: { delay: 7 } }],
    [['+delay=8'], { policy: { delay: 8 } }],
    [['--ipv4=20', '--lookup-by-s'], { policy: { ipv4Prefix: 20 } }],
    [['--lookup-by-h'], { policy: { ipv4Prefix: 32 } }],
    [['--auto', '10'], { policy: { autoWhitelist: 10 } }],
    [['--auto', '-V'], { policy: { autoWhitelist: 5 }, verbose: true }],
    [['--sys=local4', '--q'], { facility: 'local4', quiet: true }],
    [['-i=10029', '--u=/run/x'], { endpoints: [{ port: 10029 }, { path: '/run/x' }] }],
    [['--greylist-t', '-- later --'], { text: '-- later --' }],
    [['--us', 'a', '--host=mx', '--max=9'], { user: 'a', policy: { maxAge: 9 * DAY } }],
    [['--learn', '--check'], { policy: { learn: true }, check: true }],
  ])('%j', (argv, expected) => {
    expect(parse(...argv)).toMatchObject(expected)
  })

  it.each<[string, object]>([
    ['127.0.0.2:25', { host: '127.0.0.2', port: 25 }],
    ['localhost:25', { host: 'localhost', port: 25 }],
    ['[::1]:25', { host: '::1', port: 25 }],
  ])('--inet=%s', (text, expected) => {
    expect(parseOptions([`--inet=${text}`]).endpoints).toMatchObject([expected])
  })

  it('take both an address and a socket, or what systemd hands over', () => {
    expect(parse('--unix=/run/x', '--socketmode=660').endpoints).toMatchObject([
      { kind: 'inet' },
      { kind: 'unix', path: '/run/x', mode: 0o660 },
    ])
    expect(parseOptions(['--inet=10023'], { inherited: [3, 4] }).endpoints).toEqual([
      { kind: 'descriptor', descriptor: 3 },
      { kind: 'descriptor', descriptor: 4 },
    ])
  })

  it.each([
    [['--frobnicate']],
    [['word']],
    [['--delay=x']],
    [['--delay=-1']],
    [['--delay=200000']],
    [['--delay=7200', '--retry-window=1h']],
    [['--retry-window=6d']],
    [['--max-age=0']],
    [['--ipv4cidr=33']],
    [['--inet=99999']],
    [['--inet=a:b:1']],
    [['--unix=relative']],
    [['--unix=/x', '--socketmode=999']],
    [['--store=mysql://x']],
    [['--durability=none']],
    [['--greylist-action=OK']],
    [['--greylist-action=PERMIT']],
    [['--greylist-action=250']],
    [['--greylist-action=DEFER\naction=OK']],
    [['--syslog-facility=a b']],
    [['--test-clock', '--inet=192.0.2.1:10023']],
  ])('refuses %j', (argv) => {
    expect(() => parse(...argv)).toThrowError(expect.objectContaining({ code: 'usage' }))
  })

  it('must say where to listen, but not for help', () => {
    expect(() => parseOptions([])).toThrow(
      '--inet, --unix or [[listen]] in greyctl.toml must say where to listen',
    )
    expect(parseOptions(['-h']).help).toBe(true)
    expect(parseOptions(['--man']).help).toBe(true)
    expect(parseOptions(['--version']).version).toBe(true)
  })

  it('do not let a client set the time from afar', () => {
    expect(parse('--test-clock').testClock).toBe(true)
    expect(parseOptions(['--unix=/x', '--test-clock']).testClock).toBe(true)
    expect(() => parseOptions(['--test-clock'], { inherited: [3] })).toThrow('--test-clock')
  })
})
