/**
 * A load generator for policy servers, in a process of its own so that it takes no time from what it measures.
 * Arguments: PORT CONNECTIONS SECONDS KIND FIRST COUNT; KIND `new`: triplets FIRST, FIRST+1, … until the time is over;
 * `known`: the triplets from FIRST to FIRST+COUNT, over and over; `once`: each of them once, however long it takes.
 * One request in flight on each connection, as Postfix does it. Prints one JSON document.
 */
import { connect } from 'node:net'

const [port, connections, seconds, , first, count] = process.argv.slice(2).map(Number)
const kind = process.argv[5]

const request = (index) => `request=smtpd_access_policy
protocol_state=RCPT
protocol_name=ESMTP
client_address=10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}
client_name=host${index}.example.org
reverse_client_name=host${index}.example.org
helo_name=host${index}.example.org
sender=user${String.fromCharCode(97 + (index % 26))}x${index}y@sender.example.org
recipient=recipient${index % 1000}@example.com
recipient_count=0
queue_id=
instance=${index.toString(16)}.${Date.now().toString(16)}.0
size=12345
etrn_domain=
stress=
sasl_method=
sasl_username=
sasl_sender=

`

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
    let text = ''
    const send = () => {
      const index = nextIndex()
      if (index === undefined) {
        socket.end()
        resolve()
        return
      }
      sentAt = performance.now()
      socket.write(request(index))
    }
    socket.on('connect', send)
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('the server closed the connection')))
    socket.on('data', (chunk) => {
      text += chunk
      if (!text.endsWith('\n\n')) return
      const action = /^action=(\S+)/.exec(text)?.[1]
      actions[action] = (actions[action] ?? 0) + 1
      text = ''
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
