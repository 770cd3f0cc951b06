/**
 * A Postfix under load, for the daemon alone: `policy-load.mjs PORT SECONDS`. Ten connections ask about triplets that
 * were never seen; one that is closed is opened again and its question repeated, once, as Postfix does
 * (postfix/src/util/attr_clnt.c). Then every triplet that got an answer is asked about again. Prints one JSON line.
 */
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

const [port, seconds] = process.argv.slice(2).map(Number)
const counts = { answered: 0, repeated: 0, refused: 0, unanswered: 0, slowest: 0, known: 0, forgotten: 0 }

const question = (number) =>
  `request=smtpd_access_policy\nclient_address=10.${number >> 16}.${(number >> 8) & 255}.${number & 255}\n` +
  `client_name=unknown\nsender=s${number}x@load.example\nrecipient=r@example.test\n\n`

/** The answer, or undefined when the connection ended first. */
function ask(socket, text) {
  return new Promise((resolve) => {
    let answer = ''
    const done = (value) => {
      socket.removeAllListeners('data').removeAllListeners('close')
      resolve(value)
    }
    socket.on('close', () => done(undefined))
    socket.on('data', (chunk) => {
      answer += chunk
      if (answer.endsWith('\n\n')) done(answer)
    })
    if (socket.destroyed) done(undefined)
    else socket.write(text)
  })
}

function open() {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.on('error', (error) => {
      if (error.code === 'ECONNREFUSED') counts.refused += 1
      resolve(socket)
    })
  })
}

async function client(numbers, take) {
  let socket = await open()
  for (const number of numbers) {
    const begun = performance.now()
    let answer = await ask(socket, question(number))
    if (answer === undefined) {
      counts.repeated += 1
      socket = await open()
      answer = await ask(socket, question(number))
    }
    counts.slowest = Math.max(counts.slowest, Math.round(performance.now() - begun))
    take(number, answer)
  }
  socket.destroy()
}

const answered = []
let last = 0
function* fresh() {
  const end = performance.now() + seconds * 1000
  while (performance.now() < end) {
    last += 1
    yield last
  }
}
const connections = Array.from({ length: 10 })
await Promise.all(
  connections.map(() =>
    client(fresh(), (number, answer) => {
      if (answer === undefined) counts.unanswered += 1
      else answered.push(number)
    }),
  ),
)
counts.answered = answered.length
await sleep(2000)
await Promise.all(
  connections.map((_, index) =>
    client(
      answered.filter((_, at) => at % connections.length === index),
      (_, answer) => {
        if (/^action=(?:DUNNO|PREPEND)/.test(answer ?? '')) counts.known += 1
        else counts.forgotten += 1
      },
    ),
  ),
)
console.log(JSON.stringify(counts))
