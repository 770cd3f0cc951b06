import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { applyPlan } from '../../src/change/apply.js'
import { planDiff } from '../../src/change/diff.js'
import type { Plan, Prover, Step } from '../../src/change/plan.js'
import { recoverInterrupted } from '../../src/change/recover.js'
import { listCheckpoints, rollbackCheckpoint } from '../../src/change/rollback.js'
import { GreyctlError } from '../../src/errors.js'
import { hashOf } from '../../src/hash.js'
import { MemoryHost, PowerCut } from '../../src/host/memory.js'

const META = { uid: 0, gid: 0, mode: 0o644 }

/** `set NAME` and `unset NAME` change the state of a service; `fail` does half of its work and fails. */
function machine(): MemoryHost {
  const host = new MemoryHost()
  host.seedDirectory('/var/lib')
  host.seedDirectory('/run')
  host.seed('/etc/kept', 'kept', { uid: 7, gid: 8, mode: 0o600 })
  host.seed('/etc/changed', 'old\n', { uid: 1, gid: 2, mode: 0o640 })
  host.seed('/etc/removed', 'gone soon', { uid: 3, gid: 4, mode: 0o755 })
  host.seed('/services', '')
  const service = (on: boolean) => (argv: readonly string[], at: MemoryHost) => {
    const names = new Set(String(at.picture()['/services']?.split(' ')[3] ?? '') ? read(at) : [])
    if (on) names.add(argv[1] ?? '')
    else names.delete(argv[1] ?? '')
    at.change('/services')
    at.seed('/services', [...names].sort().join(','))
    return {}
  }
  host.programs.set('set', service(true))
  host.programs.set('unset', service(false))
  host.programs.set('fail', (argv, at) => {
    service(true)(argv, at)
    return { exitCode: 1, stderr: 'it failed\n' }
  })
  return host
}

function read(host: MemoryHost): string[] {
  const content = Buffer.from(host.picture()['/services']?.split(' ')[3] ?? '', 'base64').toString()
  return content.split(',').filter(Boolean)
}

const steps: Record<string, (host: MemoryHost) => Promise<Step>> = {
  create: async () => ({
    kind: 'file',
    id: 'create',
    title: 'create a file',
    path: '/etc/new/file',
    before: 'absent',
    after: Buffer.from('new\n'),
    meta: META,
  }),
  change: async (host) => ({
    kind: 'file',
    id: 'change',
    title: 'change a file',
    path: '/etc/changed',
    before: hashOf(await host.read('/etc/changed')),
    after: Buffer.from('new\n'),
  }),
  remove: async (host) => ({
    kind: 'file',
    id: 'remove',
    title: 'remove a file',
    path: '/etc/removed',
    before: hashOf(await host.read('/etc/removed')),
    after: 'absent',
  }),
  run: async () => ({ kind: 'run', id: 'run', title: 'start', argv: ['set', 'a'], undo: ['unset', 'a'] }),
  undoOnly: async () => ({ kind: 'run', id: 'back', title: 'back', argv: [], undo: ['unset', 'b'] }),
  fail: async () => ({ kind: 'run', id: 'fail', title: 'fail', argv: ['fail', 'c'], undo: ['unset', 'c'] }),
  proof: async () => ({ kind: 'prove', id: 'proof', title: 'prove' }),
  tree: async () => ({ kind: 'remove-tree', id: 'tree', title: 'remove data', path: '/var/lib/data' }),
}

const DIRECTORY: Step = {
  kind: 'directory',
  id: 'directory',
  title: 'create a directory',
  path: '/etc/new',
  action: 'create',
  meta: { uid: 5, gid: 6, mode: 0o750 },
}

async function planOf(host: MemoryHost, names: readonly string[]): Promise<Plan> {
  const chosen: Step[] = [DIRECTORY]
  for (const name of names) chosen.push(await (steps[name] as (host: MemoryHost) => Promise<Step>)(host))
  return { title: 'test', steps: chosen }
}

const prove: Prover = async () => [{ case: 'works', expected: 'yes', answer: 'yes', ok: true }]

/** What is compared: everything but the checkpoints, which a finished change keeps. */
function state(host: MemoryHost): Record<string, string> {
  return Object.fromEntries(
    Object.entries(host.picture()).filter(([path]) => !path.startsWith('/var/lib/greyctl')),
  )
}

async function only(host: MemoryHost): Promise<string> {
  return `/var/lib/greyctl/checkpoints/${(await host.list('/var/lib/greyctl/checkpoints'))?.at(-1)}`
}

const planNames = fc
  .uniqueArray(fc.constantFrom('create', 'change', 'remove', 'run', 'undoOnly', 'proof', 'fail'), {
    maxLength: 6,
  })
  .chain((names) => fc.boolean().map((tree) => (tree ? [...names, 'tree'] : names)))

