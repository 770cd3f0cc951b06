import { describe, expect, it } from 'vitest'
import { MemoryHost } from '../../src/host/memory.js'
import { resolveChoices } from '../../src/setup/choices.js'
import { gatherFacts } from '../../src/setup/facts.js'
import { planInstall } from '../../src/setup/install-plan.js'
import { planUninstall } from '../../src/setup/uninstall-plan.js'
import { afterPlan, testProgram } from './fixtures.js'

/** A main.cf of CentOS 7's Postfix 2.10 and Ubuntu 14.04's 2.11, as such servers have it. */
const MAIN_CF = `queue_directory = /var/spool/postfix
command_directory = /usr/sbin
daemon_directory = /usr/libexec/postfix
data_directory = /var/lib/postfix
mail_owner = postfix
myhostname = mx.example.test
mydestination = $myhostname, example.test
mynetworks = 127.0.0.0/8, 192.0.2.0/24
smtpd_recipient_restrictions =
    permit_mynetworks,
    permit_sasl_authenticated,
    reject_unauth_destination,
    reject_rbl_client zen.spamhaus.org
`

/** What postconf(1) of that time says; not recorded from one (it runs nowhere any more), but by its manual. */
const VALUES: Readonly<Record<string, string>> = {
  mail_version: '2.11.3',
  queue_directory: '/var/spool/postfix',
  daemon_directory: '/usr/libexec/postfix',
  mail_owner: 'postfix',
  myhostname: 'mx.example.test',
  inet_protocols: 'all',
  mynetworks: '127.0.0.0/8, 192.0.2.0/24',
  recipient_delimiter: '',
  mydestination: 'mx.example.test, example.test',
  virtual_mailbox_domains: '$virtual_mailbox_maps',
  virtual_alias_domains: '$virtual_alias_maps',
  relay_domains: 'mx.example.test, example.test',
}

function oldServer(): MemoryHost {
  const host = new MemoryHost()
  host.seed('/etc/postfix/main.cf', MAIN_CF)
  host.seed('/run/systemd/system/x', '')
  host.programs.set('postfix', () => ({}))
  host.programs.set('systemctl', () => ({ exitCode: 3 }))
  host.programs.set('postconf', (argv) => {
    if (argv.includes('-m')) return { stdout: 'cidr\nhash\npcre\nregexp\nstatic\n' }
    const names = argv.slice(argv.indexOf('-x') + 1)
    const known = names.filter((name) => VALUES[name] !== undefined)
    const unknown = names.filter((name) => VALUES[name] === undefined)
    return {
      stdout: known.map((name) => `${name} = ${VALUES[name]}\n`).join(''),
      // maillog_file came with 3.4
      stderr: unknown.map((name) => `postconf: warning: ${name}: unknown parameter\n`).join(''),
    }
  })
  return host
}

describe('Postfix before 3.0', () => {
  const plan = async (selective: boolean) => {
    const facts = await gatherFacts(oldServer(), { configDir: undefined, needsPostfix: true })
    const choices = resolveChoices({ selective }, {})
    return { facts, planned: planInstall(facts, choices, await testProgram(), { proof: true }) }
  }

  it('is asked in the form that it can read, last in its list, and the administrator told what it cannot do', async () => {
    const { facts, planned } = await plan(false)
    expect(facts.postfix).toMatchObject({
      version: '2.11.3',
      daemonDirectory: '/usr/libexec/postfix',
      maillogFile: '',
    })
    const text = String(planned.candidates[0]?.mainCf)
    expect(text).toMatch(/^greyctl_check = check_policy_service inet:127\.0\.0\.1:10023$/m)
    expect(text).not.toMatch(/[{}]/)
    expect(text).toMatch(/reject_rbl_client zen\.spamhaus\.org,?\s+\$greyctl_check$/m)
    expect(planned.warnings.join()).toMatch(/Postfix 2\.11\.3 cannot be told to let mail through/)
    expect(planned.plan.steps.map(({ id }) => id)).toContain('prove-candidate')
  })

  it('with a restriction class too, and both are taken out byte for byte', async () => {
    for (const selective of [false, true]) {
      const { facts, planned } = await plan(selective)
      const text = String(planned.candidates[0]?.mainCf)
      if (selective) expect(text).toMatch(/^smtpd_restriction_classes = check_greylist$/m)
      expect(text).not.toMatch(/[{}]/)
      const installed = afterPlan(facts, planned.plan)
      const { plan: out } = planUninstall(installed, { keepData: false, keepPackage: false })
      expect(afterPlan(installed, out).mainCf?.toString()).toBe(MAIN_CF)
    }
  })
})
