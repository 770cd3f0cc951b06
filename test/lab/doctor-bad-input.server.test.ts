import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest'
import { boot, type Machine } from './lab.js'
import { GREYCTL, snapshot } from './server.js'

interface Look {
  readonly code: number
  readonly ids: readonly string[]
  /** Why checks are unknown, each reason once. */
  readonly reasons: readonly string[]
  readonly status: ReadonlyMap<string, string>
}

const RESTORE = 'rm -rf /etc/postfix; cp -a /root/postfix /etc/postfix; postfix reload 2>/dev/null'
/** postfix reads a file that is younger than two seconds again and again until it is older. */
const list = (value: string) =>
  `sed -i 's#^smtpd_recipient_restrictions = .*#smtpd_recipient_restrictions = ${value}#' /etc/postfix/main.cf
   touch -d '1 hour ago' /etc/postfix/main.cf; postfix reload 2>/dev/null || true`

describe.skipIf(inject('labRefused'))('greyctl doctor where much is missing, or too much is there', () => {
  let machine: Machine
  beforeAll(async () => {
    machine = await boot('server')
    await machine.ok(`${GREYCTL} install --yes --delay 1 --no-proof; cp -a /etc/postfix /root/postfix`, {
      timeout: 300,
    })
  })
  afterAll(() => machine?.end())
  afterEach(() => machine.ok(RESTORE))

  async function look(options = '', user = 'root'): Promise<Look> {
    const command = `${GREYCTL} doctor --json ${options}`
    const { code, stdout, stderr } = await machine.run(
      user === 'root' ? command : `su ${user} -s /bin/sh -c 'PATH=$PATH:/opt/node/bin ${command}'`,
    )
    expect(stderr).toBe('')
    const { findings, checks } = JSON.parse(stdout) as {
      findings: { id: string }[]
      checks: { id: string; status: string; reason: string }[]
    }
    const unknown = checks.filter(({ status }) => status === 'unknown')
    return {
      code,
      ids: findings.map(({ id }) => id),
      reasons: [...new Set(unknown.map(({ reason }) => reason))],
      status: new Map(checks.map(({ id, status }) => [id, status])),
    }
  }

  it('without postconf: the files are judged', async () => {
    await machine.ok('mv /usr/sbin/postconf /root/')
    try {
      const { code, ids, reasons, status } = await look()
      expect([code, ids]).toEqual([0, []])
      expect(reasons).toContain('there is no postconf program here')
      expect(status.get('postconf-fatal')).toBe('unknown')
      expect(status.get('policy-before-permit-mynetworks')).toBe('pass')
    } finally {
      await machine.ok('mv /root/postconf /usr/sbin/')
    }
  })

  it('with a postconf that hangs: the same, and it is left behind by nobody', async () => {
    await machine.ok(`mv /usr/sbin/postconf /root/
      printf '#!/bin/sh\\nexec sleep 86399\\n' >/usr/sbin/postconf; chmod 755 /usr/sbin/postconf`)
    try {
      const { code, ids, reasons, status } = await look()
      expect([code, ids]).toEqual([0, []])
      expect(reasons).toContain('postconf gave no answer within 5 s')
      expect(status.get('policy-before-permit-mynetworks')).toBe('pass')
      // what reads no more than a file does not wait with it
      expect(status.get('no-mail-log-file')).toBe('pass')
      expect((await machine.run('pgrep -xa sleep')).stdout).toBe('')
    } finally {
      await machine.ok('mv /root/postconf /usr/sbin/')
    }
  })

  it('without journalctl, where a log file is', async () => {
    await machine.ok('mv /usr/bin/journalctl /root/')
    try {
      const { code, ids, reasons } = await look()
      expect([code, ids]).toEqual([0, []])
      expect(reasons).toEqual(["the kernel's messages cannot be read: ENOENT"])
    } finally {
      await machine.ok('mv /root/journalctl /usr/bin/')
    }
  })

  it('without root: what can be seen', async () => {
    await machine.ok('chmod 644 /var/log/mail.log')
    try {
      const { code, ids, reasons, status } = await look('', 'nobody')
      expect([code, ids]).toEqual([0, []])
      expect(reasons).toContain('only root may start smtpd as Postfix does')
      expect(status.get('policy-daemon-not-running')).toBe('pass')
    } finally {
      await machine.ok('chmod 640 /var/log/mail.log')
    }
  })

  it('without root, and a configuration that is closed: 3 for what needs it, not for all the rest', async () => {
    await machine.ok('chmod 700 /etc/postfix')
    const closed = await look('--check duplicate-parameter --check greylisting-off', 'nobody')
    expect(closed).toMatchObject({
      code: 3,
      ids: [],
      reasons: ['/etc/postfix/main.cf: permission denied; run it as root'],
    })
    const all = await look('--skip log-unreadable', 'nobody')
    expect([all.code, all.ids]).toEqual([0, []])
    expect(all.status.get('stale-pidfile')).toBe('pass')
  })

  it('tables of a million lines', async () => {
    await machine.ok(`seq -f 'host%.0f.example OK' 1000000 >/etc/postfix/big; postmap hash:/etc/postfix/big
      touch -d '1 hour ago' /etc/postfix/big*
      ${list('permit_mynetworks, check_client_access hash:/etc/postfix/big, check_helo_access texthash:/etc/postfix/big, permit_sasl_authenticated, $greyctl_check')}`)
    const { code, ids } = await look()
    expect([code, ids]).toEqual([0, []])
  })

  it('a main.cf of ten megabytes: what nothing reads, and names that nothing defines', async () => {
    await machine.ok(`seq -f 'own_%.0f = a value of some length, and another, and a third, and $gone_1' 150000 >>/etc/postfix/main.cf
      [ "$(wc -c </etc/postfix/main.cf)" -gt 10000000 ]; sed -i '$a smtpd_helo_restrictions = $gone_1' /etc/postfix/main.cf; touch -d '1 hour ago' /etc/postfix/main.cf`)
    const { ids, reasons, status } = await look('--skip config-not-reloaded')
    // postconf itself takes its seconds for so much: where they are too many, what it alone can tell is unknown
    if (reasons.length === 0) expect(ids).toEqual(['undefined-name'])
    else expect(ids).toEqual([])
    expect(status.get('duplicate-parameter')).toBe('pass')
    expect(status.get('policy-before-permit-mynetworks')).toBe('pass')
  })

  it('a repair that fails: what it did is taken back, and said', async () => {
    await machine.ok(`echo 'a OK' >/etc/postfix/x; mkdir /etc/postfix/x.db
      ${list('permit_mynetworks, check_client_access hash:/etc/postfix/x, permit_sasl_authenticated, $greyctl_check')}`)
    const before = await snapshot(machine, '/etc/postfix')
    const { code, stdout } = await machine.run(
      `${GREYCTL} doctor --fix --yes --json --check table-db-missing`,
    )
    expect(code).toBe(1)
    const { mended, findings } = JSON.parse(stdout)
    expect(mended).toMatchObject([{ id: 'table-db-missing', status: 'put-back' }])
    expect(findings).toMatchObject([{ id: 'table-db-missing' }])
    expect(await snapshot(machine, '/etc/postfix')).toBe(before)
  })

  it('a log that would command a terminal', async () => {
    await machine.ok(
      `printf 'Nov 25 08:00:00 mx postfix/smtpd[1]: warning: problem talking to server \\033[2J\\033]0;x\\007 </pre> \\302\\233 \\342\\200\\256 x\\n' >/root/-x.log`,
    )
    for (const form of ['', '--json', '--markdown', '--redact']) {
      const { code, stdout } = await machine.run(
        `cd /root; ${GREYCTL} doctor ${form} --check policy-server-unreachable --log=-x.log`,
      )
      expect(code, form).toBe(1)
      expect(stdout, form).toContain('problem talking to server')
      expect(stdout, form).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
      if (form === '--markdown') expect(stdout).not.toMatch(/^<\/pre>/m)
    }
  })

  it('names that look like options', async () => {
    await machine.ok(`mkdir -p /etc/-x; cp /etc/postfix/*.cf /etc/-x
      printf 'multi_instance_name = -n\\nqueue_directory = /var/spool/-x\\ndata_directory = /var/lib/-x\\n' >>/etc/-x/main.cf
      printf 'multi_instance_directories = /etc/-x\\n' >>/etc/postfix/main.cf
      printf '%s\\n' '-o inet n - y - - smtpd' '127.0.0.1:--help inet n - y - - smtpd' >>/etc/postfix/master.cf
      echo 'a OK' >/etc/postfix/-t; echo 'a OK' >/etc/postfix/-r
      ${list('permit_mynetworks, check_client_access hash:/etc/postfix/-t, check_client_access regexp:/etc/postfix/-r, check_policy_service unix:-p, check_policy_service inet:-h:10023, permit_sasl_authenticated, $greyctl_check')}`)
    const { code, ids } = await look()
    expect(code).toBe(1)
    expect(ids).toEqual(
      expect.arrayContaining([
        'table-db-missing',
        'regexp-syntax-error',
        'unix-socket-missing',
        'policy-host-unresolvable',
      ]),
    )
    const ran = await machine.run(`cd /etc; ${GREYCTL} doctor --check=-x; ${GREYCTL} doctor --skip=-x`)
    expect(ran.stderr.match(/there is no check "-x"/g)).toHaveLength(2)
    // and postmap is handed such a name by --fix
    await machine.ok(`${GREYCTL} doctor --fix --yes --check table-db-missing`)
    expect(await machine.ok('ls /etc/postfix')).toContain('-t.db')
  })
})
