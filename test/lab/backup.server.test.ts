import { expect, inject, it } from 'vitest'
import { onMachine } from './lab.js'
import { follow, readPage } from './pages.js'
import { send } from './server.js'

const PAGE = 'docs/how-to/backup.md'

it.skipIf(inject('labRefused'))(
  `${PAGE}, command by command: a server that lost all of it knows its senders, and the administrator's choices`,
  onMachine('server', async (machine) => {
    const steps = readPage(PAGE)
    const from = (client: string, sender: string) =>
      send(machine, { client, from: sender, to: ['alice@example.test'] })
    const part = (name: string) => steps.filter(({ section }) => section === name)
    const mainCf = await machine.ok('cat /etc/postfix/main.cf')
    await machine.ok('ln -s /opt/greyctl/bin/greyctl /usr/local/bin/greyctl')

    // with sealed keys: then the backup is worth nothing without its key
    await machine.ok(`greyctl install --yes --delay 2
      sed -i '1i privacy = true' /etc/greyctl/greyctl.toml; echo 203.0.113.5 >/etc/greyctl/whitelist_clients.local
      systemctl restart greyctl`)
    expect(await from('203.0.113.99', 'known@outside.example')).toMatchObject({ code: 450 })
    await machine.ok('sleep 2.1')
    expect(await from('203.0.113.99', 'known@outside.example')).toMatchObject({ code: 250 })

    await follow(machine, PAGE, part('Back up'))
    expect(await machine.ok('stat -c "%U %a %n" /var/backups/greyctl /var/backups/greyctl/*')).toBe(
      ['700', '600', '600', '600']
        .map(
          (mode, at) =>
            `root ${mode} /var/backups/greyctl${['', '/configuration.tar', '/privacy.key', '/triplets.jsonl'][at]}`,
        )
        .join('\n')
        .concat('\n')
        .replace('root 600 /var/backups/greyctl/privacy.key', 'greyctl 600 /var/backups/greyctl/privacy.key'),
    )

    await machine.ok('greyctl uninstall --yes; rm -rf /etc/greyctl /etc/default/greyctl /var/lib/greyctl')
    expect(await machine.ok('cat /etc/postfix/main.cf; ls /etc/greyctl 2>&1; true')).toBe(
      `${mainCf}ls: cannot access '/etc/greyctl': No such file or directory\n`,
    )

    await follow(machine, PAGE, part('Restore'))
    await follow(machine, PAGE, part('See that it is back'))
    // the first mail of a known sender, and of a stranger; the delay that was chosen
    expect(await from('203.0.113.99', 'known@outside.example')).toMatchObject({ code: 250 })
    expect(await from('203.0.113.99', 'stranger@outside.example')).toMatchObject({ code: 450 })
    expect(await machine.ok('cat /etc/greyctl/whitelist_clients.local')).toBe('203.0.113.5\n')
    expect(await machine.ok('cat /etc/default/greyctl')).toContain('--delay=2')
  }),
)
