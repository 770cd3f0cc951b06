// Strangers that send mail without a pause, as a busy server sees them: `node traffic.mjs MAILS_A_SECOND`, until its
// standard input ends. Prints one JSON document: how many mails, and how often each answer came.
import { connect } from 'node:net'

const pause = 1000 / Number(process.argv[2] ?? 20)
const answers = {}
let sent = 0
let open = 0
let stopping = false

function note(answer) {
  answers[answer] = (answers[answer] ?? 0) + 1
}

/** One mail from a new sender each time; what is noted is the code that decided, with its enhanced code. */
function mail(number) {
  open += 1
  const commands = [
    'EHLO client.example',
    `MAIL FROM:<traffic${number}@outside.example>`,
    'RCPT TO:<alice@example.test>',
    'DATA',
    `Subject: traffic ${number}\r\n\r\nhello\r\n.`,
    'QUIT',
  ]
  const socket = connect({ host: '192.0.2.25', port: 25, localAddress: '203.0.113.99' })
  let text = ''
  let at = 0
  let decided
  socket.setTimeout(60_000, () => socket.destroy(new Error('timeout')))
  socket.on('data', (data) => {
    text += data
    const line = /^(\d{3}) (\d\.\d+\.\d+)?([^\r\n]*)\r?\n$/m.exec(text)
    if (line === null || !text.endsWith('\n')) return
    text = ''
    const refused = Number(line[1]) >= 400
    if (refused && decided === undefined) {
      decided = `${line[1]} ${line[2] ?? ''} ${line[3].includes('Greylisted') ? 'Greylisted' : line[3].trim()}`
      at = commands.length - 1
    } else if (at === commands.length - 1 && decided === undefined) decided = '250 delivered'
    if (at < commands.length) socket.write(`${commands[at]}\r\n`)
    at += 1
  })
  socket.on('error', (error) => {
    decided = `no answer: ${error.code ?? error.message}`
  })
  socket.on('close', () => {
    note(decided ?? 'closed without an answer')
    open -= 1
    if (stopping && open === 0) finish()
  })
}

function finish() {
  console.log(JSON.stringify({ sent, answers }))
  process.exit(0)
}

const timer = setInterval(() => {
  sent += 1
  mail(sent)
}, pause)
process.stdin.resume()
process.stdin.on('end', () => {
  stopping = true
  clearInterval(timer)
  if (open === 0) finish()
})
