import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { INJECTIONS, type Injection, RELOAD } from './injections.js'
import { bootSuite, type Machine, type Suite } from './lab.js'
import { GREYCTL, send } from './server.js'

const ALICE = 'alice@example.test'
const DOCTOR = 'node /opt/greyctl/bin/run.js doctor'

interface Seen {
  readonly ids: readonly string[]
  /** Findings that --fix has something to do for. */
  readonly fixable: readonly string[]
  /** Checks that could not tell. */
  readonly unknown: readonly string[]
  readonly text: string
}

/** What doctor says of the machine; an exit code that does not fit is an error. */
async function examine(machine: Machine, { options = '', user }: Partial<Injection> = {}): Promise<Seen> {
  const command = `${DOCTOR} --json ${options}`
  const ran = await machine.run(user === undefined ? command : `su ${user} -s /bin/sh -c '${command}'`)
  const document = JSON.parse(ran.stdout)
  expect(ran.code, ran.stderr).toBe(document.ok ? 0 : 1)
  const findings: { id: string; detail: string; remediation: { autofix: string } }[] = document.findings
  return {
    ids: [...new Set(findings.map(({ id }) => id))],
    fixable: findings.filter(({ remediation }) => remediation.autofix !== 'manual').map(({ id }) => id),
    unknown: document.checks.flatMap((check: { id: string; status: string; reason: string }) =>
      check.status === 'unknown' ? [`${check.id}: ${check.reason}`] : [],
    ),
    text: findings.map(({ id, detail }) => `${id}: ${detail}`).join('\n'),
  }
}

/** `doctor --fix` on a terminal, with a yes to every question; what it said. */
async function mendAll(machine: Machine): Promise<string> {
  const running = machine.start(`TERM=dumb script -qefc 'stty cols 200 rows 24; ${DOCTOR} --fix' /dev/null`)
  let ended = false
  void running.done.then(() => {
    ended = true
  })
  for (let seen = 0; !ended; ) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    const at = running.output().indexOf('Do this?', seen)
    if (at < 0) continue
    // the question is on the screen a moment before its keys are read
    await new Promise((resolve) => setTimeout(resolve, 100))
    running.write('y\r')
    while (!ended && !/Do this\?.*Yes/.test(running.output().slice(at)))
      await new Promise((resolve) => setTimeout(resolve, 50))
    seen = running.output().length
  }
  return running.output()
}

/**
 * A stranger's mail is put off, and taken when it comes again. Then the queue gets empty: what delivers would start in the
 * middle of the next change, and master says a second after a program has ended that it does not start.
 */
async function mailFlows(machine: Machine, sender: string): Promise<readonly number[]> {
  const mail = { client: '198.51.100.10', from: `${sender}@good.example`, to: [ALICE] }
  const first = await send(machine, mail)
  await machine.ok('sleep 1.1')
  const second = await send(machine, mail)
  await machine.ok(
    `n=0; while postqueue -p | grep -q '^[0-9A-F]'; do n=$((n + 1)); [ $n -lt 100 ] || exit 1; sleep 0.1; done`,
  )
  return [first.code, second.code]
}

interface Mending {
  readonly said: string
  /** What doctor finds afterwards. */
  readonly ids: readonly string[]
  readonly codes: readonly number[]
}

async function mend(machine: Machine, row: Injection): Promise<Mending> {
  const said = await mendAll(machine)
  const { ids } = await examine(machine, row)
  return { said, ids, codes: await mailFlows(machine, row.id) }
}

/** In two renames: nothing that Postfix starts meanwhile finds no main.cf. */
const RESTORE = `rm -rf /etc/postfix.back /etc/postfix.broken; cp -a /root/postfix /etc/postfix.back
perl -e 'rename "/etc/postfix", "/etc/postfix.broken" or die $!; rename "/etc/postfix.back", "/etc/postfix" or die $!'
rm -rf /etc/postfix.broken`

async function restore(machine: Machine, { restore: own, reload }: Injection): Promise<void> {
  await machine.ok(
    `${RESTORE}\n${own ?? 'true'}\n${reload === false ? 'true' : 'postfix reload 2>/dev/null'}`,
  )
}

/**
 * Puts every other fault, from this one on, into a running server: doctor must name it, and nothing else that is not true;
 * mend it where it can; and find nothing when it is put back. Two files do half each, at the same time.
 */
export function injectEveryOther(part: 0 | 1): void {
  const rows = INJECTIONS.filter((_, at) => at % 2 === part)
  describe.skipIf(inject('labRefused'))('doctor on a running server', () => injectAll(rows, undefined))
}

/** The same with some of them, in a server of another Debian release. */
export function injectInto(suite: Suite, ids: readonly string[]): void {
  const rows = INJECTIONS.filter(({ id }) => ids.includes(id))
  describe.skipIf(inject('labRefused'))(`doctor on ${suite}`, () => injectAll(rows, suite))
}

function injectAll(all: readonly Injection[], of: Suite | undefined): void {
  let machine: Machine
  const named: string[] = []
  const alarms: string[] = []
  const mendable: string[] = []
  const mended: string[] = []

  beforeAll(async () => {
    machine = await bootSuite('server', of)
    // overlayfs renames no directory of an image
    await machine.ok(
      'cp -a /etc/postfix /etc/postfix.own; rm -rf /etc/postfix; mv /etc/postfix.own /etc/postfix',
    )
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
    const distinct = new Set(rows.map(({ id }) => id)).size
    console.log(`doctor: ${new Set(named).size} of ${distinct} named, ${alarms.length} false alarms`)
    console.log(`doctor --fix: ${mended.length} of ${mendable.length} mended, and mail flows`)
    await machine?.end()
  })

  it('finds nothing on the healthy server', async () => {
    const { text, unknown } = await examine(machine)
    expect(text).toBe('')
    expect(unknown).toEqual([])
  })

  const chosen = process.env.GREYCTL_INJECT?.split(',')
  const suite = of ?? process.env.GREYCTL_LAB_SUITE ?? 'bookworm'
  const rows = all.filter(
    ({ id, only }) => (only ?? suite) === suite && (chosen === undefined || chosen.includes(id)),
  )

  it.each(rows.map((row) => [row.id, row] as const))('%s', async (id, row) => {
    let broken: Seen
    let mending: Mending | undefined
    try {
      await machine.ok(`set -e\n${row.inject}\n${row.reload === false ? 'true' : `{ ${RELOAD}; } || true`}`)
      broken = await examine(machine, row)
      if (broken.fixable.includes(id)) mending = await mend(machine, row)
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
    if (mending === undefined) return
    mendable.push(id)
    const { said, ids, codes } = mending
    expect.soft(ids, said).not.toContain(id)
    expect(codes, said).toEqual(row.asksNoGreylister ? [250, 250] : [450, 250])
    if (!ids.includes(id)) mended.push(id)
  })
}
