/** A fortnight of mail at a small company, made up: for the screenshots in docs/. The same every time. */

let state = 7
const random = () => {
  state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
  return state / 2_147_483_648
}
const below = (end) => Math.floor(random() * end)
const pick = (list) => list[below(list.length)]

const START = Date.UTC(2026, 10, 10)
const DAYS = 14
/** How busy each hour of a day is. */
const HOURS = [1, 1, 1, 1, 1, 2, 3, 6, 10, 14, 15, 14, 12, 12, 13, 12, 11, 9, 7, 5, 4, 3, 2, 1]
const RECIPIENTS = ['anna', 'bob', 'info', 'sales', 'support'].map((name) => `${name}@mx.example`)
const PARTNERS = [
  'bakery.example',
  'city-works.example',
  'law-office.example',
  'school.example',
  'shop.example',
]
const WHITELISTS = ['client whitelist', 'client whitelist', 'client AWL', 'recipient whitelist']
const JUNK = ['cheap-meds.example', 'crypto-now.example', 'winner.example', 'freemail.example']

/** Writes what the daemon and Postfix log of a mail. `at`: seconds from the start. */
function writer() {
  const lines = []
  const line = (at, program, body) => lines.push({ at, text: `mx ${program}[12]: ${body}` })
  let queued = 0

  const about = ({ name, address, sender, recipient }) =>
    `client_name=${name}, client_address=${address}, sender=${sender}, recipient=${recipient}`
  const defer = (at, mail, missing) => {
    const reason = missing === undefined ? 'new' : `early-retry (${missing}s missing)`
    const { name, address, sender, recipient } = mail
    line(at, 'greyctl', `action=greylist, reason=${reason}, ${about(mail)}`)
    line(
      at,
      'postfix/smtpd',
      `NOQUEUE: reject: RCPT from ${name}[${address}]: 450 4.2.0 <${recipient}>: Recipient address rejected: Greylisted; from=<${sender}> to=<${recipient}> proto=ESMTP helo=<${name}>`,
    )
  }
  const accept = (at, mail, reason) => {
    const { name, address, sender, recipient } = mail
    queued += 1
    const id = `4K${queued.toString(36).toUpperCase().padStart(9, '0')}z`
    line(at, 'greyctl', `action=pass, reason=${reason}, ${about(mail)}`)
    line(at, 'postfix/smtpd', `${id}: client=${name}[${address}]`)
    line(at, 'postfix/qmgr', `${id}: from=<${sender}>, size=900, nrcpt=1 (queue active)`)
    line(
      at + 1,
      'postfix/local',
      `${id}: to=<${recipient}>, relay=local, delay=1, delays=0.1/0/0/0.9, dsn=2.0.0, status=sent (delivered to mailbox)`,
    )
    line(at + 1, 'postfix/qmgr', `${id}: removed`)
  }

  const text = () =>
    lines
      .sort((a, b) => a.at - b.at)
      .map((entry) => `${new Date(START + entry.at * 1000).toISOString()} ${entry.text}\n`)
      .join('')
  return { defer, accept, text }
}

const from = (name, address, sender) => ({ name, address, sender, recipient: pick(RECIPIENTS) })

/** Seconds from the start: some time of the day, as busy as its hour is. */
function sometime(day) {
  let left = random() * HOURS.reduce((a, b) => a + b, 0)
  const hour = HOURS.findIndex((weight) => {
    left -= weight
    return left <= 0
  })
  return day * 86_400 + Math.max(0, hour) * 3600 + below(3600)
}

function repeat(times, act) {
  for (let number = 0; number < times; number += 1) act(number)
}

/** Servers that come back, some of them too early at first. */
function partner(log, day) {
  const domain = pick(PARTNERS)
  const network = 10 + PARTNERS.indexOf(domain)
  const mail = from(`mail.${domain}`, `198.51.${network}.${2 + below(3)}`, `user${below(60)}@${domain}`)
  const at = sometime(day)
  const delay = Math.floor(60 + Math.exp(2.6 + random() * 5.2))
  log.defer(at, mail)
  if (random() < 0.2) log.defer(at + 25, mail, 35)
  log.accept(at + delay, mail, `triplet found, delay=${delay}`)
}

function junk(log, day, number) {
  const address = `11.${3 + below(220)}.${3 + below(220)}.${3 + below(220)}`
  const name = random() < 0.5 ? 'unknown' : `dsl-${address.replaceAll('.', '-')}.provider.example`
  log.defer(sometime(day), from(name, address, `x${day}n${number}@${pick(JUNK)}`))
}

function promotion(log, day) {
  const sender = `news@promo${below(30)}.example`
  log.defer(sometime(day), from(`vps${below(900)}.hosting.example`, `203.0.113.${below(250)}`, sender))
}

/** A server that gives up after its second try. */
function clinic(log, day) {
  const sender = `dates${day}@clinic.example`
  const mail = { ...from('mx1.clinic.example', '192.0.2.7', sender), recipient: 'anna@mx.example' }
  const at = sometime(day)
  log.defer(at, mail)
  log.defer(at + 200, mail, 20)
}

/** A sender that comes back from other networks. */
function pool(log, day, number) {
  const recipient = pick(RECIPIENTS)
  const at = sometime(day)
  const tries = [0, 1, 2].map((host) => ({
    name: `out${host}.mail.big-cloud.example`,
    address: `100.7${host}.5.${20 + number}`,
    sender: `boss${number}.${day}@corporation.example`,
    recipient,
  }))
  for (const [count, mail] of tries.entries()) log.defer(at + count * 400, mail)
  log.accept(at + 1900, tries[2], 'triplet found, delay=1100')
}

function whitelisted(log, day) {
  const sender = `friend${below(300)}@freemail.example`
  const mail = from(`mail-${below(60)}.freemail.example`, `209.85.218.${below(60)}`, sender)
  log.accept(sometime(day), mail, pick(WHITELISTS))
}

/** The log's text. */
export function sampleLog() {
  const log = writer()
  repeat(DAYS, (day) => {
    const weekend = [0, 6].includes(new Date(START + day * 86_400_000).getUTCDay())
    const busy = weekend ? 0.45 : 1
    repeat(22 * busy, () => partner(log, day))
    repeat(busy * (40 + below(60)), (number) => junk(log, day, number))
    repeat(3, () => promotion(log, day))
    if (day % 4 === 0) clinic(log, day)
    repeat(2, (number) => pool(log, day, number))
    repeat(70 * busy, () => whitelisted(log, day))
  })
  return log.text()
}
