/** docs/benchmarks.md out of the results of a run. */

const whole = (value) => Math.round(value).toLocaleString('en')
const ms = (value) => value.toFixed(value < 10 ? 2 : 0)
const times = (value) => value.toFixed(value < 3 ? 2 : 1)

function table(head, rows) {
  const lines = [head, head.map(() => '---'), ...rows]
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

function servers(results) {
  const rows = [...results].map(([name, { fresh, known }]) => [
    name,
    fresh ? whole(fresh.rate) : '',
    fresh ? `${ms(fresh.p50)} / ${ms(fresh.p99)}` : '',
    fresh ? whole(fresh.cpu) : '',
    whole(known.rate),
    `${ms(known.p50)} / ${ms(known.p99)}`,
    whole(known.cpu),
  ])
  const head = ['new triplets/s', 'p50 / p99 ms', 'CPU µs', 'known triplets/s', 'p50 / p99 ms', 'CPU µs']
  return table(['server', ...head], rows)
}

function ratios({ peers, manyStored, memory, expiry, stored, expiring }) {
  const [ours, relaxed, theirs, bare] = ['greyctl', 'greyctl, relaxed', 'postgrey', 'bare Node'].map((name) =>
    peers.get(name),
  )
  const few = manyStored.get('few')
  const many = manyStored.get('many')
  const rows = [
    ['known triplets/s', 'the bare Node server', `${times(ours.known.rate / bare.known.rate)} ×`],
    [
      `new triplets/s with ${whole(stored)} stored`,
      'with 10,000',
      `${times(many.fresh.rate / few.fresh.rate)} ×`,
    ],
    [
      `known triplets/s with ${whole(stored)} stored`,
      'with 10,000',
      `${times(many.known.rate / few.known.rate)} ×`,
    ],
    ['private memory with a million triplets (Pss_Anon)', '', `${whole(memory)} MiB`],
    [
      `longest pause of the event loop while ${whole(expiring)} triplets expire, new ones coming all the while`,
      `${ms(expiry.before)} ms before they began to`,
      `${ms(expiry.pause)} ms`,
    ],
    ['slowest answer meanwhile', '', `${ms(expiry.slowest)} ms`],
  ]
  if (theirs) {
    rows.unshift(
      ['new triplets/s', 'postgrey', `${times(ours.fresh.rate / theirs.fresh.rate)} ×`],
      ['new triplets/s, relaxed', 'postgrey', `${times(relaxed.fresh.rate / theirs.fresh.rate)} ×`],
      ['p99 of new triplets', 'postgrey', `1 / ${times(theirs.fresh.p99 / ours.fresh.p99)}`],
      ['p99 of known triplets', 'postgrey', `1 / ${times(theirs.known.p99 / ours.known.p99)}`],
      ['CPU time of a new triplet', 'postgrey', `1 / ${times(theirs.fresh.cpu / ours.fresh.cpu)}`],
      ['CPU time of a known triplet', 'postgrey', `1 / ${times(theirs.known.cpu / ours.known.cpu)}`],
      ['CPU time of a known triplet', 'the bare Node server', `${times(ours.known.cpu / bare.known.cpu)} ×`],
    )
  }
  return table(['greyctl', 'against', ''], rows)
}

function identityRows(identities) {
  const subnet = identities.get('subnet')
  const rows = [...identities].map(([name, { fresh, known }]) => [
    name,
    whole(fresh.rate),
    times(fresh.rate / subnet.fresh.rate),
    whole(known.rate),
    times(known.rate / subnet.known.rate),
  ])
  return table(['greyctl with', 'new triplets/s', 'of subnet’s', 'known triplets/s', 'of subnet’s'], rows)
}

export function page(results) {
  const { machine, seconds, rounds, connections, peers, identities } = results
  const date = new Date().toISOString().slice(0, 10)
  return `# Benchmarks

Written by \`npm run bench -- --write\` on ${date}: ${machine}.

${connections} connections, one request in flight on each, as Postfix asks; from a program in C (bench/load.c), which takes a
fraction of what the servers take. The median of ${rounds} rounds of ${seconds} s, the servers in turns. Networks are scattered, as
strangers' are; known triplets are asked for 1.5 s after new ones, when greyctl has moved those to its tree (postgrey and
sqlgrey have no such work left). Every answer is checked. All have their default settings, greyctl those of its unit, apart from the delay and the whitelists. A new
triplet is on the disk before its answer leaves; with \`--durability relaxed\`, within 50 ms of it. sqlgrey has its
SQLite; greyctl and postgrey know a client by its network. The bare server is Node's \`net\` with a constant answer: the
limit. Trust the ratios, not the figures, and neither very far where the load average says that the machine had other
work: flushes and waits for the processor then take most of the time. The CPU time of a request, user and system, of all of
a server's threads and processes and with what it does after its answers, hardly depends on that.

${servers(peers)}

${ratios(results)}

With verified names of a thousand organisations, known by their networks (\`--identity subnet\`), or as members of a pool
(\`--identity pool\`, the default), and with \`--metrics\`:

${identityRows(identities)}

What makes the difference: one frame of a journal and one flush for all requests of an event-loop turn, in place of a
transaction each (docs/decisions/0006-journal.md), which a thread of its own moves into LMDB; a filter says of new triplets
that they are new, a bounded table in front of LMDB what is known; a known triplet is written at most once an hour; a
request in Postfix's usual form is read by one expression; log lines are written every 50 ms.
`
}
