import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRealHost } from '../../src/host/real.js'
import { parseMainCf } from '../../src/postfix/main-cf.js'
import { type ProbeResult, probe } from '../../src/postfix/probe.js'
import {
  evaluateRelay,
  type RelayAnswer,
  type RelayClient,
  type RelayRecipient,
} from '../../src/postfix/relay.js'
import { BASE, havePostfix, makeInstance } from './instance.js'

const host = createRealHost()
const ADDRESSES = { mynetworks: '198.51.100.7', stranger: '203.0.113.99' } as const
const RECIPIENTS: Record<RelayRecipient, string> = {
  own: 'alice@example.test',
  elsewhere: 'bob@elsewhere.example',
}

/** Restrictions whose answer the list alone tells. */
const restriction = fc.constantFrom(
  ...[
    'permit_mynetworks',
    'reject_unauth_destination',
    'defer_unauth_destination',
    'permit_auth_destination',
  ],
  ...['permit', 'reject', 'defer', 'defer_if_permit', 'defer_if_reject', 'first', 'second', '$shared'],
  ...['warn_if_reject reject', 'warn_if_reject first', 'warn_if_reject defer_if_permit', 'PERMIT_MYNETWORKS'],
  ...[
    'warn_if_reject reject_unauth_destination',
    'permit_sasl_authenticated',
    'warn_if_reject defer_if_reject',
  ],
)
const plain = restriction.filter((text) => !/first|second|shared/.test(text))
const list = (entries: fc.Arbitrary<string>) =>
  fc.array(entries, { minLength: 1, maxLength: 4 }).map((items) => items.join(', '))

const servers = fc
  .record({
    relay: fc.option(list(restriction), { nil: '' }),
    recipient: fc.option(list(restriction), { nil: '' }),
    relayFirst: fc.constantFrom('yes', 'no'),
    first: list(plain),
    second: list(plain),
    shared: list(plain),
  })
  .map(({ relay, recipient, relayFirst, first, second, shared }) =>
    [
      BASE.replace(/^smtpd_relay.*$/m, `smtpd_relay_restrictions = ${relay}`).trimEnd(),
      `smtpd_recipient_restrictions = ${recipient}`,
      `smtpd_relay_before_recipient_restrictions = ${relayFirst}`,
      'smtpd_restriction_classes = first, second',
      `first = ${first}\nsecond = ${second}\nshared = ${shared}\n`,
    ].join('\n'),
  )

describe.runIf(havePostfix())('the evaluator and the real smtpd', () => {
  let instance: Awaited<ReturnType<typeof makeInstance>>
  beforeAll(async () => {
    instance = await makeInstance(BASE)
  })
  afterAll(async () => {
    await instance?.remove()
  })

  async function real(client: 'mynetworks' | 'stranger', recipient: RelayRecipient): Promise<ProbeResult> {
    const question = { client: { address: ADDRESSES[client] }, sender: '', recipient: RECIPIENTS[recipient] }
    return await probe(host, { configDir: instance.directory, ...question, timeoutSeconds: 30 })
  }

  it('agree on generated lists', async () => {
    let compared = 0
    await fc.assert(
      fc.asyncProperty(servers, async (text) => {
        const cf = parseMainCf(text)
        const path = join(instance.directory, 'main.cf')
        await writeFile(path, instance.mainCf(text))
        await utimes(path, 1_700_000_000, 1_700_000_000)
        for (const client of ['mynetworks', 'stranger'] as const) {
          for (const recipient of ['own', 'elsewhere'] as const) {
            const expected = evaluate(client, recipient)
            if (!expected.starts) continue
            const { verdict, answer } = await real(client, recipient)
            expect(verdict, `${client} to ${recipient}: ${answer}`).toBe(VERDICTS[expected.answer])
            compared += 1
          }
        }
        function evaluate(client: RelayClient, recipient: RelayRecipient): RelayAnswer {
          return evaluateRelay(cf, { client, recipient, oracle: () => 'dunno' })
        }
      }),
      { numRuns: 25, endOnFailure: true },
    )
    expect(compared).toBeGreaterThan(20)
  })
})

const VERDICTS = { permit: 'accepted', refuse: 'refused', defer: 'deferred' } as const
