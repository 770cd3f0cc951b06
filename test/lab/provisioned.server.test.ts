import { readFileSync } from 'node:fs'
import { describe, expect, inject, it } from 'vitest'
import { type Machine, onMachine } from './lab.js'
import { GREYCTL, json, leftovers, snapshot } from './server.js'

/** The blocks of docs/ansible.md, as they stand there. */
const [role = '', cloudConfig = ''] = [
  ...readFileSync('docs/ansible.md', 'utf8').matchAll(/^```yaml\n([\s\S]*?)^```$/gm),
].map(([, block]) => block ?? '')

const install = (machine: Machine, packages: string) =>
  machine.ok(
    `export DEBIAN_FRONTEND=noninteractive; apt-get install -y -qq --no-install-recommends ${packages} >/dev/null`,
    { timeout: 300 },
  )

describe
  .skipIf(inject('labRefused'))
  .concurrent('servers that are set up by programs: docs/ansible.md', () => {
    it(
      'the role: shown with --check, applied, nothing to do a second time, changed over with other variables',
      onMachine('server', async (machine) => {
        await install(machine, 'ansible-core')
        await machine.run(
          'mkdir -p /root/roles/greylisting/tasks; cat >/root/roles/greylisting/tasks/main.yml',
          {
            input: role,
          },
        )
        await machine.run('cat >/root/site.yml', { input: PLAYBOOK })
        const before = await snapshot(machine)
        const play = async (more: string) => {
          const ran = await machine.run(`cd /root; ansible-playbook site.yml ${more}`, { timeout: 300 })
          expect(ran.code, ran.stdout + ran.stderr).toBe(0)
          return /ok=(\d+) +changed=(\d+) .*failed=(\d+)/.exec(ran.stdout)?.slice(1).map(Number)
        }
        const small = '-e greylisting_delay=2'
        expect(await play(`${small} --check`)).toEqual([1, 1, 0])
        expect(await snapshot(machine)).toBe(before)
        expect(await play(small)).toEqual([1, 1, 0])
        expect(await play(small)).toEqual([1, 0, 0])
        expect(await play(`${small} --check`)).toEqual([1, 0, 0])
        expect(await play(`${small} -e greylisting_selective=true`)).toEqual([1, 1, 0])
        expect(await json(machine, 'status')).toMatchObject({ document: { delay: 2, selective: true } })
        await machine.ok(`${GREYCTL} uninstall --yes`)
        // what Ansible itself keeps is in the home of root
        expect(await snapshot(machine)).toBe(before)
      }),
    )

    it(
      'the cloud-config is one, and its commands make a server that greylists',
      onMachine('init', async (machine) => {
        await install(machine, 'cloud-init')
        // nobody waits a minute for the retry
        const quick = cloudConfig.replace("--delay, '60'", "--delay, '2'")
        expect(quick).not.toBe(cloudConfig)
        await machine.run('cat >/root/user-data', { input: quick })
        expect(await machine.ok('cloud-init schema --config-file /root/user-data 2>&1')).toContain('Valid')
        await machine.ok(
          `python3 -c 'import subprocess, yaml
for command in yaml.safe_load(open("/root/user-data"))["runcmd"]: subprocess.check_call(command)'`,
          { timeout: 300 },
        )
        const { document } = await json(machine, 'status')
        expect(document).toMatchObject({ delay: 2, service: { running: true, enabled: true } })
        await machine.ok(`${GREYCTL} uninstall --yes`)
        expect(await leftovers(machine)).toBe('')
      }),
    )
  })

const PLAYBOOK = `- hosts: localhost
  connection: local
  gather_facts: false
  roles: [greylisting]
`
