import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { SEED } from '../seed.js'
import { boot, type Machine, type Running } from './lab.js'
import { GREYCTL, leftovers, snapshot } from './server.js'

/** A change, the command that brings it about, and the one that brings back the state before. */
interface Row {
  readonly what: string
  readonly first: string
  readonly command: string
  /** Left to the full measure: a shorter test, or another row, goes most of this way. */
  readonly seldom?: true
}

const BUNDLED = 'install --yes --no-proof --delay 2'
const POSTGREY = 'install --backend postgrey --yes --no-proof --delay 2'
/** `first` is run on a machine without greylisting. Debian's postgrey is there, but for the row that brings it. */
const ROWS: readonly Row[] = [
  { what: 'install', first: 'true', command: BUNDLED, seldom: true },
  { what: 'install with postgrey', first: 'true', command: POSTGREY },
  { what: 'from the bundled daemon to postgrey', first: BUNDLED, command: POSTGREY },
  {
    what: 'from postgrey to the bundled daemon',
    first: POSTGREY,
    command: 'install --backend bundled --yes --no-proof',
    seldom: true,
  },
  { what: 'uninstall', first: BUNDLED, command: 'uninstall --yes' },
  { what: 'rollback', first: BUNDLED, command: 'rollback --yes' },
]
/** GREYCTL_KILLS=all kills at every step of every change; otherwise at one of most, another in each run. */
const ALL = process.env.GREYCTL_KILLS === 'all'

/**
 * Ends the command the hard way after its Nth step; prints how many steps it had told by then.
 */
const KILL = `kill_after() {
  local at=$1 line n=0 pid; shift
  mkfifo /tmp/said
  "$@" >/dev/null 2>/tmp/said </dev/null &
  pid=$!
  while IFS= read -r line; do
    case $line in *✓*|*↶*) n=$((n + 1)) ;; esac
    [ $n != $at ] || kill -KILL $pid 2>/dev/null
  done </tmp/said
  wait $pid 2>/dev/null; rm -f /tmp/said
  echo $n
}`

/** How many changes stand half done in their journals. */
const UNFINISHED = `for journal in /var/lib/greyctl/checkpoints/*/journal; do
  grep -s '"event":"state"' "$journal" | tail -n 1
done | grep -cE '"(in-progress|rolling-back|finishing)"' || true`

describe.skipIf(inject('labRefused'))('greyctl killed with SIGKILL, while mail comes in', () => {
  let machine: Machine
  let traffic: Running
  let clean: string
  const greyctl = (command: string) =>
    command === 'true' ? Promise.resolve('') : machine.ok(`${GREYCTL} ${command}`, { timeout: 300 })

  beforeAll(async () => {
    machine = await boot('server')
    await machine.ok(`apt-get install -y -qq --no-install-recommends postgrey >/dev/null
      systemctl disable --now -q postgrey
      postconf -e smtpd_client_connection_rate_limit=0; postfix reload 2>&1`)
    clean = await snapshot(machine)
    traffic = machine.start('node /opt/greyctl/test/lab/traffic.mjs 20', { timeout: 3000 })
  })
  afterAll(() => machine?.end())

  it.each(ROWS.filter(({ seldom }) => ALL || !seldom))(
    '$what: before or after, never between; the next run recovers',
    async (row) => {
      await greyctl(row.first)
      const before = await snapshot(machine)
      const told = await machine.run(`${GREYCTL} ${row.command}`, { timeout: 300 })
      expect(told.code, told.stderr).toBe(0)
      const steps = told.stderr.match(/^ {2}[✓↶] /gm)?.length ?? 0
      expect(steps).toBeGreaterThan(4)
      const after = await snapshot(machine)
      await reset(row)
      let interrupted = 0
      for (const at of chosen(steps, row.what)) {
        await machine.ok(`${KILL}\nkill_after ${at} ${GREYCTL} ${row.command}`, { timeout: 300 })
        interrupted += Number(await machine.ok(UNFINISHED))
        // whatever changes something recovers first; also when it is itself cut short
        await machine.run(`timeout -s KILL 0.${5 + (at % 4)} ${GREYCTL} rollback --list`)
        const next = await machine.run(`${GREYCTL} rollback --list`, { timeout: 300 })
        expect(next.code, next.stderr).toBe(0)
        const found = await snapshot(machine)
        const where = `killed after step ${at} of ${steps}: ${next.stderr}`
        expect([before, after].includes(found), where).toBe(true)
        if (found !== before) await reset(row)
      }
      // the last steps may be over before the signal comes
      if (ALL) expect(interrupted).toBeGreaterThan(steps / 2)
      await greyctl('uninstall --yes')
      expect(await snapshot(machine)).toBe(clean)
      expect(await leftovers(machine)).toBe('')
    },
  )

  async function reset({ first }: Row): Promise<void> {
    await greyctl('uninstall --yes')
    await greyctl(first)
  }

  it('a package that is being installed: its manager goes on, and the next run takes it away', async () => {
    await machine.ok('apt-get purge -y -qq postgrey >/dev/null; userdel postgrey 2>/dev/null; true')
    const bare = await snapshot(machine)
    for (const signs of ALL ? ['hold-start', 'package'] : ['package']) {
      const install = machine.start(`${GREYCTL} ${POSTGREY}`, { timeout: 300 })
      const begun = `grep -qs '"title": "let the package wait' /var/lib/greyctl/checkpoints/*/manifest.json`
      const running = signs === 'package' ? `{ ${begun} && pgrep -x dpkg >/dev/null; }` : begun
      await machine.ok(`n=0; until ${running}; do n=$((n + 1)); [ $n -lt 600 ] || exit 1; sleep 0.05; done
        pkill -KILL -f '[b]in/run.js install'`)
      await install.done
      const next = await machine.run(`${GREYCTL} rollback --list`, { timeout: 300 })
      expect(next.code, next.stderr).toBe(0)
      expect(next.stderr).toMatch(/undid .*install, which had been interrupted/)
      expect(await snapshot(machine)).toBe(bare)
      expect(await leftovers(machine)).toBe('')
    }
  })

  it('and all the while nobody was refused, but for those who were asked to come back', async () => {
    traffic.closeInput()
    const { stdout, stderr } = await traffic.done
    const { sent, answers } = JSON.parse(stdout || `"${stderr}"`)
    expect(sent).toBeGreaterThan(100)
    expect(Object.keys(answers).sort()).toEqual(['250 delivered', '450 4.2.0 Greylisted'])
    console.log(`${sent} mails: ${JSON.stringify(answers)}`)
  })
})

/** After which steps to kill: all but the last, or one that differs from run to run. */
function chosen(steps: number, what: string): readonly number[] {
  const all = Array.from({ length: steps - 1 }, (_, at) => at + 1)
  return ALL ? all : all.slice((SEED + what.length) % (steps - 2)).slice(0, 1)
}
