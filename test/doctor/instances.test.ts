import { describe, expect, it } from 'vitest'
import { openFacts } from '../../src/doctor/facts.js'
import { MemoryHost } from '../../src/host/memory.js'
import { HEALTHY_MAIN, HEALTHY_MASTER } from './scene.js'

const ENABLED = 'multi_instance_enable = yes\n'

async function instances(main: string, master = HEALTHY_MASTER) {
  const host = new MemoryHost()
  host.seed('/etc/postfix/main.cf', `${HEALTHY_MAIN}multi_instance_directories = /etc/postfix-in\n`)
  host.seed('/etc/postfix/master.cf', HEALTHY_MASTER)
  host.seed('/etc/postfix-in/main.cf', main)
  host.seed('/etc/postfix-in/master.cf', master)
  const answer = await openFacts(host, { configDir: '/etc/postfix', logs: [] }).get('instances')
  return answer.known ? answer.value : answer.reason
}

describe('another instance of Postfix', () => {
  const found = (listens: boolean, asks: boolean) => [{ directory: '/etc/postfix-in', listens, asks }]

  it('asks a policy server when a stranger’s mail gets there', async () => {
    expect(await instances(HEALTHY_MAIN + ENABLED)).toEqual(found(true, true))
  })

  it('asks nobody when what stands before the check lets everybody in', async () => {
    const main = HEALTHY_MAIN.replace('permit_sasl_authenticated, $greyctl', 'permit, $greyctl') + ENABLED
    expect(await instances(main)).toEqual(found(true, false))
  })

  it('asks nobody when an override of its port 25 leaves the check out', async () => {
    const master = HEALTHY_MASTER.replace(
      'smtpd\n',
      'smtpd\n  -o smtpd_recipient_restrictions=permit_mynetworks\n',
    )
    expect(await instances(HEALTHY_MAIN + ENABLED, master)).toEqual(found(true, false))
  })

  it('takes no mail while it is switched off', async () => {
    expect(await instances(HEALTHY_MAIN)).toEqual(found(false, false))
  })
})
