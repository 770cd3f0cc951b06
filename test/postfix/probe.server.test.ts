import { mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRealHost } from '../../src/host/real.js'
import { prepareCandidate, removeCandidate } from '../../src/postfix/candidate.js'
import { parseMainCf } from '../../src/postfix/main-cf.js'
import { type ProbeClient, probe } from '../../src/postfix/probe.js'
import { wireGreylisting } from '../../src/postfix/wire.js'
import { BASE, havePostfix, makeInstance } from './instance.js'

const host = createRealHost()
const CANDIDATE = '/run/greyctl/test-candidate'
const stranger: ProbeClient = { address: '203.0.113.99' }

/** A policy service that answers everything with one action and remembers the requests. */
async function policyServer(
  action: string,
): Promise<{ server: Server; endpoint: string; requests: string[] }> {
  const requests: string[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      requests.push(chunk.toString())
      if (chunk.toString().endsWith('\n\n')) socket.write(`action=${action}\n\n`)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { server, endpoint: `inet:127.0.0.1:${port}`, requests }
}

describe.runIf(havePostfix())('probe', () => {
  let instance: Awaited<ReturnType<typeof makeInstance>>
  let policy: Awaited<ReturnType<typeof policyServer>>

  beforeAll(async () => {
    instance = await makeInstance(BASE)
    policy = await policyServer('DEFER_IF_PERMIT 4.2.0 Greylisted, come back in 60 seconds')
  })
  afterAll(async () => {
    policy?.server.close()
    await instance?.remove()
    await removeCandidate(host, CANDIDATE)
  })

  const ask = (configDir: string, client: ProbeClient, recipient: string, more: object = {}) =>
    probe(host, {
      configDir,
      client,
      sender: 'greyctl-probe@example.test',
      recipient,
      timeoutSeconds: 30,
      ...more,
    })

  /** A candidate with greylisting at an endpoint. */
  async function wired(endpoint: string, base: string = BASE): Promise<string> {
    const { cf } = wireGreylisting(parseMainCf(instance.mainCf(base)), { endpoint })
    return await prepareCandidate(host, instance.directory, cf.toBytes(), CANDIDATE)
  }

  it('before wiring: own domain accepted, relaying deferred, own network may relay', async () => {
    const accepted = await ask(instance.directory, stranger, 'alice@example.test')
    expect(accepted).toMatchObject({ verdict: 'accepted', code: 250 })
    expect(accepted.answer).toMatch(/^250 2\.1\.5 /)
    expect(accepted.dialogue.map((exchange) => exchange.sent)).toEqual([
      '',
      'EHLO probe.example',
      'XCLIENT ADDR=203.0.113.99 NAME=[UNAVAILABLE] HELO=probe.example PROTO=ESMTP',
      'EHLO probe.example',
      'MAIL FROM:<greyctl-probe@example.test>',
      'RCPT TO:<alice@example.test>',
      'QUIT',
    ])
    expect(accepted.dialogue[1]?.answer).toMatch(/^250-mx\.example\.test\n250-/)
    const relayed = await ask(instance.directory, stranger, 'bob@elsewhere.example')
    expect(relayed).toMatchObject({ verdict: 'deferred', code: 454 })
    const own = await ask(instance.directory, { address: '198.51.100.7' }, 'bob@elsewhere.example')
    expect(own.verdict).toBe('accepted')
    const outsider = { mynetworksOverride: true }
    const judged = await ask(
      instance.directory,
      { address: '198.51.100.7' },
      'bob@elsewhere.example',
      outsider,
    )
    expect(judged).toMatchObject({ verdict: 'deferred', code: 454 })
  })

  it('refused for good where the configuration says so', async () => {
    const overrides = { smtpd_relay_restrictions: 'permit_mynetworks, reject_unauth_destination' }
    const refused = await ask(instance.directory, stranger, 'bob@elsewhere.example', { overrides })
    expect(refused).toMatchObject({ verdict: 'refused', code: 554 })
    expect(refused.answer).toMatch(/Relay access denied/)
  })

  it('wired: a stranger is deferred by the policy service, own networks are not asked', async () => {
    const directory = await wired(policy.endpoint)
    policy.requests.length = 0
    const client = { address: '203.0.113.99', name: 'mail.example.org', helo: 'helo.example.org' }
    const deferred = await ask(directory, client, 'alice@example.test')
    expect(deferred).toMatchObject({ verdict: 'deferred', code: 450 })
    expect(deferred.answer).toMatch(/^450 4\.2\.0 <alice@example\.test>: .*Greylisted/)
    expect(policy.requests.join('')).toMatch(/^client_address=203\.0\.113\.99$/m)
    expect(policy.requests.join('')).toMatch(/^client_name=mail\.example\.org$/m)
    expect(policy.requests.join('')).toMatch(/^helo_name=helo\.example\.org$/m)
    policy.requests.length = 0
    expect((await ask(directory, { address: '198.51.100.7' }, 'alice@example.test')).verdict).toBe('accepted')
    expect((await ask(directory, stranger, 'bob@elsewhere.example')).code).toBe(454)
    expect(policy.requests).toEqual([])
  })

  it('IPv6 clients and the null sender', async () => {
    const directory = await wired(policy.endpoint)
    policy.requests.length = 0
    const deferred = await ask(directory, { address: '2001:db8::5' }, 'alice@example.test', { sender: '' })
    expect(deferred.code).toBe(450)
    expect(policy.requests.join('')).toMatch(/^client_address=2001:db8::5$/m)
    expect(policy.requests.join('')).toMatch(/^sender=$/m)
  })

  it('a dead endpoint fails open', async () => {
    const gone = await policyServer('DUNNO')
    await new Promise((resolve) => gone.server.close(resolve))
    const directory = await wired(gone.endpoint)
    expect(await ask(directory, stranger, 'alice@example.test')).toMatchObject({
      verdict: 'accepted',
      code: 250,
    })
    expect((await ask(directory, stranger, 'bob@elsewhere.example')).code).toBe(454)
  })

  it('an undeclared class is an error, not a deferral', async () => {
    const broken = instance.mainCf(`${BASE}smtpd_recipient_restrictions = permit_mynetworks, greylist\n`)
    const directory = await prepareCandidate(host, instance.directory, broken, CANDIDATE)
    const asked = await ask(directory, stranger, 'alice@example.test')
    expect(asked).toMatchObject({ verdict: 'error', code: 451 })
    expect(asked.answer).toMatch(/4\.3\.5 .*Server configuration error/)
  })

  it('a server without relay guard does not start, and does with the guard of a new list', async () => {
    const bare = BASE.replace(/^smtpd_relay_restrictions.*$/m, 'smtpd_relay_restrictions =')
    const open = await prepareCandidate(host, instance.directory, instance.mainCf(bare), CANDIDATE)
    expect(await ask(open, stranger, 'alice@example.test')).toMatchObject({
      verdict: 'error',
      code: undefined,
    })
    const guarded = await wired(policy.endpoint, bare)
    expect((await ask(guarded, stranger, 'alice@example.test')).code).toBe(450)
    expect((await ask(guarded, stranger, 'bob@elsewhere.example')).verdict).toBe('refused')
  })

  it('names file and line of a configuration that does not parse', async () => {
    await writeFile(join(instance.directory, 'main.cf'), instance.mainCf(`${BASE}reject\n`))
    const asked = ask(instance.directory, stranger, 'alice@example.test')
    const where = new RegExp(`^${instance.directory}/main\\.cf:\\d+$`)
    await expect(asked).rejects.toMatchObject({ code: 'config-invalid', where: expect.stringMatching(where) })
    await writeFile(join(instance.directory, 'main.cf'), instance.mainCf(BASE))
  })

  it('says so when postfix does not run there', async () => {
    const overrides = { queue_directory: '/nonexistent' }
    const asked = await ask(instance.directory, stranger, 'alice@example.test', { overrides })
    expect(asked).toMatchObject({ verdict: 'error', dialogue: [] })
    expect(asked.answer).toMatch(/^postfix is not running: nothing answers at \/nonexistent/)
  })
})

describe.runIf(havePostfix())('the candidate', () => {
  it('is a copy without links, readable by the mail owner, and leaves the original alone', async () => {
    const instance = await makeInstance(BASE)
    const own = instance.directory
    const elsewhere = join(own, '..', 'elsewhere')
    await mkdir(elsewhere)
    await rename(join(own, 'main.cf'), join(elsewhere, 'main.cf'))
    await symlink('../elsewhere/main.cf', join(own, 'main.cf'))
    await symlink('master.cf', join(own, 'link.cf'))
    await symlink('nowhere', join(own, 'dangling'))
    await mkdir(join(own, 'tables'))
    await writeFile(join(own, 'tables', 'a'), 'x OK\n')
    await writeFile(join(own, 'secret'), 'password\n', { mode: 0o600 })
    try {
      const directory = await prepareCandidate(host, own, instance.mainCf(`${BASE}# changed\n`), CANDIDATE)
      expect(directory).toBe(CANDIDATE)
      expect(await readdir(directory)).toEqual(['link.cf', 'main.cf', 'master.cf', 'secret', 'tables'])
      expect(await readFile(join(directory, 'main.cf'), 'utf8')).toBe(instance.mainCf(`${BASE}# changed\n`))
      expect(await readFile(join(directory, 'tables', 'a'), 'utf8')).toBe('x OK\n')
      expect(await readFile(join(elsewhere, 'main.cf'), 'utf8')).toBe(instance.mainCf(BASE))
      const secret = await stat(join(directory, 'secret'))
      expect([secret.mode & 0o777, secret.uid, secret.gid]).toEqual([0o600, 0, 0])
      const options = { configDir: directory, client: stranger, sender: '', recipient: 'a@example.test' }
      expect((await probe(host, options)).verdict).toBe('accepted')
      await removeCandidate(host, CANDIDATE)
      expect(await host.stat(CANDIDATE)).toBeUndefined()
    } finally {
      await instance.remove()
      await removeCandidate(host, CANDIDATE)
    }
  })
})
