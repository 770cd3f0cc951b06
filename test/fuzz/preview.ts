import { ok, strictEqual } from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { parseClientTable } from '../../src/greylist/client-table.js'
import { MemoryHost } from '../../src/host/memory.js'
import { previewLog } from '../../src/preview/preview.js'
import { policy } from '../greylist/fixtures.js'
import { LogWriter } from '../maillog/log-writer.js'
import type { Target } from './targets.js'

const OUTLOOK = 'mail-am6eur05on2046.outbound.protection.outlook.com[203.0.113.7]'
const LOG = Buffer.from(
  new LogWriter()
    .greylister('action=greylist, reason=new')
    .rejected()
    .wait(100)
    .accepted('A1B2C3D4E5')
    .wait(10)
    .accepted('4cLtYw1sBjz3v', { client: OUTLOOK, sender: '' })
    .rejected({ client: 'unknown[2001:db8::25]', sender: 'spam+1@bot.example' })
    .wait(30_000)
    .other()
    .toString(),
  'latin1',
)
const TOKENS = [
  '\n',
  ': ',
  'NOQUEUE: reject: RCPT from ',
  'from=<',
  'to=<>',
  'client=',
  '[',
  ']:',
  '2026-11-23T',
  '1970-01-01T00:00:00+00:00 ',
  '9999-12-31T23:59:60Z ',
  'last message repeated 99999999 times',
  'A1B2C3D4E5',
  '\xff',
  '__proto__',
]

const { table: lines } = parseClientTable('table', readFileSync('templates/check_client_greylist', 'utf8'))

/** Whatever is in a log, each of its mails is counted once, and none waits for less than no time. */
export const preview: Target = {
  async once(random) {
    const host = new MemoryHost()
    const copies = Array.from({ length: 1 + random.below(4) }, () => random.mutate(LOG, TOKENS))
    await host.replace('/mail.log', Buffer.concat(copies))
    const selective = random.below(4) === 0 ? lines : undefined
    const found = await previewLog(host, {
      files: ['/mail.log'],
      policy: policy({ delay: random.pick([0, 60, 86_400]) }),
      identity: random.pick(['pool', 'subnet'] as const),
      lines,
      selective,
      ownNetworks: ['10.0.0.0/8', '::1/128'],
      top: 20,
    })
    const { delay, delayed, basis, atOnce, neverCameBack, longest, pools } = found
    const passed = Object.values(atOnce).reduce((sum, count) => sum + count, 0)
    const open = neverCameBack.stopped + found.waitingAtEnd + found.lost
    strictEqual(found.mails, found.notAsked + passed + delayed + open)
    strictEqual(
      delayed,
      Object.values(basis).reduce((sum, count) => sum + count, 0),
    )
    for (const time of [delay.median ?? 0, delay.max ?? 0, ...longest.map((mail) => mail.delay)])
      ok(time >= 0 && Number.isFinite(time), `a delay of ${time}`)
    for (const pool of pools) ok(pool.networks > 1 && pool.delayed > 0)
    JSON.stringify(found)
  },
}
