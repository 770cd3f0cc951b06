import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { INJECTIONS, type Injection } from './injections.js'
import { boot, type Machine } from './lab.js'
import { GREYCTL, send } from './server.js'

const ALICE = 'alice@example.test'
const DOCTOR = 'node /opt/greyctl/bin/run.js doctor'

interface Seen {
  readonly ids: readonly string[]
  readonly text: string
}

/** What doctor says of the machine; an exit code that does not fit is an error. */
async function examine(machine: Machine, { options = '', user }: Partial<Injection> = {}): Promise<Seen> {
  const command = `${DOCTOR} --json ${options}`
  const ran = await machine.run(user === undefined ? command : `su ${user} -s /bin/sh -c '${command}'`)
  const document = JSON.parse(ran.stdout)
  expect(ran.code, ran.stderr).toBe(document.ok ? 0 : 1)
  const findings: { id: string; detail: string }[] = document.findings
  return {
    ids: [...new Set(findings.map(({ id }) => id))],
    text: findings.map(({ id, detail }) => `${id}: ${detail}`).join('\n'),
  }
}

const RESTORE = 'rm -rf /etc/postfix; cp -a /root/postfix /etc/postfix'

async function restore(machine: Machine, { restore: own, reload }: Injection): Promise<void> {
  await machine.ok(
    `${RESTORE}\n${own ?? 'true'}\n${reload === false ? 'true' : 'postfix reload 2>/dev/null'}`,
  )
}

describe.skipIf(inject('labRefused'))('doctor on a running server', () => {
  let machine: Machine
  const named: string[] = []
  const alarms: string[] = []

  beforeAll(async () => {
    machine = await boot('server')
    await machine.ok(`${GREYCTL} install --yes --delay 1`, { timeout: 300 })
    await machine.ok(
      `cp -a /etc/postfix /root/postfix; cp -a /etc/default/greyctl /root/default.greyctl
       cp -a /etc/systemd/system/greyctl.service /root/greyctl.service`,
    )
    const mail = { client: '198.51.100.10', from: 'a@good.example', to: [ALICE] }
    expect(await send(machine, mail)).toMatchObject({ code: 450 })
    await machine.ok('sleep 1.2')
    expect(await send(machine, mail)).toMatchObject({ code: 250 })
    expect(await send(machine, { client: '127.0.0.1', from: 'bob@example.test', to: [ALICE] })).toMatchObject(
      { code: 250 },
    )
  })
  afterAll(async () => {
    const distinct = new Set(INJECTIONS.map(({ id }) => id)).size
    console.log(`doctor: ${new Set(named).size} of ${distinct} named, ${alarms.length} false alarms`)
    await machine?.end()
  })

  it('finds nothing on the healthy server', async () => {
    expect((await examine(machine)).text).toBe('')
  })

  const chosen = process.env.GREYCTL_INJECT?.split(',')
  const rows = INJECTIONS.filter(({ id }) => chosen === undefined || chosen.includes(id))

  it.each(rows.map((row) => [row.id, row] as const))('%s', async (id, row) => {
    let broken: Seen
    try {
      await machine.ok(
        `set -e\n${row.inject}\n${row.reload === false ? 'true' : 'postfix reload 2>/dev/null || true'}`,
      )
      broken = await examine(machine, row)
    } finally {
      await restore(machine, row)
    }
    const after = await examine(machine)
    const others = broken.ids.filter((other) => other !== id && !(row.also ?? []).includes(other))
    alarms.push(...others, ...after.ids)
    if (broken.ids.includes(id)) named.push(id)
    expect.soft(broken.ids, broken.text).toContain(id)
    expect.soft(others, broken.text).toEqual([])
    expect(after.text, 'after it was put back').toBe('')
  })
})
