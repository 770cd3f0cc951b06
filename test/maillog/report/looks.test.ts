import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Story } from '../../../src/maillog/life.js'
import { Looks } from '../../../src/maillog/report/looks.js'
import { clientNetwork } from '../../../src/maillog/triplet.js'

const address = fc.constantFrom('192.0.2.1', '192.0.2.77', '198.51.100.9', '2001:db8::1', '2001:db8::2', 'x')
const sender = fc.constantFrom(
  '',
  ...'aBcdef'.split('').flatMap((part) => [`${part}@${part}.Test`, `z@${part}.test`]),
)

function storyOf(about: Pick<Story, 'sender' | 'passed'> & { readonly address: string }): Story {
  return {
    client: { name: 'unknown', address: about.address },
    sender: about.sender,
    recipient: 'b@mx.test',
    deferrals: 1,
    deferredAt: undefined,
    lastDeferredAt: undefined,
    passed: about.passed,
    passedAt: undefined,
    delay: undefined,
    elsewhereAt: undefined,
    series: { count: 1, seconds: 0 },
    lastRef: { source: 'x', line: 1 },
  }
}

const story = fc.record({ address, sender, passed: fc.boolean() }).map(storyOf)

/** What else the stories say of a story's network, told with nothing but lists. */
function networkMarks(all: readonly Story[], { client, sender: from }: Story): readonly string[] {
  const network = all.filter((one) => clientNetwork(one.client.address) === clientNetwork(client.address))
  const domains = new Set(network.map((one) => one.sender.split('@').at(-1)?.toLowerCase()))
  const wasAccepted = network.some(({ passed }) => passed)
  return [
    ...(wasAccepted ? ['network-known'] : []),
    ...(from !== '' && network.filter((one) => one.sender === from).length > 1 ? ['several-recipients'] : []),
    ...(!wasAccepted && domains.size >= 5 ? ['many-senders'] : []),
  ]
}

describe('Looks', () => {
  it('knows of a network what its stories say', () => {
    fc.assert(
      fc.property(fc.array(story, { maxLength: 40 }), fc.boolean(), (some, mayPass) => {
        const all = mayPass ? some : some.map((one) => ({ ...one, passed: false }))
        const looks = new Looks()
        for (const one of all) looks.add(one)
        for (const one of all)
          expect(looks.judge(one).marks).toEqual([...networkMarks(all, one), 'no-confirmed-name'])
      }),
      { numRuns: 300 },
    )
  })

  it('remembers fifty senders of a network, and judges the others by their line', () => {
    const looks = new Looks()
    const of = (number: number) =>
      storyOf({ address: '192.0.2.1', sender: `a${number}@x.test`, passed: false })
    for (let number = 0; number < 60; number += 1) for (const one of [of(number), of(number)]) looks.add(one)
    expect(looks.judge(of(49)).marks).toContain('several-recipients')
    expect(looks.judge(of(50)).marks).toEqual(['no-confirmed-name'])
  })
})