describe('a power cut after any single change', () => {
  it('leaves the machine, after recovery, as before or as after; recovery itself may be cut too', async () => {
    await fc.assert(
      fc.asyncProperty(planNames, fc.boolean(), async (names, leaveNoTrace) => {
        const fresh = () => {
          const host = machine()
          host.seed('/var/lib/data/triplets', 'many')
          return host
        }
        const options = { prove, leaveNoTrace }
        const whole = fresh()
        const before = state(whole)
        const { status } = await applyPlan(whole, await planOf(whole, names), options)
        const after = state(whole)
        expect(status).toBe(names.includes('fail') ? 'rolled-back' : 'applied')
        if (status === 'rolled-back') expect(after).toEqual(before)

        for (let cut = 0; cut < whole.changes; cut += 1) {
          const host = fresh()
          host.cutAfter = cut
          await expect(applyPlan(host, await planOf(host, names), options)).rejects.toBeInstanceOf(PowerCut)
          const survivor = host.restarted()
          survivor.cutAfter = cut % 7
          await recoverInterrupted(survivor).catch((error) => expect(error).toBeInstanceOf(PowerCut))
          const again = survivor.restarted()
          await recoverInterrupted(again)
          const found = JSON.stringify(state(again))
          expect([JSON.stringify(before), JSON.stringify(after)]).toContain(found)
          if (found === JSON.stringify(before) && found !== JSON.stringify(after)) {
            expect(again.picture()).toEqual(fresh().picture())
          }
        }
      }),
      { numRuns: 30 },
    )
  }, 60_000)
})

describe('applyPlan', () => {
  it('tells each step and keeps a checkpoint that a person can read', async () => {
    const host = machine()
    const seen: string[] = []
    const result = await applyPlan(host, await planOf(host, ['create', 'change', 'remove', 'run', 'proof']), {
      prove,
      events: { step: (step, status) => seen.push(`${step.id} ${status}`) },
    })
    expect(result).toMatchObject({ status: 'applied', conflicts: [], proof: [{ ok: true }] })
    expect(seen).toContain('change running')
    expect(seen.at(-1)).toBe('proof done')
    const directory = `/var/lib/greyctl/checkpoints/${result.checkpoint}`
    expect(await host.list(directory)).toEqual([
      'files',
      'journal',
      'manifest.json',
      'plan.diff',
      'restore.sh',
    ])
    expect((await host.read(`${directory}/plan.diff`))?.toString()).toContain('-old\n+new')
    expect(await host.stat(directory)).toMatchObject({ mode: 0o700 })
    expect(await listCheckpoints(host)).toMatchObject([{ id: result.checkpoint, state: 'finished' }])
  })

  it.each([
    ['a failing program', ['change', 'run', 'fail'], {}],
    [
      'a proof that fails',
      ['change', 'run', 'proof'],
      { prove: async () => [{ case: 'c', expected: 'e', answer: 'a', ok: false }] },
    ],
    [
      'a proof that throws',
      ['change', 'remove', 'proof'],
      {
        prove: async () => {
          throw new GreyctlError('internal', 'broken')
        },
      },
    ],
  ] as const)('puts everything back after %s, without a trace', async (_, names, options) => {
    const host = machine()
    const before = host.picture()
    const result = await applyPlan(host, await planOf(host, names), options as { prove?: Prover })
    expect(result.status).toBe('rolled-back')
    expect(result.failure).toBeInstanceOf(GreyctlError)
    expect(host.picture()).toEqual(before)
  })

  it('goes on when a proof is inconclusive', async () => {
    const host = machine()
    const unsure: Prover = async () => [{ case: 'c', expected: 'e', answer: 'another rule', ok: undefined }]
    expect(await applyPlan(host, await planOf(host, ['proof']), { prove: unsure })).toMatchObject({
      status: 'applied',
    })
  })

  it.each(['no-space', 'read-only'] as const)(
    'says %s and where, and leaves nothing half done',
    async (code) => {
      const host = machine()
      host.troubled.set('/etc/changed', code)
      const before = host.picture()
      const result = await applyPlan(host, await planOf(host, ['create', 'run', 'change']))
      expect(result).toMatchObject({ status: 'rolled-back', failure: { code, where: '/etc/changed' } })
      expect(host.picture()).toEqual(before)
    },
  )

  it('cannot even begin on a full disk, and leaves nothing', async () => {
    const host = machine()
    const before = host.picture()
    host.troubled.set('/var/lib/greyctl', 'no-space')
    await expect(applyPlan(host, await planOf(host, ['change']))).rejects.toMatchObject({ code: 'no-space' })
    expect(host.picture()).toEqual(before)
  })

  it('names rollback, which needs no room, where there is a change to take back', async () => {
    const host = machine()
    await applyPlan(host, await planOf(host, ['create']))
    host.freeBytes = async () => 0
    await expect(applyPlan(host, await planOf(host, ['change']))).rejects.toMatchObject({
      code: 'no-space',
      hints: [expect.stringContaining('MiB free'), expect.stringContaining('greyctl rollback')],
    })
  })

  it('does not touch a file that was edited after the plan was made', async () => {
    const host = machine()
    const plan = await planOf(host, ['create', 'change'])
    host.seed('/etc/changed', 'edited\n')
    const before = host.picture()
    await expect(applyPlan(host, plan)).rejects.toMatchObject({
      code: 'edited-meanwhile',
      where: '/etc/changed',
    })
    expect(host.picture()).toEqual(before)
  })

  it('leaves an edit made while it ran, and names it', async () => {
    const host = machine()
    const plan = await planOf(host, ['change', 'proof'])
    const edit: Prover = async () => {
      host.seed('/etc/changed', 'edited\n')
      return [{ case: 'c', expected: 'e', answer: 'a', ok: false }]
    }
    const result = await applyPlan(host, plan, { prove: edit })
    expect(result).toMatchObject({ status: 'rolled-back-with-conflicts', conflicts: ['/etc/changed'] })
    expect((await host.read('/etc/changed'))?.toString()).toBe('edited\n')
    await recoverInterrupted(host)
    expect((await listCheckpoints(host)).length).toBe(1)
  })

  it('undoes everything when interrupted', async () => {
    const host = machine()
    const before = host.picture()
    const controller = new AbortController()
    const interrupt: Prover = async () => {
      controller.abort(new GreyctlError('interrupted', 'interrupted'))
      return []
    }
    const plan = await planOf(host, ['change', 'run', 'proof'])
    const result = await applyPlan(host, plan, { prove: interrupt, signal: controller.signal })
    expect(result).toMatchObject({ status: 'rolled-back', failure: { code: 'interrupted' } })
    expect(host.picture()).toEqual(before)
  })

  it('lets one change run at a time', async () => {
    const host = machine()
    const plan = await planOf(host, ['change', 'proof'])
    const second: Prover = async () => {
      await expect(applyPlan(host, plan)).rejects.toMatchObject({ code: 'change-running' })
      return []
    }
    expect(await applyPlan(host, plan, { prove: second })).toMatchObject({ status: 'applied' })
  })
})

