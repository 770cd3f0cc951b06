import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { client, policyText } from './running.js'
import { eventually, type Spawned, spawnDaemon } from './spawned.js'

/**
 * The daemon as a process whose end or whose disk comes at a bad moment. What needs root (a small file system in a mount
 * namespace of its own, the rights of another user) is skipped with a line without it.
 */
const root = process.getuid?.() === 0
const namespaces = root && spawnSync('unshare', ['-m', 'true']).status === 0
if (!root) console.log('skipped: a store that cannot be written (it needs root)')
if (!namespaces) console.log('skipped: a full disk (it needs root and mount namespaces)')

let base: string
const running: Spawned[] = []
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'greyctl-crash-'))
  chmodSync(base, 0o755)
})
afterEach(async () => {
  for (const daemon of running.splice(0)) await daemon.kill('SIGKILL')
  rmSync(base, { recursive: true, force: true })
})

async function start(argv: readonly string[], wrap: readonly string[] = []): Promise<Spawned> {
  const daemon = await spawnDaemon(base, argv, wrap)
  running.push(daemon)
  return daemon
}

const textOf = (number: number) =>
  policyText({
    sender: `s${number}x@load.example`,
    client_address: `10.${number % 200}.${(number >> 8) % 200}.7`,
  })

/** Asks about new triplets on eight connections until the daemon is gone; the numbers of those that were answered. */
async function loadUntilGone(daemon: Spawned, first: number): Promise<number[]> {
  const answered: number[] = []
  let next = first
  const drive = async () => {
    const asking = await client(daemon.port)
    while (!asking.socket.closed) {
      const number = next
      next += 1
      asking.send(textOf(number))
      const outcome = await Promise.race([asking.answers(1).catch(() => undefined), asking.closed])
      if (!Array.isArray(outcome)) return
      expect(outcome[0]).toMatch(/^DEFER_IF_PERMIT/)
      answered.push(number)
    }
  }
  await Promise.all(Array.from({ length: 8 }, drive))
  return answered
}

/** The actions for those triplets, asked again on one connection. */
async function askAgain(daemon: Spawned, numbers: readonly number[]): Promise<string[]> {
  const asking = await client(daemon.port)
  const answers: string[] = []
  for (let start = 0; start < numbers.length; start += 1000) {
    const part = numbers.slice(start, start + 1000)
    asking.send(part.map(textOf).join(''))
    answers.push(...(await asking.answers(part.length)))
  }
  asking.socket.destroy()
  return answers
}

describe('kill -9 under load', () => {
  // relaxed: what was written survives the process; only a power failure may take the last 50 ms
  it.each(['strict', 'relaxed'])('forgets nothing that was answered (%s)', async (durability) => {
    // nothing passes yet, so that what is known is told by the time that is missing
    const argv = [`--dbdir=${join(base, 'store')}`, `--durability=${durability}`, '--delay=3600']
    const known: number[] = []
    for (let round = 0; round < 6; round += 1) {
      const daemon = await start(argv)
      const load = loadUntilGone(daemon, round * 1_000_000)
      await new Promise((resolve) => setTimeout(resolve, 60 + Math.random() * 500))
      await daemon.kill('SIGKILL')
      known.push(...(await load))
    }
    expect(known.length).toBeGreaterThan(200)
    await new Promise((resolve) => setTimeout(resolve, 1100))
    const daemon = await start(argv)
    const answers = await askAgain(daemon, known)
    // a triplet that was forgotten would be told to wait for the whole hour
    expect(answers.filter((answer) => !/try again in 3[45]\d\d seconds$/.test(answer))).toEqual([])
  })
})

describe.runIf(namespaces)('a full disk', () => {
  it('forgets nothing that was answered, says so once, and goes on when there is space', async () => {
    const disk = join(base, 'disk')
    mkdirSync(disk)
    // room for the journal (8 MiB) and next to nothing else
    const script = `mount -t tmpfs -o size=10m tmpfs ${disk} && exec "$@"`
    const daemon = await start(
      [`--dbdir=${disk}/store`, '--delay=2', '--quiet'],
      ['unshare', '-m', 'sh', '-c', script, 'sh'],
    )
    const deferred: number[] = []
    const asking = await client(daemon.port)
    let passed = 0
    for (let batch = 0; batch < 400 && passed === 0; batch += 1) {
      const numbers = Array.from({ length: 500 }, (_, index) => batch * 500 + index)
      asking.send(numbers.map(textOf).join(''))
      const answers = await asking.answers(numbers.length)
      for (const [index, answer] of answers.entries()) {
        if (answer.startsWith('DEFER')) deferred.push(numbers[index] ?? 0)
        else passed += 1
      }
    }
    // the journal took what the store could not, then mail went on without being greylisted
    expect(passed).toBeGreaterThan(0)
    expect(deferred.length).toBeGreaterThan(10_000)
    expect(
      daemon.log().match(/warning: the store cannot be written, new triplets wait in its journal: .*space/gi),
    ).toHaveLength(1)
    await eventually(() =>
      daemon.log().includes('not greylisting (answering DUNNO): no space left on device'),
    )
    // plain lines, no library's own
    expect(daemon.log().split('\n')).toEqual(
      expect.not.arrayContaining([expect.stringMatching(/^(?!listening|warning: ).+/)]),
    )
    spawnSync('nsenter', ['-t', String(daemon.child.pid), '-m', 'mount', '-o', 'remount,size=200m', disk])
    await eventually(() => daemon.log().includes('the store can be written again'))
    await new Promise((resolve) => setTimeout(resolve, 2100))
    const answers = await askAgain(daemon, deferred)
    expect(answers.filter((answer) => answer.startsWith('DEFER'))).toEqual([])
    asking.socket.destroy()
  })
})

