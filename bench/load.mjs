/**
 * A load generator for policy servers, in a process of its own so that it takes no time from what it measures.
 * Arguments: PORT CONNECTIONS SECONDS KIND FIRST COUNT; KIND `new`: triplets FIRST, FIRST+1, … until the time is over;
 * `known`: the triplets from FIRST to FIRST+COUNT, over and over; `once`: each of them once, however long it takes.
 * One request in flight on each connection, as Postfix does it. Prints one JSON document.
 */
import { connect } from 'node:net'

const [port, connections, seconds, , first, count] = process.argv.slice(2).map(Number)
const kind = process.argv[5]

/** All that Postfix sends; only what makes a triplet differs, so that the generator is not what is measured. */
const HEAD = 'request=smtpd_access_policy\nprotocol_state=RCPT\nprotocol_name=ESMTP\n'
const TAIL = `reverse_client_name=host.example.org
helo_name=host.example.org
recipient_count=0
queue_id=
size=12345
etrn_domain=
stress=
sasl_method=
sasl_username=
sasl_sender=

`
const RUN = Date.now().toString(16)
const request = (index) =>
  `${HEAD}client_address=10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}\nclient_name=host${index}.example.org\nsender=user${String.fromCharCode(97 + (index % 26))}x${index}y@sender.example.org\nrecipient=recipient${index % 1000}@example.com\ninstance=${index}.${RUN}\n${TAIL}`

/** Latencies in steps of 10 microseconds, up to a second. */
const histogram = new Uint32Array(100_001)
const actions = {}
let next = 0
let answered = 0
const begun = performance.now()
const end = begun + seconds * 1000

function nextIndex() {
  if (kind === 'once') return next < count ? first + next++ : undefined
  if (performance.now() >= end) return undefined
  return kind === 'new' ? first + next++ : first + (next++ % count)
}

function percentile(part) {
  let left = answered * part
  for (let step = 0; step < histogram.length; step += 1) {
    left -= histogram[step]
    if (left <= 0) return (step + 1) / 100
  }
  return 1000
}

function drive() {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    let sentAt = 0
    let pending = ''
    const send = () => {
      const index = nextIndex()
      if (index === undefined) {
        socket.end()
        resolve()
        return
      }
      sentAt = performance.now()
      socket.write(request(index), 'latin1')
    }
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server closed the connection')))
    socket.on('data', (chunk) => {
      const text = pending + chunk.latin1Slice()
      if (!text.endsWith('\n\n')) {
        pending = text
        return
      }
      pending = ''
      const action = text.slice('action='.length, text.search(/[ \n]/))
      actions[action] = (actions[action] ?? 0) + 1
      histogram[Math.min(histogram.length - 1, Math.floor((performance.now() - sentAt) * 100))] += 1
      answered += 1
      send()
    })
  })
}

await Promise.all(Array.from({ length: connections }, drive))
const took = (performance.now() - begun) / 1000
console.log(
  JSON.stringify({ answered, rate: answered / took, p50: percentile(0.5), p99: percentile(0.99), actions }),
)
process.exit()
