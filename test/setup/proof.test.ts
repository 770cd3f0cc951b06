import { describe, expect, it } from 'vitest'
import type { Dialogue } from '../../src/host/host.js'
import { MemoryHost } from '../../src/host/memory.js'
import { type ProofOptions, proveGreylisting } from '../../src/setup/proof.js'

/** How the imagined server answers RCPT; the real smtpd is asked in test/lab. */
interface Behaviour {
  /** Of greyctl_check: the daemon's answer, by seconds since the client's first try (undefined: first). */
  readonly greylist?: (elapsed: number | undefined) => string | undefined
  /** When the daemon is down. */
  readonly down?: string
  readonly version?: string
  /** Answers of the site's own rules, before the greylister is asked. */
  readonly rule?: (mail: {
    client: string
    name: string
    sender: string
    recipient: string
    /** Seconds since the epoch. */
    now: number
  }) => string | undefined
  readonly relay?: string
}

const DEFER = '450 4.2.0 <x>: Recipient address rejected: Greylisted, try again in 60 seconds'
const ok = '250 2.1.5 Ok'
const NO_POLICY_SERVICE = '451 4.3.5 <x>: Recipient address rejected: Server configuration problem'

class Server extends MemoryHost {
  asked = 0
  readonly arguments: (readonly string[])[] = []
  private readonly first = new Map<string, number>()

  constructor(private readonly behaviour: Behaviour) {
    super()
    this.seed('/etc/passwd', 'postfix:x:101:103::/var/spool/postfix:/usr/sbin/nologin\n')
    this.listening.add('unix:/var/spool/postfix/private/rewrite')
    this.programs.set('postconf', (argv) => {
      const values: Record<string, string> = {
        mail_version: behaviour.version ?? '3.7.11',
        daemon_directory: '/usr/lib/postfix/sbin',
        mail_owner: 'postfix',
        queue_directory: '/var/spool/postfix',
        mydestination: 'example.test, localhost',
        mynetworks: '127.0.0.0/8 [::1]/128',
        inet_protocols: 'all',
        myhostname: 'mx.example.test',
      }
      return { stdout: argv.map((name) => `${name} = ${values[name] ?? ''}\n`).join('') }
    })
  }

  override async dialogue(argv?: readonly string[]): Promise<Dialogue> {
    this.asked += 1
    this.arguments.push(argv ?? [])
    const override = argv?.find((word) => word.startsWith('greyctl_check='))?.slice('greyctl_check='.length)
    const mail = { client: '', name: '', sender: '', recipient: '' }
    const answers = ['220 mx ESMTP']
    return {
      readLine: async () => answers.shift(),
      writeLine: async (line) => {
        const xclient = /^XCLIENT ADDR=(\S+) NAME=(\S+)/.exec(line)
        const path = /<(.*)>/.exec(line)?.[1] ?? ''
        if (xclient) Object.assign(mail, { client: xclient[1], name: xclient[2] })
        if (line.startsWith('MAIL')) mail.sender = path
        if (line.startsWith('RCPT')) mail.recipient = path
        answers.push(line.startsWith('RCPT') ? this.answer(mail, override) : '250 2.0.0 Ok')
      },
      close: async () => ({ stderr: '', exitCode: 0 }),
    }
  }

  private answer(
    mail: { client: string; name: string; sender: string; recipient: string },
    override?: string,
  ): string {
    const { greylist, rule, down, relay } = this.behaviour
    const own = mail.client === '127.0.0.1'
    if (!own && !mail.recipient.endsWith('@example.test'))
      return relay ?? '454 4.7.1 <x>: Relay access denied'
    const refused = rule?.({ ...mail, now: this.time })
    if (refused) return refused
    if (own || override === '') return ok
    // smtpd before 3.0 knows no braces, and has one answer when its policy service is down
    if (override !== undefined && this.behaviour.version?.startsWith('2')) {
      return override.includes('{') ? '451 4.3.5 Server configuration error' : NO_POLICY_SERVICE
    }
    if (override !== undefined) return down ?? ok
    const first = this.first.get(mail.client)
    if (first === undefined) this.first.set(mail.client, this.time)
    return greylist?.(first === undefined ? undefined : this.time - first) ?? ok
  }
}

const working = (elapsed: number | undefined) => (elapsed === undefined || elapsed < 60 ? DEFER : undefined)

async function prove(behaviour: Behaviour, changes: Partial<ProofOptions> = {}) {
  const host = new Server(behaviour)
  const waits: number[] = []
  const cases = await proveGreylisting(host, {
    configDir: '/etc/postfix',
    learn: false,
    selective: false,
    waitForRetry: 60,
    waiting: (left) => waits.push(left),
    ...changes,
  })
  return {
    host,
    waits,
    cases,
    found: Object.fromEntries(cases.map(({ case: name, ok: good }) => [name, good])),
  }
}

