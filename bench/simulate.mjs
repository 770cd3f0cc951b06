/**
 * How long good mail waits, and what spam gets through: two weeks of both on a simulated clock (policy_test_time), asked of
 * each greylister in turn. greyctl has no whitelist of clients; postgrey has its own. `--write` writes docs/good-mail.md and
 * its section of docs/benchmarks.md.
 */
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { installPackages } from '../test/debian.mjs'
import { machinesOf, PROVIDERS, spfOf, spfRecord, UNNAMED } from './providers.mjs'
import { GOOD_MAIL, withSection } from './section.mjs'
import { compile, freePort, ownDirectory } from './servers.mjs'

const START = 1_760_000_000
const TWO_WEEKS = 14 * 86_400
const MESSAGES = 30
const random = generator(7)

/** The same numbers at every run (mulberry32). */
function generator(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
const below = (n) => Math.floor(random() * n)

const SENDERS = [...PROVIDERS, UNNAMED]

/** Every try of every mail: { id, kind, at (seconds), address, name, sender, recipient }, a mail's tries in order. */
function goodMail() {
  return SENDERS.flatMap((provider, index) => {
    const machines = machinesOf(provider, index)
    return Array.from({ length: MESSAGES }, (_, n) => {
      const begin = below(TWO_WEEKS)
      const first = below(machines.length)
      const mail = {
        kind: provider === UNNAMED ? 'unnamed' : 'good',
        sender: `person${index}x${n}@${provider.domain}`,
        recipient: `user${below(20)}@mx.example`,
      }
      return [0, ...provider.retries].map((offset, attempt) => ({
        ...mail,
        id: `${provider.domain}/${n}`,
        at: begin + offset,
        ...machines[(first + attempt) % machines.length],
      }))
    })
  })
}

const SPAM = {
  'never comes back': () => [0],
  'comes back within seconds': () => [0, 3, 9, 20, 41],
  'botnet, other networks': () => Array.from({ length: 40 }, (_, n) => n * 300),
  'botnet, one access provider': () => Array.from({ length: 40 }, (_, n) => n * 300),
  'botnet, its own domain names it': () => Array.from({ length: 40 }, (_, n) => n * 300),
}

const domainOf = (kind) => `${kind.replace(/\W+/g, '-')}.example`

/** Lines of many providers; a domain of the spammer's says that they may send for it. */
const NAMED_BOTS = Array.from({ length: 40 }, (_, n) => {
  const address = `${100 + n}.${n * 6}.113.${n + 9}`
  return { address, name: `dsl-${address.replaceAll('.', '-')}.isp${n}.example` }
})

function spam() {
  return Object.entries(SPAM).flatMap(([kind, offsets]) =>
    Array.from({ length: 100 }, (_, n) => {
      const begin = below(TWO_WEEKS)
      const sender = `offer${n}@${domainOf(kind)}`
      const same = bot(kind, 0)
      return offsets().map((offset, attempt) => ({
        id: `${kind}/${n}`,
        kind,
        at: begin + offset,
        sender,
        recipient: `user${below(20)}@mx.example`.replace(/\d+/, String(n % 20)),
        ...(kind.startsWith('botnet') ? bot(kind, attempt) : same),
      }))
    }),
  )
}

/** `attempt`: no machine comes twice. */
function bot(kind, attempt) {
  if (kind === 'botnet, its own domain names it') return NAMED_BOTS[attempt]
  const parts = [11 + below(80), below(256), below(256), 1 + below(254)]
  const provider = kind === 'botnet, one access provider'
  const name = provider
    ? `dsl-${parts.join('-')}.dyn.access.example`
    : random() < 0.5
      ? 'unknown'
      : `host${below(1e6)}.isp${below(1e6)}.example`
  return { address: parts.join('.'), name }
}

/** One connection, one request at a time. */
async function asker(port) {
  const socket = connect(port, '127.0.0.1')
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  let text = ''
  let take = () => {}
  socket.on('data', (chunk) => {
    text += chunk
    if (text.endsWith('\n\n')) take()
  })
  return {
    async ask({ at, address, name, sender, recipient, id }) {
      const answered = new Promise((resolve) => {
        take = resolve
      })
      socket.write(
        `request=smtpd_access_policy\nclient_address=${address}\nclient_name=${name}\nsender=${sender}\nrecipient=${recipient}\ninstance=${id}/${at}\npolicy_test_time=${START + at}\n\n`,
      )
      await answered
      const answer = text
      text = ''
      return /DEFER/i.test(answer) ? 'deferred' : 'passed'
    },
    close: () => socket.destroy(),
  }
}

/** Plays all mails in the order of their tries; a mail that passed is not sent again. */
async function play(port, mails) {
  const client = await asker(port)
  const tries = mails.flat().sort((a, b) => a.at - b.at)
  const passed = new Map()
  for (const one of tries) {
    if (passed.has(one.id)) continue
    if ((await client.ask(one)) === 'passed') passed.set(one.id, one.at)
    // a simulated minute takes no time: the DNS gets as long as it would have had
    else await new Promise((resolve) => setTimeout(resolve, one.kind in SPAM ? 0 : 10))
  }
  client.close()
  return passed
}

const mean = (list) => Math.round(list.reduce((sum, one) => sum + one, 0) / list.length)

function judge(mails, passed) {
  const good = mails.filter(([first]) => first.kind === 'good')
  const waited = (list) =>
    list.flatMap(([first]) => (passed.has(first.id) ? [passed.get(first.id) - first.at] : []))
  const delays = waited(good)
  const unnamed = waited(mails.filter(([first]) => first.kind === 'unnamed'))
  const through = Object.fromEntries(
    Object.keys(SPAM).map((kind) => [
      kind,
      mails.filter(([first]) => first.kind === kind && passed.has(first.id)).length,
    ]),
  )
  return {
    messages: good.length,
    mean: mean(delays),
    worst: Math.max(...delays),
    atOnce: delays.filter((delay) => delay === 0).length,
    lost: good.length - delays.length,
    unnamed: mean(unnamed),
    through,
  }
}

async function listening(port, child) {
  for (let n = 0; n < 200; n += 1) {
    if (child.exitCode !== null) throw new Error('a server did not start')
    const open = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false))
      socket.once('close', () => {})
      setTimeout(() => socket.destroy(), 50)
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error('a server does not listen')
}

