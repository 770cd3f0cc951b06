// How fast `greyctl verify` reads a mail log, beside what grep and wc take for the same file.
// node bench/maillog.mjs [LINES]   (default: one million; needs a built dist)
import { spawnSync } from 'node:child_process'
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const wanted = Number(process.argv[2] ?? 1_000_000)
const directory = mkdtempSync(join(tmpdir(), 'greyctl-bench-maillog-'))
const path = join(directory, 'mail.log')

/** One deferred and then accepted mail in ten lines, among lines of no interest. */
function mail(number) {
  const at = (seconds) => new Date(1_795_000_000_000 + (number + seconds) * 1000).toISOString()
  const id = `4K${number.toString(36).toUpperCase().padStart(8, '0')}z`
  const [client, sender, recipient] = [
    `mail${number % 5000}.example.org[192.0.${number % 256}.10]`,
    `user${number % 90_000}@example.org`,
    'bob@mx.example.test',
  ]
  const smtpd = 'mx postfix/smtpd[1234]:'
  return [
    `${at(0)} ${smtpd} connect from ${client}`,
    `${at(0)} ${smtpd} NOQUEUE: reject: RCPT from ${client}: 450 4.2.0 <${recipient}>: Recipient address rejected: Greylisted; from=<${sender}> to=<${recipient}> proto=ESMTP helo=<mail.example.org>`,
    `${at(0)} ${smtpd} disconnect from ${client} ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4`,
    `${at(400)} ${smtpd} connect from ${client}`,
    `${at(400)} ${smtpd} ${id}: client=${client}`,
    `${at(400)} mx postfix/cleanup[1236]: ${id}: message-id=<${number}@example.org>`,
    `${at(400)} mx postfix/qmgr[99]: ${id}: from=<${sender}>, size=550, nrcpt=1 (queue active)`,
    `${at(401)} mx postfix/local[1240]: ${id}: to=<${recipient}>, relay=local, delay=0.99, delays=0.1/0.01/0.01/0.87, dsn=2.0.0, status=sent (delivered to mailbox)`,
    `${at(401)} mx postfix/qmgr[99]: ${id}: removed`,
    `${at(401)} ${smtpd} disconnect from ${client} ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5`,
  ]
}

async function writeLog() {
  const out = createWriteStream(path)
  for (let number = 0; number * 10 < wanted; number += 1) {
    if (!out.write(`${mail(number).join('\n')}\n`)) await new Promise((resolve) => out.once('drain', resolve))
  }
  await new Promise((resolve) => out.end(resolve))
}

/** Wall seconds and the peak of memory (MB) of a program's run. */
function measure(name, argv) {
  const started = process.hrtime.bigint()
  const result = spawnSync(argv[0], argv.slice(1), { encoding: 'utf8', maxBuffer: 1 << 28 })
  const seconds = Number(process.hrtime.bigint() - started) / 1e9
  if (result.error) return console.log(`${name.padEnd(28)} not here`)
  const rate = Math.round(wanted / seconds).toLocaleString('en')
  console.log(`${name.padEnd(28)} ${seconds.toFixed(2).padStart(7)} s  ${rate.padStart(12)} lines/s`)
  return result
}

try {
  await writeLog()
  console.log(`${wanted} lines, ${Math.round(statSync(path).size / 1e6)} MB`)
  measure('wc -l', ['wc', '-l', path])
  measure('grep -c Greylisted', ['grep', '-c', 'Greylisted', path])
  const program = join(import.meta.dirname, '../bin/run.js')
  const result = measure('greyctl verify', [process.execPath, program, 'verify', '--log', path, '--json'])
  const { verdict, counts } = JSON.parse(result?.stdout || '{}')
  console.log(JSON.stringify({ verdict, counts }))
} finally {
  rmSync(directory, { recursive: true })
}