describe('proveGreylisting', () => {
  it('is content with a server that greylists, and waits for the retry', async () => {
    const { found, waits } = await prove({ greylist: working })
    expect(found).toEqual({
      'first mail from an unknown client': true,
      'the same with the daemon stopped': true,
      'relaying by an unknown client': true,
      'mail from an own network (127.0.0.1)': true,
      'relaying for an own network (127.0.0.1)': true,
      'its retry after 60 seconds': true,
    })
    expect(waits[0]).toBeGreaterThan(55)
    expect(waits.at(-1)).toBe(1)
  })

  it.each([
    ['a first mail is accepted', {}, 'first mail from an unknown client'],
    ['the retry is deferred, too', { greylist: () => DEFER }, 'its retry after 60 seconds'],
    [
      'mail stops with the daemon',
      { greylist: working, down: '451 4.3.5 <x>: Server configuration problem' },
      'the same with the daemon stopped',
    ],
  ])('fails when %s', async (_, behaviour, name) => {
    expect((await prove(behaviour)).found[name]).toBe(false)
  })

  it('does not expect of Postfix before 3.0 what it cannot do', async () => {
    const { found } = await prove({ greylist: working, version: '2.11.3' })
    expect(found['the same with the daemon stopped']).toBe(true)
    expect(Object.values(found)).not.toContain(false)
  })

  it('expects nobody to be deferred while it learns', async () => {
    expect((await prove({}, { learn: true })).found['first mail from an unknown client']).toBe(true)
    const deferring = await prove({ greylist: working }, { learn: true })
    expect(deferring.found['first mail from an unknown client']).toBe(false)
  })

  it('tries other identities when a rule of the site answers first', async () => {
    const forged = await prove({
      greylist: working,
      rule: ({ client, sender }) =>
        client !== '127.0.0.1' && sender.endsWith('@example.test') ? '550 5.7.1 forged sender' : undefined,
    })
    expect(forged.found['first mail from an unknown client']).toBe(true)
    const nameless = await prove({
      greylist: working,
      rule: ({ client, name }) =>
        client !== '127.0.0.1' && name === '[UNAVAILABLE]'
          ? '450 4.7.25 cannot find your hostname'
          : undefined,
    })
    expect(nameless.found['first mail from an unknown client']).toBe(true)
  })

  it('is inconclusive, never broken, when another rule answers every try', async () => {
    const { found } = await prove({
      greylist: working,
      rule: ({ client }) => (client === '127.0.0.1' ? undefined : '450 4.7.1 come back with a name'),
    })
    expect(found['first mail from an unknown client']).toBeUndefined()
    expect(Object.values(found)).not.toContain(false)
  })

  it.each([
    [
      '550 5.1.1 <x>: Recipient address rejected: User unknown in local recipient table',
      /does not exist here.*--recipient/,
    ],
    [
      '450 4.1.1 <x>: Recipient address rejected: unverified address: Address lookup failed',
      /does not exist here/,
    ],
    [
      '554 5.7.1 <x>: Recipient address rejected: Access denied',
      /refuses mail to greyctl-probe@example\.test.*--recipient/,
    ],
    ['550 5.7.23 <x>: Sender address rejected: not yours', /greyctl probe --client \S+ --from/],
  ])('says what to do where the answer is %s', async (answer, advice) => {
    const { cases } = await prove({
      greylist: working,
      rule: ({ client }) => (client === '127.0.0.1' ? undefined : answer),
    })
    expect(cases[0]).toMatchObject({ ok: undefined, answer: `answered by another rule: ${answer}` })
    expect(cases[0]?.advice).toMatch(advice)
  })

  it('asks about the recipient that was named, as Postfix is configured for it, and about no other', async () => {
    const asked = new Set<string>()
    const rule: Behaviour['rule'] = ({ client, recipient }) => {
      if (client !== '127.0.0.1') asked.add(recipient)
      return undefined
    }
    const { found, host } = await prove({ greylist: working, rule }, { recipient: 'me@example.test' })
    expect([found['first mail from an unknown client'], found['its retry after 60 seconds']]).toEqual([
      true,
      true,
    ])
    expect([...asked]).toEqual(['me@example.test'])
    const about = host.arguments.filter((argv) => argv.includes('smtpd_reject_unlisted_recipient=no'))
    // of own networks alone, whose recipient is still one that need not exist
    expect(about.length).toBeLessThan(host.arguments.length / 2)
    const spared = await prove({}, { recipient: 'postmaster@example.test' })
    expect(spared.cases[0]).toMatchObject({
      ok: false,
      advice: expect.stringContaining('whitelist of the greylister'),
    })
  })

  it('waits for the retry also where the greylister is one that greyctl did not wire', async () => {
    const answeredBy = (delay: number): Behaviour => {
      const first = new Map<string, number>()
      return {
        rule: ({ client, now }) => {
          if (client === '127.0.0.1') return undefined
          const at = first.get(client) ?? now
          first.set(client, at)
          return now - at < delay ? DEFER : undefined
        },
      }
    }
    const isGreylisting = (reply: string) => reply.includes('Greylisted')
    const { cases, found } = await prove(answeredBy(60), { isGreylisting })
    expect([found['first mail from an unknown client'], found['its retry after 60 seconds']]).toEqual([
      true,
      true,
    ])
    expect(cases[0]?.answer).toBe(DEFER)
    const longer = (await prove(answeredBy(300), { isGreylisting })).cases[1]
    expect(longer).toMatchObject({ ok: undefined, advice: expect.stringContaining('waited 60 s') })
  })

  it('does not call a server that relays for strangers proven, nor blame this change for it', async () => {
    const { found } = await prove({ greylist: working, relay: ok })
    expect(found).toHaveProperty(['relaying by an unknown client'], undefined)
  })

  it('asks once, not eight times, when smtpd cannot be asked', async () => {
    const host = new Server({})
    host.listening.clear()
    const cases = await proveGreylisting(host, {
      configDir: '/etc/postfix',
      learn: false,
      selective: false,
      waitForRetry: undefined,
    })
    expect(host.asked).toBe(0)
    expect(cases.map((item) => item.ok)).toEqual(cases.map(() => undefined))
    expect(cases[0]).toMatchObject({ ok: undefined, answer: expect.stringContaining('not running') })
  })
})
