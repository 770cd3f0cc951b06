/** docs/scale.md out of the results of a run: what was measured, and what follows from it. */

const whole = (value) => Math.round(value).toLocaleString('en')
const ms = (value) => value.toFixed(value < 10 ? 2 : 0)
const GIB = 2 ** 30

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const HOSTS = 1000
const TRIPLETS = 1e9
/** Of a shard's memory so much is filled: copies while it saves, and room to grow. */
const FILLED = 0.6
/** GiB of a shard: more takes long to copy to a replica, or to load after a restart. */
const SHARD = 32
/** Requests a second of one busy MX host, and how many of them are new triplets. */
const REQUESTS = 100
const FRESH = 0.7
/** Days that a triplet is remembered which did not pass. */
const SHORT = 2

/** What follows for many hosts. */
function extrapolation({ twice, bytes }) {
  const fleet = HOSTS * REQUESTS
  const memory = TRIPLETS * bytes.clear
  const shards = Math.ceil(memory / FILLED / (SHARD * GIB))
  // a memory of this size is a cluster
  const perAnswer = FRESH * twice.fresh.bytes + (1 - FRESH) * twice.known.bytes
  const cpu = FRESH * twice.fresh.cpu + (1 - FRESH) * twice.known.cpu
  const commands = fleet * (1 + FRESH)
  return table(
    ['what', 'how it is reckoned', ''],
    [
      [
        `requests of ${whole(HOSTS)} hosts`,
        `${REQUESTS} a second each, which is a busy one`,
        `${whole(fleet)} a second`,
      ],
      [
        'commands',
        `a read for each, a write for the ${FRESH * 100} % that are new`,
        `${whole(commands)} a second`,
      ],
      ['memory', `${whole(TRIPLETS)} triplets of ${whole(bytes.clear)} bytes`, `${whole(memory / GIB)} GiB`],
      [
        'the same with `privacy`',
        `of ${whole(bytes.sealed)} bytes`,
        `${whole((TRIPLETS * bytes.sealed) / GIB)} GiB`,
      ],
      [
        'shards',
        `of ${SHARD} GiB, ${FILLED * 100} % filled, each with a replica on another machine`,
        `${shards} masters, ${shards} replicas`,
      ],
      [
        'processor time of the servers',
        `${cpu.toFixed(1)} µs an answer`,
        `${((fleet * cpu) / 1e6).toFixed(1)} cores, ${((fleet * cpu) / 1e6 / shards).toFixed(2)} a master`,
      ],
      [
        'network of the servers',
        `${whole(perAnswer)} bytes an answer, both ways together`,
        `${((fleet * perAnswer * 8) / 1e9).toFixed(2)} Gbit/s, ${whole((fleet * perAnswer * 8) / 1e6 / shards)} Mbit/s a master`,
      ],
      ['connections', 'one of each host to each master', `${whole(HOSTS)} a master`],
      [
        'triplets at rest',
        `${whole(fleet)} a second, ${FRESH * 100} % new, remembered for ${SHORT} days; those that pass are few`,
        `${whole((fleet * FRESH * SHORT * 86_400) / 1e9)} billion at most`,
      ],
    ],
  )
}

/** What the rates are worth, by how much else the machine had to do before the run. */
function trust(busy, cores) {
  const what = 'Trust the ratios, and the processor times\nmore than the rates'
  return busy > cores / 2 ? `${what}: the machine had other work.` : `${what}.`
}

export function scalePage(found) {
  const { results, traffic, twice, worst, bytes, stored, busy, cores, node, server } = found
  const lmdb = results.get('LMDB')
  const one = results.get(1)
  const ratio = (kind) => (one[kind].rate / lmdb[kind].rate).toFixed(2)
  const effort = (kind) => (lmdb[kind].cpu / one[kind].cpu).toFixed(2)
  const rows = [...results].map(([name, { fresh, known }]) => [
    name === 'LMDB' ? 'one daemon with LMDB' : `${name} with the shared server`,
    whole(fresh.rate),
    `${ms(fresh.p50)} / ${ms(fresh.p99)}`,
    whole(known.rate),
    `${ms(known.p50)} / ${ms(known.p99)}`,
    `${whole(fresh.cpu)} / ${whole(known.cpu)}`,
  ])
  return `# How far one memory reaches

Written by \`npm run bench:fleet -- --write\` on ${cores} cores shared by daemons, server and load generators (load before the
run: ${busy.toFixed(1)}), Node ${node}, ${server.trim()}. ${trust(busy, cores)} Everything competes for the same cores here, so more daemons cannot be faster in
sum; on hosts of their own they are.

## Measured

${table(
  [
    'daemons',
    'new triplets/s',
    'p50 / p99 ms',
    'known triplets/s',
    'p50 / p99 ms',
    'processor time of the daemons, µs an answer: new / known',
  ],
  rows,
)}

One daemon with the server on the same host reaches ${ratio('fresh')} of the rate of LMDB for new triplets, and ${ratio('known')} for known
ones; by the daemon's processor time alone it would be ${effort('fresh')} and ${effort('known')}. 20 connections in all, one request in flight on each, medians of rounds in turns. LMDB's new triplets wait for the disk,
the server's for its memory. A known triplet is one round trip to the server, where LMDB's is a look into this process' memory.
Why a cluster takes a second one, [decision 12](decisions/0012-shared-store.md) says.

| an answer costs | new triplet | the same in a cluster | known triplet |
| --- | --- | --- | --- |
| round trips | 1 | 2 | 1 |
| bytes on the network, both ways, without TCP's headers | ${whole(traffic.fresh.bytes)} | ${whole(twice.fresh.bytes)} | ${whole(traffic.known.bytes)} |
| processor time of the server, µs | ${traffic.fresh.cpu.toFixed(1)} | ${twice.fresh.cpu.toFixed(1)} | ${traffic.known.cpu.toFixed(1)} |

A triplet takes **${whole(bytes.clear)} bytes** of the server's memory, **${whole(bytes.sealed)} bytes** with \`privacy\` (a keyed hash instead of the
addresses), measured with ${whole(stored)} triplets, each with its expiry; another server, or another version of it, takes more or less. Of these are
the key's name ${whole(bytes.clearKey)} bytes, or ${whole(bytes.sealedKey)}, and the record 13.

While the server hung for a second and was then killed, under full load, the longest of ${whole(worst.answered)} answers took **${whole(worst.max)} ms**, 99 % took
${ms(worst.p99)} ms or less.

## What ${whole(HOSTS)} MX hosts and a billion triplets need

On paper, from these figures:

${extrapolation(found)}

So memory decides how many servers there are, and neither processor nor network: with that many masters each has little to
do. The last line says for whom a billion is enough: ${whole(HOSTS)} hosts that are all as busy as that, and greylist everybody, need more, in
the same proportion. What fills the memory is strangers who do not come back: \`retry-window = "6h"\` takes an eighth of it, and
selective greylisting asks about few of them at all. A host that cannot reach the servers goes on alone
([several-mx.md](several-mx.md)).

What this does not show: a network between hosts (each mail waits for one round trip; in a cluster, and
where another host deferred it, for two when it has to be remembered), and a cluster
of this size itself; clusters of three nodes are what is tested.
`
}
