import { deepStrictEqual, ok } from 'node:assert/strict'
import { type Received, RequestParser } from '../../src/daemon/protocol.js'
import { parseAddress } from '../../src/greylist/address.js'
import { parseClientList } from '../../src/greylist/client-list.js'
import { parseRecipientList } from '../../src/greylist/recipient-list.js'
import { decodeRecord, encodeRecord } from '../../src/greylist/record.js'
import { inspectHeader } from '../../src/store/lmdb-file.js'
import { readFrames } from '../../src/store/segment.js'
import { client, policyText, type Running, startTestDaemon } from '../daemon/running.js'
import { maillog } from './maillog.js'
import { preview } from './preview.js'
import type { Random } from './random.js'

/** One thing that reads what others wrote. `once` throws when it does not do as it should. */
export interface Target {
  begin?(): Promise<void>
  once(random: Random): void | Promise<void>
  end?(): Promise<void>
}

/** As Postfix 3.7 sends them, and the shapes that others were seen to send. */
const REQUESTS = [
  policyText({
    protocol_state: 'RCPT',
    helo_name: 'mail.example.org',
    instance: '1a2b.65f0.0',
    size: '12345',
    etrn_domain: '',
  }),
  policyText({ client_address: '2001:db8::25', sender: '', queue_id: '4ABC12', sasl_username: 'alice' }),
  policyText({
    sender: 'prvs=1234abcdef=bob+tag@example.org',
    recipient: 'j\xc3\xb6rg@example.com',
  }).replaceAll('\n', '\r\n'),
  `${policyText()}${policyText({ client_address: 'unknown' })}`,
  'request=other\n\n',
  'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
].map((text) => Buffer.from(text, 'latin1'))

const TOKENS = [
  '\n',
  '\n\n',
  '\r\n',
  '=',
  '\0',
  '\xff',
  'request=',
  'smtpd_access_policy',
  'sender=',
  'client_address=::ffff:',
  'recipient=@',
]

/** The same requests come out, wherever the bytes are cut. */
const protocol: Target = {
  once(random) {
    const input = random.mutate(random.pick(REQUESTS), TOKENS)
    const whole = new RequestParser().push(Buffer.from(input))
    const parser = new RequestParser()
    const cut: Received[] = []
    for (let start = 0; start < input.length; ) {
      const end = start + 1 + random.below(1 << random.below(17))
      const piece = Buffer.from(input.subarray(start, end))
      cut.push(...parser.push(piece))
      piece.fill(0x58)
      start = end
    }
    deepStrictEqual(cut, whole)
  },
}

let running: Running | undefined

/** Whatever came before, the next client has its answer. */
const daemon: Target = {
  async begin() {
    running = await startTestDaemon(['--quiet'])
  },
  async once(random) {
    const { port, lines } = running as Running
    const bad = await client(port)
    for (let count = random.below(5); count >= 0; count -= 1) {
      bad.socket.write(random.mutate(random.pick(REQUESTS), TOKENS))
    }
    if (random.below(2) === 0) bad.socket.end()
    const good = await client(port)
    good.send(policyText({ sender: `good${random.below(1000)}x@example.org` }))
    const [answer = ''] = await good.answers(1)
    ok(/^(?:DUNNO|DEFER_IF_PERMIT )/.test(answer), answer)
    bad.socket.destroy()
    good.socket.destroy()
    deepStrictEqual(
      lines.filter((line) => /internal error|no answer|not greylisting/.test(line)),
      [],
    )
    lines.length = 0
  },
  async end() {
    await running?.stop()
  },
}

const LISTS = [
  'example.org\n192.0.2.0/24 # a network\n10.1\n2001:db8::/32\n/^mail\\d+\\.example\\./\n',
  'postmaster@\nbob@example.com\nexample.net\n/^abuse@/\n',
].map((text) => Buffer.from(text))
const LIST_TOKENS = ['/', '\n', '#', '@', '.', '::', '/33', '(', ')', '[', '\\', '+', '@@', '0.0.0.0/0']

/** Any text is a list with complaints; none makes a lookup fail. */
const lists: Target = {
  once(random) {
    const text = random.mutate(random.pick(LISTS), LIST_TOKENS).toString('latin1').slice(0, 20_000)
    const address = parseAddress(random.pick(['192.0.2.1', '2001:db8::1', '::ffff:10.1.2.3'])) ?? []
    const clients = parseClientList([{ path: 'clients', text }])
    const recipients = parseRecipientList([{ path: 'recipients', text }])
    clients.list.matches(random.pick(['', 'mail1.example.org', '.', 'x'.repeat(100)]), address)
    recipients.list.matches(random.pick(['', '@', 'bob@example.com', 'a+b+c@d@e']))
    const count = text.split('\n').length
    for (const { line } of [...clients.warnings, ...recipients.warnings]) ok(line >= 1 && line <= count)
  },
}

/** What can be read is written again as it was. */
const record: Target = {
  once(random) {
    const bytes = random.mutate(
      encodeRecord({ first: random.below(2 ** 32), last: random.below(2 ** 32), count: random.below(9) }),
      ['\0'],
    )
    const found = decodeRecord(bytes)
    if (found) deepStrictEqual(decodeRecord(encodeRecord(found)), found)
  },
}

const HEADER = (() => {
  const header = Buffer.alloc(8192)
  for (const at of [24, 4096 + 24]) {
    header.writeUInt32LE(0xbeefc0de, at)
    header.writeUInt32LE(4096, at + 24)
    header.writeBigUInt64LE(10n, at + 120)
  }
  return header
})()

/** Any first pages are judged. */
const header: Target = {
  once(random) {
    const bytes = Buffer.from(HEADER)
    for (let count = random.below(12); count > 0; count -= 1)
      bytes[random.pick([24, 48, 144, 4120, 4144, 4240]) + random.below(8)] = random.below(256)
    const { state } = inspectHeader(bytes, 11 * 4096)
    ok(['sound', 'short', 'damaged'].includes(state))
  },
}

/** Any bytes are a journal; none makes reading it fail. */
const journal: Target = {
  once(random) {
    const { changes } = readFrames(random.mutate(random.bytes(random.below(200)), ['\0\0\0\0', '\x0d\0\0\0']))
    for (const [key] of changes) ok(key.length <= 65_535)
  },
}

export const TARGETS: Readonly<Record<string, Target>> = {
  protocol,
  daemon,
  lists,
  record,
  header,
  journal,
  maillog,
  preview,
}

/** Runs one target for so long. Returns how often; an error names the seed that brings it back. */
export async function fuzz(
  target: Target,
  seed: number,
  milliseconds: number,
  make: (seed: number) => Random,
): Promise<number> {
  await target.begin?.()
  let count = 0
  try {
    for (const end = performance.now() + milliseconds; performance.now() < end; count += 1) {
      try {
        await target.once(make(seed + count))
      } catch (cause) {
        throw new Error(`--seed=${seed + count}: ${(cause as Error).message}`, { cause })
      }
    }
  } finally {
    await target.end?.()
  }
  return count
}
