import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DnsServer, startDnsServer } from './dns-server.js'
import { type Client, client, policyText, type Running, startTestDaemon } from './running.js'

const LONGEST_LABEL = 'a'.repeat(63)
/** 126 labels behind the host's own: 253 octets with it, and more has no name (RFC 1035 §2.3.4). */
const DEEPEST = `${'a.'.repeat(125)}a`
const SPF = { texts: ['v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 -all'] }

/** Names of two machines, which would be a pool if they were what they look like. */
const NO_POOL: readonly (readonly [why: string, first: string, second: string])[] = [
  ['a name that does not lead back to its address, as Postfix has it', 'unknown', 'unknown'],
  ['a public suffix', 'co.uk', 'co.uk'],
  ['a top-level domain', 'com', 'com'],
  ['a top-level domain in other letters', 'xn--p1ai', 'xn--p1ai'],
  ['a suffix whose names belong to customers', 'github.io', 'github.io'],
  ['labels that are no A-labels', 'mx1.b\u00c3\u00bccher.example', 'mx2.b\u00c3\u00bccher.example'],
  ['a label of 64 octets', `mx1.${LONGEST_LABEL}a.example`, `mx2.${LONGEST_LABEL}a.example`],
  ['128 labels', `x.a.${DEEPEST}`, `y.a.${DEEPEST}`],
  ['an empty label', 'mx1..example.org', 'mx2..example.org'],
  ['a star', '*.example.org', '*.example.org'],
  ['an address', '192.0.2.1', '192.0.2.1'],
  ['a pool as it is stored', '@example.org', '@example.org'],
]

const POOL: readonly (readonly [why: string, first: string, second: string])[] = [
  ['A-labels', 'mx1.xn--bcher-kva.example', 'mx2.xn--bcher-kva.example'],
  ['a label of 63 octets', `mx1.${LONGEST_LABEL}.example`, `mx2.${LONGEST_LABEL}.example`],
  ['127 labels', `x.${DEEPEST}`, `y.${DEEPEST}`],
]

describe('names as nobody gives them', () => {
  let dns: DnsServer
  let daemon: Running
  let postfix: Client
  let mails = 0

  beforeAll(async () => {
    dns = await startDnsServer({
      [`${LONGEST_LABEL}.example`]: SPF,
      'xn--bcher-kva.example': SPF,
      'b\u00fccher.example': SPF,
    })
    daemon = await startTestDaemon(['--identity=pool', `--resolver=127.0.0.1:${dns.port}`])
    postfix = await client(daemon.port)
  })
  afterAll(async () => {
    postfix.socket.destroy()
    await daemon.stop()
    await dns.close()
  })

  /** First a machine, then the other, then the first one again: what they are told. */
  const story = async (first: string, second: string, domain = 'plain.example') => {
    mails += 1
    const told: (string | undefined)[] = []
    const ask = async (client_name: string, client_address: string) => {
      const recipient = `r${mails}@example.com`
      postfix.send(policyText({ client_name, client_address, sender: `a@${domain}`, recipient }))
      told.push((await postfix.answers(1))[0]?.split(' ')[0])
    }
    await ask(first, '192.0.2.1')
    await new Promise((resolve) => setTimeout(resolve, 20))
    daemon.now += 100
    await ask(second, '198.51.100.1')
    await ask(first, '192.0.2.1')
    return told
  }
  const alone = ['DEFER_IF_PERMIT', 'DEFER_IF_PERMIT', 'PREPEND']
  const together = ['DEFER_IF_PERMIT', 'PREPEND', 'DUNNO']

  it.each(NO_POOL)('%s is no pool: each network stands for itself', async (_, first, second) => {
    expect(await story(first, second)).toEqual(alone)
  })

  it.each(POOL)('%s: a pool as any other', async (_, first, second) => {
    expect(await story(first, second)).toEqual(together)
  })

  it.each([
    ['no A-label', 'b\u00c3\u00bccher.example', alone],
    ['a label of 64 octets', `${LONGEST_LABEL}a.example`, alone],
    ['a label of 63 octets', `${LONGEST_LABEL}.example`, together],
    ['an A-label', 'xn--bcher-kva.example', together],
    ['128 labels', `a.a.${DEEPEST}`, alone],
    ['127 labels, of which nothing is known', `a.${DEEPEST}`, alone],
    ['an address', '[192.0.2.1]', alone],
  ])('the sender’s domain is %s', async (_, domain, told) => {
    expect(await story('unknown', 'unknown', domain)).toEqual(told)
  })
})
