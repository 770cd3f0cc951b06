import { describe, expect, inject, it } from 'vitest'
import { type Machine, onMachine } from './lab.js'
import { GREYCTL, json, leftovers, type Mail, send, snapshot } from './server.js'

const MAIL: Mail = { client: '203.0.113.99', from: 'first@outside.example', to: ['alice@localhost'] }

const seconds = (n: number) => new Promise((resolve) => setTimeout(resolve, n * 1000))
const install = (machine: Machine, packages: string) =>
  machine.ok(
    `export DEBIAN_FRONTEND=noninteractive; apt-get install -y -qq --no-install-recommends ${packages} >/dev/null`,
    { timeout: 300 },
  )

describe.skipIf(inject('labRefused')).concurrent('systems that are not a Debian with systemd', () => {
  it(
    'OpenRC: installed, proven, reloaded, restarted, and taken out again without a trace',
    onMachine('bare', async (machine) => {
      await install(machine, 'openrc postfix swaks')
      await machine.ok(`mkdir -p /run/openrc; openrc default >/dev/null 2>&1; useradd -m alice
        postconf -e 'mydestination = localhost' 'mynetworks = 127.0.0.0/8'; postfix status 2>&1 || postfix start 2>&1; postfix reload 2>&1`)
      const before = await snapshot(machine)
      const { code, document, stderr } = await json(machine, 'install --yes --delay 2')
      expect(code, stderr).toBe(0)
      expect(document.proof.every(({ ok }: { ok: boolean }) => ok)).toBe(true)
      await machine.ok('test -L /etc/runlevels/default/greyctl; rc-service greyctl status')
      const pid = await machine.ok('cat /run/greyctl.pid')
      expect(await machine.ok(`stat -c %U /proc/${pid.trim()}`)).toBe('greyctl\n')
      expect(await send(machine, MAIL)).toMatchObject({ code: 450 })
      await machine.ok('rc-service greyctl reload; rc-service greyctl restart')
      expect(await machine.ok('cat /run/greyctl.pid')).not.toBe(pid)
      await seconds(3)
      expect(await send(machine, MAIL)).toMatchObject({ code: 250 })
      expect(await json(machine, 'install --yes')).toMatchObject({ code: 0, document: { changed: false } })
      expect(await json(machine, 'install --yes --delay 3 --no-proof')).toMatchObject({
        code: 0,
        document: { changed: true },
      })
      const out = await machine.run(`${GREYCTL} uninstall --yes`)
      expect(out.code, out.stderr).toBe(0)
      expect(await snapshot(machine)).toBe(before)
      expect(await leftovers(machine)).toBe('')
    }),
  )

  it(
    'dnf, zypper and pacman: each, asked for Postfix, installs the package of that name; or says why not, and what to do',
    onMachine('bare', async (machine) => {
      await install(machine, 'dnf createrepo-c rpm zypper pacman-package-manager')
      await machine.ok(REPOSITORIES)
      const ask = async (id: string) => {
        await machine.ok(`printf 'ID=${id}\\n' >/etc/os-release`)
        return machine.run(`${GREYCTL} install --with-postfix --yes`)
      }
      // what is in the package can be asked for its version, and no more
      for (const [id, program, installed] of [
        ['fedora', 'dnf', 'rpm -q postfix; rpm -e --nodeps postfix'],
        [
          'opensuse-leap',
          'zypper',
          'zypper -q search -i postfix | grep postfix; rm /usr/local/sbin/postconf',
        ],
        ['arch', 'pacman', 'pacman -Q postfix'],
      ] as const) {
        const ran = await ask(id)
        expect(ran.stderr).toContain(`install the package postfix (${program})`)
        expect(ran.stderr).toContain('start Postfix')
        expect(await machine.ok(installed)).toContain('postfix')
        await machine.ok('rm -f /usr/local/sbin/postconf')
      }
      await machine.ok(
        'rm -rf /srv/rpm/* /srv/pacman/*.db; createrepo_c -q /srv/rpm; rm -rf /var/lib/pacman/sync',
      )
      for (const [id, hint] of [
        ['fedora', /dnf repolist/],
        ['opensuse-leap', /zypper repos/],
        ['arch', /pacman -Syu/],
      ] as const) {
        const ran = await ask(id)
        expect(ran).toMatchObject({ code: 3, stderr: expect.stringMatching(hint) })
        expect(ran.stderr).toMatch(/install the package postfix by hand/)
      }
    }),
  )
})

/** A package `postfix` in a repository of each kind, whose only program knows nothing. */
const REPOSITORIES = `set -e
mkdir -p /srv/rpm /srv/pacman /root/content/usr/local/sbin /etc/yum.repos.d
printf '#!/bin/sh\\nexit 1\\n' >/root/content/usr/local/sbin/postconf; chmod 755 /root/content/usr/local/sbin/postconf
cat >/root/postfix.spec <<'SPEC'
Name: postfix
Version: 3.9
Release: 1
Summary: stands in for Postfix
License: none
BuildArch: noarch
AutoReqProv: no
%description
.
%install
cp -r /root/content/. %{buildroot}
%files
/usr/local/sbin/postconf
SPEC
rpmbuild -bb --define '_rpmdir /srv/rpm' /root/postfix.spec >/dev/null 2>&1
createrepo_c -q /srv/rpm
printf '[local]\\nname=local\\nbaseurl=file:///srv/rpm\\ngpgcheck=0\\nmetadata_expire=0\\n' >/etc/yum.repos.d/local.repo
zypper --non-interactive addrepo --refresh -G file:///srv/rpm local >/dev/null
cd /root/content
printf 'pkgname = postfix\\npkgbase = postfix\\npkgver = 3.9-1\\npkgdesc = .\\nbuilddate = 1\\npackager = .\\nsize = 1\\narch = any\\n' >.PKGINFO
tar -czf /srv/pacman/postfix-3.9-1-any.pkg.tar.gz .PKGINFO usr
mkdir -p /root/db/postfix-3.9-1
printf '%%FILENAME%%\\npostfix-3.9-1-any.pkg.tar.gz\\n\\n%%NAME%%\\npostfix\\n\\n%%VERSION%%\\n3.9-1\\n\\n%%ARCH%%\\nany\\n' >/root/db/postfix-3.9-1/desc
tar -C /root/db -czf /srv/pacman/stand-in.db postfix-3.9-1
printf '[stand-in]\\nSigLevel = Never\\nServer = file:///srv/pacman\\n' >>/etc/pacman.conf
ln -sf /proc/mounts /etc/mtab
pacman --sync --refresh >/dev/null`