describe.runIf(namespaces)('a disk that is full from the start', () => {
  it.each([
    ['an empty directory', ''],
    // as LMDB leaves it when it ends in the middle: a file of holes
    ['a lock file without blocks', 'truncate -s 8272 "$disk/store/lock.mdb"; : >"$disk/store/data.mdb"'],
  ])('lets mail pass, says what to do, and begins when there is space: %s', async (_, left) => {
    const disk = join(base, 'disk')
    mkdirSync(disk)
    const script = `disk=${disk}; mount -t tmpfs -o size=1m tmpfs $disk; mkdir $disk/store; ${left}
      dd if=/dev/zero of=$disk/fill bs=4k 2>/dev/null; exec "$@"`
    const daemon = await start([`--dbdir=${disk}/store`], ['unshare', '-m', 'sh', '-c', script, 'sh'])
    const asking = await client(daemon.port)
    asking.send(policyText())
    expect(await asking.answers(1)).toEqual(['DUNNO'])
    expect(daemon.log()).toContain(`no space left on device: 0 KiB free in ${disk}/store, make room there`)
    spawnSync('nsenter', ['-t', String(daemon.child.pid), '-m', 'mount', '-o', 'remount,size=100m', disk])
    await eventually(() => daemon.log().includes('the store is open'))
    asking.send(policyText())
    expect((await asking.answers(1))[0]).toMatch(/^DEFER_IF_PERMIT/)
    asking.socket.destroy()
  })
})

describe.runIf(root)('a store that cannot be opened', () => {
  it('greylists nobody, says why, and is tried again', async () => {
    const parent = join(base, 'parent')
    mkdirSync(parent, { mode: 0o500 })
    chownSync(parent, 65_534, 65_534)
    // not through --user: root makes the directory before it gives its rights up
    const daemon = await start(
      [`--dbdir=${join(parent, 'store')}`],
      ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
    )
    const asking = await client(daemon.port)
    asking.send(policyText())
    expect(await asking.answers(1)).toEqual(['DUNNO'])
    expect(daemon.log()).toMatch(
      /warning: the store cannot be opened: EACCES.*nobody is greylisted until it can/,
    )
    chmodSync(parent, 0o700)
    await eventually(() => daemon.log().includes('the store is open'))
    asking.send(policyText())
    expect((await asking.answers(1))[0]).toMatch(/^DEFER_IF_PERMIT/)
    asking.socket.destroy()
  })
})

describe('a store that is damaged', () => {
  it('is kept beside a new one, with one warning, and mail is greylisted from the first on', async () => {
    const store = join(base, 'store')
    mkdirSync(store)
    const damaged = Buffer.alloc(20_000, 'no store')
    writeFileSync(join(store, 'data.mdb'), damaged)
    const daemon = await start([`--dbdir=${store}`])
    const asking = await client(daemon.port)
    asking.send(policyText())
    expect((await asking.answers(1))[0]).toMatch(/^DEFER_IF_PERMIT/)
    asking.socket.destroy()
    const [kept = ''] = readdirSync(store).filter((name) => name.startsWith('data.mdb.damaged-'))
    expect(readFileSync(join(store, kept))).toEqual(damaged)
    expect(daemon.log().match(/^warning: .*is damaged.*/gm)).toEqual([expect.stringContaining(kept)])
  })

  it('in its middle, and ends whoever reads it: it is looked at by another process, and kept beside a new one', async () => {
    const store = join(base, 'store')
    const first = await start([`--dbdir=${store}`])
    await askAgain(
      first,
      Array.from({ length: 200 }, (_, number) => number),
    )
    await first.kill('SIGTERM')
    const file = join(store, 'data.mdb')
    const bytes = readFileSync(file)
    // the heads of all pages are as ever; what they say of their nodes leads to beyond the file
    for (let page = 2 * 4096; page < bytes.length; page += 4096) bytes.fill(0xff, page + 24, page + 4096)
    writeFileSync(file, bytes)
    const alive = async (daemon: Spawned) => {
      await new Promise((resolve) => setTimeout(resolve, 1500))
      return daemon.child.exitCode === null && daemon.child.signalCode === null
    }
    let lives = 1
    let daemon = await start([`--dbdir=${store}`]).catch(() => undefined)
    // as systemd does
    while (daemon === undefined || !(await alive(daemon))) {
      lives += 1
      expect(lives).toBeLessThanOrEqual(4)
      daemon = await start([`--dbdir=${store}`]).catch(() => undefined)
    }
    const asking = await client(daemon.port)
    asking.send(policyText({ sender: 'after@damage.example' }))
    expect((await asking.answers(1))[0]).toMatch(/^DEFER_IF_PERMIT/)
    asking.socket.destroy()
    expect(lives).toBe(3)
    expect(daemon.log()).toMatch(/is damaged \(whoever reads it ends with SIG[A-Z]+\): kept as/)
    const [kept = ''] = readdirSync(store).filter((name) => name.startsWith('data.mdb.damaged-'))
    expect(readFileSync(join(store, kept)).subarray(8192)).toEqual(bytes.subarray(8192))
  })
})
