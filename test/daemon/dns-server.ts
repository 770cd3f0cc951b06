import { createSocket } from 'node:dgram'
import { createServer, type Socket } from 'node:net'

/** What a DNS server says about a name: the parts of an answer, as they are or spoilt. */
export interface Zone {
  /** Texts of the TXT record; each is cut into strings of 255 bytes. */
  readonly texts?: readonly string[]
  readonly spoil?:
    | 'silent'
    | 'garbage'
    | 'wrong id'
    | 'slow'
    | 'other name'
    | 'other question'
    | 'never cut'
    | 'SERVFAIL'
    | 'truncated'
    | 'endless CNAME'
}

export interface DnsServer {
  readonly port: number
  /** Resolves when so many questions about a name (and below) were answered, or left without an answer. */
  asked(name: string): Promise<void>
  close(): Promise<void>
}

const TXT = 16
const CNAME = 5
const LARGEST_UDP = 512
/** Milliseconds: the retry is there before. */
const SLOW = 1500

/** A DNS server on a free port of 127.0.0.1, over UDP and TCP, that may lie (RFC 1035 §4). */
export async function startDnsServer(zones: Readonly<Record<string, Zone>>): Promise<DnsServer> {
  const seen = new Map<string, () => void>()
  const done = new Map<string, Promise<void>>(
    Object.keys(zones).map((name) => [name, new Promise<void>((resolve) => seen.set(name, resolve))]),
  )
  const tcp = createServer((socket) => serveTcp(socket, zones))
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve))
  const { port } = tcp.address() as { port: number }
  const udp = createSocket('udp4')
  const later = new Set<NodeJS.Timeout>()
  await new Promise<void>((resolve) => udp.bind(port, '127.0.0.1', resolve))
  udp.on('message', (query, { port: from, address }) => {
    const name = nameOf(query)
    const zone = zones[name]
    const answer = reply(query, zone, LARGEST_UDP)
    const told = () => seen.get(name)?.()
    const send = () => udp.send(answer ?? '', from, address, told)
    if (answer === undefined) told()
    else if (zone?.spoil !== 'slow') send()
    else {
      told()
      later.add(setTimeout(send, SLOW))
    }
  })
  return {
    port,
    asked: (name) => done.get(name) ?? Promise.reject(new Error(`no zone ${name}`)),
    async close() {
      for (const timer of later) clearTimeout(timer)
      await new Promise<void>((resolve) => udp.close(resolve))
      await new Promise<void>((resolve) => tcp.close(() => resolve()))
    },
  }
}

function serveTcp(socket: Socket, zones: Readonly<Record<string, Zone>>): void {
  socket.on('error', () => socket.destroy())
  socket.once('data', (chunk: Buffer) => {
    const query = chunk.subarray(2)
    const answer = reply(query, zones[nameOf(query)], 65_535)
    if (answer === undefined) return
    const length = Buffer.alloc(2)
    length.writeUInt16BE(answer.length)
    socket.end(Buffer.concat([length, answer]))
  })
}

function nameOf(query: Buffer): string {
  const labels: string[] = []
  for (let at = 12; at < query.length && query[at] !== 0; at += (query[at] ?? 0) + 1) {
    labels.push(query.toString('latin1', at + 1, at + 1 + (query[at] ?? 0)))
  }
  return labels.join('.').toLowerCase()
}

function encodeName(name: string): Buffer {
  const labels = name
    .split('.')
    .map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label, 'latin1')]))
  return Buffer.concat([...labels, Buffer.from([0])])
}

/** undefined: no answer at all. */
function reply(query: Buffer, zone: Zone | undefined, largest: number): Buffer | undefined {
  const { spoil, texts = [] } = zone ?? {}
  if (spoil === 'silent') return undefined
  if (spoil === 'garbage') return Buffer.from('\u0000not a DNS message at all \u00ff'.repeat(10), 'latin1')
  const asked = query.subarray(12, 12 + encodeName(nameOf(query)).length + 4)
  const question =
    spoil === 'other question' ? Buffer.concat([encodeName('else.example'), asked.subarray(-4)]) : asked
  const id = spoil === 'wrong id' ? query.readUInt16BE(0) ^ 0xffff : query.readUInt16BE(0)
  const isText = question.readUInt16BE(question.length - 4) === TXT
  // the name of the question
  const owner = spoil === 'other name' ? encodeName('else.example') : Buffer.from([0xc0, 12])
  const records =
    isText && spoil !== 'endless CNAME' ? texts.map((text) => record(owner, TXT, strings(text))) : []
  if (spoil === 'endless CNAME') records.push(record(owner, CNAME, Buffer.from([0xc0, 12])))
  const code = zone === undefined ? 3 : spoil === 'SERVFAIL' ? 2 : 0
  const whole = message(id, 0x8180 | code, question, records)
  if (spoil === 'never cut' || (whole.length <= largest && spoil !== 'truncated')) return whole
  // cut, which says "ask again over TCP"; who is 'truncated' says it there, too
  return message(id, 0x8380, question, [])
}

function message(id: number, flags: number, question: Buffer, records: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(12)
  head.writeUInt16BE(id, 0)
  head.writeUInt16BE(flags, 2)
  head.writeUInt16BE(1, 4)
  head.writeUInt16BE(records.length, 6)
  return Buffer.concat([head, question, ...records])
}

function record(owner: Buffer, type: number, data: Buffer): Buffer {
  const fixed = Buffer.alloc(10)
  fixed.writeUInt16BE(type, 0)
  fixed.writeUInt16BE(1, 2)
  fixed.writeUInt32BE(60, 4)
  fixed.writeUInt16BE(data.length, 8)
  return Buffer.concat([owner, fixed, data])
}

function strings(text: string): Buffer {
  const parts = text.match(/[\s\S]{1,255}/g) ?? ['']
  return Buffer.concat(
    parts.map((part) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part, 'latin1')])),
  )
}