function installed(program, packages) {
  return existsSync(program) || (installPackages(...packages) && existsSync(program))
}

/** A DNS that knows the providers' SPF records and nothing else. */
async function startDns(scratch) {
  if (!installed('/usr/sbin/dnsmasq', ['dnsmasq-base']))
    throw new Error('dnsmasq is needed: apt-get install dnsmasq-base')
  const port = await freePort()
  const own = spfRecord(NAMED_BOTS.map(({ address }) => `ip4:${address}`))
  const records = [
    ...SENDERS.map((provider, index) => `txt-record=${provider.domain},${spfOf(provider, index)}`),
    `txt-record=${domainOf('botnet, its own domain names it')},${own}`,
  ]
  const conf = join(scratch, 'dnsmasq.conf')
  writeFileSync(
    conf,
    [
      `port=${port}`,
      'listen-address=127.0.0.1',
      'bind-interfaces',
      'no-resolv',
      'no-hosts',
      'local=/#/',
      'user=root',
      ...records,
      '',
    ].join('\n'),
  )
  const child = spawn('/usr/sbin/dnsmasq', ['--keep-in-foreground', `--conf-file=${conf}`, '--pid-file='], {
    stdio: 'inherit',
  })
  await listening(port, child)
  return { port, child }
}

async function main() {
  const scratch = mkdtempSync(join(tmpdir(), 'greyctl-simulate-'))
  const children = []
  const start = async (argv) => {
    const port = await freePort()
    const child = spawn(
      argv[0],
      argv.slice(1).map((word) => word.replace('{port}', port)),
      { stdio: 'ignore' },
    )
    children.push(child)
    await listening(port, child)
    return { port, end: () => child.kill() }
  }
  try {
    const dns = await startDns(scratch)
    children.push(dns.child)
    const program = compile(scratch)
    const empty = join(scratch, 'empty')
    writeFileSync(empty, '')
    const ours = (...options) => [
      process.execPath,
      join(program, 'dist/daemon/main.js'),
      '--inet=127.0.0.1:{port}',
      '--store=memory:',
      '--config=/dev/null',
      '--test-clock',
      '--quiet',
      `--whitelist-clients=${empty}`,
      `--whitelist-recipients=${empty}`,
      ...options,
    ]
    const postgrey = (database, ...options) => [
      '/usr/sbin/postgrey',
      '--inet=127.0.0.1:{port}',
      `--dbdir=${database}`,
      '--quiet',
      ...options,
    ]
    const servers = [
      ['greyctl, 60 s, no whitelist', ours(`--resolver=127.0.0.1:${dns.port}`)],
      ['greyctl --identity=subnet, 60 s, no whitelist', ours('--identity=subnet')],
    ]
    if (installed('/usr/sbin/postgrey', ['postgrey'])) {
      const directories = ['a', 'b'].map((name) => join(scratch, name))
      for (const directory of directories) ownDirectory(directory, 'postgrey')
      spawnSync('chmod', ['755', scratch])
      servers.push(['postgrey, 300 s, its whitelist', postgrey(directories[0], '--delay=300')])
      servers.push([
        'postgrey, 300 s, no whitelist',
        postgrey(directories[1], '--delay=300', `--whitelist-clients=${empty}`),
      ])
    } else console.log('skipped: postgrey, which cannot be installed here')
    const mails = [...goodMail(), ...spam()]
    const rows = []
    for (const [name, argv] of servers) {
      const server = await start(argv)
      rows.push({ name, ...judge(mails, await play(server.port, mails)) })
      server.end()
    }
    report(rows)
  } finally {
    for (const child of children) child.kill()
    rmSync(scratch, { recursive: true, force: true })
  }
}