describe('a kill in the middle of putting a file in place', () => {
  it('leaves nothing of the half-written file after recovery', async () => {
    const host = machine()
    const before = host.picture()
    const plan: Plan = {
      title: 'install',
      steps: [await (steps.change as (host: MemoryHost) => Promise<Step>)(host)],
    }
    const seen = { count: 0 }
    host.programs.set('unset', () => ({}))
    await applyPlan(
      host,
      {
        ...plan,
        steps: [...plan.steps, { kind: 'run', id: 'cut', title: 'power fails', argv: ['cut'] }],
      },
      {
        events: {
          step: (step, status) => {
            if (step.id !== 'cut' || status !== 'running') return
            seen.count += 1
            host.seed('/etc/.changed.greyctl-0123456789ab', 'half')
            host.seed('/etc/.other.greyctl-0123456789ab', 'not of this change')
            host.cutAfter = host.changes
          },
        },
      },
    ).catch(() => {})
    expect(seen.count).toBe(1)
    const next = host.restarted()
    await recoverInterrupted(next)
    const after = next.picture()
    expect(after['/etc/.changed.greyctl-0123456789ab']).toBeUndefined()
    expect(after['/etc/changed']).toBe(before['/etc/changed'])
    expect(after['/etc/.other.greyctl-0123456789ab']).toBeDefined()
  })
})