function report(rows) {
  const kinds = Object.keys(SPAM)
  const head = [
    'greylister',
    'mean delay, s',
    'worst, s',
    'at once',
    'lost',
    'mean delay of a pool without names, s',
    ...kinds.map((kind) => `spam: ${kind}`),
  ]
  const table = [
    `| ${head.join(' | ')} |`,
    `|${head.map(() => ' --- |').join('')}`,
    ...rows.map(
      ({ name, mean, worst, atOnce, lost, unnamed, through }) =>
        `| ${[name, mean, worst, atOnce, lost, unnamed, ...kinds.map((kind) => through[kind])].join(' | ')} |`,
    ),
  ].join('\n')
  console.log(table)
  if (!process.argv.includes('--write')) return
  writeFileSync(new URL('../docs/good-mail.md', import.meta.url), page(rows[0].messages, table))
  const benchmarks = new URL('../docs/benchmarks.md', import.meta.url)
  const text = withSection(readFileSync(benchmarks, 'utf8'), GOOD_MAIL, section(rows[0].messages, table))
  writeFileSync(benchmarks, text)
}

const section = (messages, table) => `## ${GOOD_MAIL}

Written by \`npm run simulate -- --write\`: two weeks on a simulated clock, ${messages} mails of fresh senders with known retry
schedules, and 100 spam mails of each kind, to each greylister in turn ([more](good-mail.md)).

${table}
`

const page = (messages, table) => `# How long good mail waits

Written by \`npm run simulate -- --write\`: two weeks on a simulated clock, ${messages} mails of fresh senders from ten
providers with their known retry schedules and from a pool of fifteen machines (bench/providers.mjs), of a pool whose machines
have no names, and 100 spam mails of each kind. Every greylister is asked the same. greyctl has no whitelist of clients at all here: what makes the
difference is that a retry counts from any machine of the same verified organisation, and that an organisation that has
proven itself is not greylisted any more ([decision 7](decisions/0007-pools.md)).

${table}
`

await main()