describe('a file that an earlier step brings', () => {
  it('is changed from that, shown so, and put back to that before its bringer is undone', async () => {
    const host = machine()
    const brought = Buffer.from('as packaged\n')
    host.programs.set('package', (_, at) => {
      at.seed('/etc/packaged', brought)
      return {}
    })
    const seen: string[] = []
    host.programs.set('purge', (_, at) => {
      seen.push(Buffer.from(at.picture()['/etc/packaged']?.split(' ')[3] ?? '', 'base64').toString())
      return {}
    })
    const plan: Plan = {
      title: 'install',
      steps: [
        { kind: 'run', id: 'package', title: 'a package', argv: ['package'], undo: ['purge'] },
        {
          kind: 'file',
          id: 'packaged',
          title: 'its options',
          path: '/etc/packaged',
          before: hashOf(brought),
          after: Buffer.from('as wanted\n'),
          brought,
        },
        { kind: 'run', id: 'fails', title: 'something fails', argv: ['fail', 'x'] },
      ],
    }
    expect(await planDiff(host, plan)).toContain('-as packaged\n+as wanted')
    expect(await applyPlan(host, plan)).toMatchObject({ status: 'rolled-back' })
    expect(seen).toEqual(['as packaged\n'])
  })

  it('fails the change when something else was brought', async () => {
    const host = machine()
    const step: Step = {
      kind: 'file',
      id: 'packaged',
      title: 'its options',
      path: '/etc/changed',
      before: hashOf(Buffer.from('as packaged\n')),
      after: 'absent',
      brought: Buffer.from('as packaged\n'),
    }
    const result = await applyPlan(host, { title: 'install', steps: [step] })
    expect(result).toMatchObject({
      status: 'rolled-back-with-conflicts',
      failure: { code: 'edited-meanwhile' },
    })
    expect((await host.read('/etc/changed'))?.toString()).toBe('old\n')
  })
})

describe('rollbackCheckpoint', () => {
  it('brings back every byte, owner and mode', async () => {
    const host = machine()
    const before = state(host)
    const plan = await planOf(host, ['create', 'change', 'remove', 'run'])
    const { checkpoint } = await applyPlan(host, plan)
    await rollbackCheckpoint(host, checkpoint, { force: false })
    expect(state(host)).toEqual(before)
    await expect(rollbackCheckpoint(host, undefined, { force: false })).rejects.toMatchObject({
      code: 'checkpoint-missing',
    })
  })

  it('refuses to lose a later edit, shows it, and obeys --force', async () => {
    const host = machine()
    const before = state(host)
    await applyPlan(host, await planOf(host, ['change', 'run']))
    host.seed('/etc/changed', 'mine\n', { uid: 1, gid: 2, mode: 0o640 })
    const edited = state(host)
    await expect(rollbackCheckpoint(host, undefined, { force: false })).rejects.toMatchObject({
      code: 'rollback-conflict',
      where: '/etc/changed',
      message: expect.stringContaining('-new\n+mine'),
    })
    expect(state(host)).toEqual(edited)
    await rollbackCheckpoint(host, undefined, { force: true })
    expect(state(host)).toEqual(before)
  })

  it('keeps an edit that was made elsewhere in a file', async () => {
    const host = machine()
    host.seed('/etc/changed', 'one\ntwo\nthree\nfour\nfive\nold\n')
    const after = Buffer.from('one\ntwo\nthree\nfour\nfive\nnew\n')
    const before = hashOf(await host.read('/etc/changed'))
    await applyPlan(host, {
      title: 'install',
      steps: [{ kind: 'file', id: 'change', title: 'change', path: '/etc/changed', before, after }],
    })
    host.seed('/etc/changed', `edited\n${after}`)
    expect(await rollbackCheckpoint(host, undefined, { force: false })).toMatchObject({
      merged: ['/etc/changed'],
      problems: [],
    })
    expect((await host.read('/etc/changed'))?.toString()).toBe('edited\none\ntwo\nthree\nfour\nfive\nold\n')
  })

  it('cut short at any point: the next run completes it, and undoes nothing twice', async () => {
    const names = ['create', 'change', 'remove', 'run']
    const installed = async () => {
      const host = machine()
      await applyPlan(host, await planOf(host, names))
      return host
    }
    const before = state(machine())
    const start = (await installed()).changes
    const whole = await installed()
    await rollbackCheckpoint(whole, undefined, { force: false })
    for (let cut = start; cut < whole.changes; cut += 1) {
      const host = await installed()
      host.cutAfter = cut
      await expect(rollbackCheckpoint(host, undefined, { force: false })).rejects.toBeInstanceOf(PowerCut)
      const survivor = host.restarted()
      // as a unit whose file is gone: it cannot be stopped a second time
      survivor.programs.set('unset', (argv, at) => {
        if (!read(at).includes(argv[1] ?? '')) return { exitCode: 5 }
        return host.programs.get('unset')?.(argv, at) ?? {}
      })
      const noted = String(await survivor.read(`${await only(survivor)}/journal`))
      const { completed, conflicts } = await recoverInterrupted(survivor)
      if (!noted.includes('rolling-back')) continue
      expect(state(survivor)).toEqual(before)
      if (!noted.includes('"rolled-back"')) expect(completed).toHaveLength(1)
      // between the program and its note nobody knows: then it runs again, and what it says is told
      expect(conflicts.length).toBeLessThanOrEqual(1)
    }
  })

  it('takes no path for a name', async () => {
    await expect(rollbackCheckpoint(machine(), '../../etc', { force: true })).rejects.toMatchObject({
      code: 'checkpoint-missing',
    })
  })
})
