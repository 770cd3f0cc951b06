import { check } from '../check.js'
import type { Greylister } from '../facts/greylisters.js'
import type { Facts } from '../facts.js'
import { show, unitOf } from './unit-text.js'

type Uses = Facts['policyUses']

/** Is this the greylister that Postfix asks? Without a policy server in main.cf, any that is set up counts. */
function isAsked(uses: Uses, { port, path }: Greylister): boolean {
  if (uses.length === 0) return true
  return uses.some(
    ({ endpoint }) =>
      (port !== '' && endpoint.port === port) || (path !== '' && endpoint.path.endsWith(path)),
  )
}

const portTaken = check({
  id: 'port-already-in-use',
  title: 'another program has the greylister’s port',
  severity: 'critical',
  symptom:
    "the daemon ends at once: address already in use; postgrey: ERROR: Can't connect to TCP port 10023 on 127.0.0.1 [Address already in use]",
  cause:
    'a program that was started earlier listens on the same address and port: another greylister, or an old process of this one',
  look: ['ss -ltnp', 'journalctl -u greyctl -u postgrey -n 20'],
  remedy: 'stop the other program, or give the daemon another port and write it in main.cf too',
  autofix: 'manual',
  needs: ['greylisters', 'units', 'listeners'],
  judge: ({ greylisters, units, listeners }) =>
    greylisters.flatMap(({ name, port, where }) => {
      const own = units.filter((unit) => unitOf(unit.name) === name && unit.load === 'loaded')
      const down = own.filter(
        ({ active, result }) =>
          active === 'failed' || active === 'activating' || (active === 'inactive' && result !== 'success'),
      )
      // systemd holds the port, and a daemon that just starts has it from there
      const handedOn = own.some(({ name: unit, active }) => unit === `${name}.socket` && active === 'active')
      const pids = new Set(own.map(({ mainPid }) => mainPid))
      const holder = listeners.find(
        (each) =>
          port !== '' &&
          each.port === port &&
          each.process !== 'systemd' &&
          each.pid !== undefined &&
          !pids.has(each.pid),
      )
      if (down.length === 0 || handedOn || holder === undefined) return []
      return [
        {
          detail: `${name} is to listen on port ${port}, which ${holder.process} (process ${holder.pid}) holds`,
          evidence: [where, ...down.map(show)],
          affects: [name],
        },
      ]
    }),
})

const notEnabled = check({
  id: 'unit-masked-or-disabled',
  title: 'the service will not come back after a reboot, or cannot be started',
  severity: 'error',
  symptom: 'everything works until the machine is restarted; systemctl start says: Unit is masked',
  cause: 'the unit is disabled or masked',
  look: ['systemctl is-enabled greyctl postgrey postfix'],
  remedy: 'enable the unit; somebody masked a masked one on purpose: find out why before you unmask it',
  autofix: 'confirm',
  needs: ['units', 'greylisters', 'policyUses'],
  judge: ({ units, greylisters, policyUses }) => {
    const wanted = new Set(
      greylisters.filter((each) => isAsked(policyUses, each)).map(({ name }) => name as string),
    )
    return units.flatMap((unit) => {
      const name = unitOf(unit.name)
      const masked = /^masked/.test(unit.file) || unit.load === 'masked'
      const running = unit.active === 'active'
      const matters = wanted.has(name) || (name === 'postfix' && (running || masked))
      if (!matters || !(masked || unit.file === 'disabled')) return []
      return [
        {
          severity: running ? ('error' as const) : ('critical' as const),
          detail: `${unit.name} is ${masked ? 'masked' : 'disabled'} ${running ? 'and runs: until the next reboot' : 'and does not run'}`,
          evidence: [show(unit)],
          affects: [name],
          commands: masked ? [`systemctl unmask ${unit.name}`] : [`systemctl enable --now ${unit.name}`],
          repairs: masked
            ? []
            : [
                {
                  kind: 'run' as const,
                  title: `enable ${unit.name}`,
                  argv: ['systemctl', '--quiet', 'enable', unit.name],
                  undo: ['systemctl', '--quiet', 'disable', unit.name],
                },
              ],
        },
      ]
    })
  },
})

const restartLoop = check({
  id: 'unit-restart-loop',
  title: 'the daemon ends again and again, and systemd starts it again',
  severity: 'critical',
  symptom: 'Start request repeated too quickly, Result: start-limit-hit, or a restart counter that grows',
  cause:
    'the daemon fails at its start: a wrong option, a port that is taken, a database that cannot be opened',
  look: ['systemctl status greyctl postgrey', 'journalctl -u greyctl -u postgrey -n 30'],
  remedy:
    'the last lines of the journal say why it ends; when it is mended: systemctl reset-failed and start',
  autofix: 'manual',
  becauseOf: ['port-already-in-use', 'node-runtime-missing', 'daemon-settings-refused'],
  needs: ['units', 'processes', 'clock'],
  judge: ({ units, processes, clock }) =>
    units
      .filter(({ name }) => /^(greyctl|postgrey|sqlgrey)\./.test(name))
      .flatMap((unit) => {
        const started = processes.find(({ pid }) => pid === unit.mainPid)?.started ?? clock.now
        const loops =
          unit.result === 'start-limit-hit' ||
          unit.sub === 'auto-restart' ||
          (unit.active === 'activating' && unit.restarts > 0) ||
          (unit.active === 'failed' && unit.result !== 'success') ||
          (unit.restarts >= 3 && clock.now - started < 20)
        if (!loops) return []
        return [
          {
            detail: `${unit.name}: ${unit.active} (${unit.sub}), ${unit.restarts} restarts, result ${unit.result}, last exit status ${unit.exitStatus}`,
            evidence: [show(unit)],
            affects: [unitOf(unit.name)],
            commands: [
              `journalctl -u ${unit.name} -n 30`,
              `systemctl reset-failed ${unit.name}`,
              `systemctl start ${unit.name}`,
            ],
          },
        ]
      }),
})

const noSystemd = check({
  id: 'no-systemd-pid1',
  title: 'the greylister has a systemd unit, and systemd does not run here',
  severity: 'warning',
  symptom: 'System has not been booted with systemd as init system (PID 1)',
  cause: 'this is a container, or a machine with another init system: nobody starts the unit',
  look: ['ps -p 1', 'ls /run/systemd/system'],
  remedy:
    'start the daemon the way this machine starts others: an init script, a supervisor, or the container’s entry point',
  autofix: 'manual',
  needs: ['platform', 'greylisters', 'processes'],
  judge: ({ platform, greylisters, processes }) =>
    platform.systemd
      ? []
      : greylisters
          .filter(
            ({ name, unitFile, initScript }) =>
              unitFile && !initScript && !processes.some((each) => each.name === name),
          )
          .map(({ name, where }) => ({
            detail: `${name}.service is there, no init script is, and the daemon does not run`,
            evidence: [where],
            affects: [name],
          })),
})

const dummyUnit = check({
  id: 'unit-order',
  title: 'postfix.service says active, and that says nothing',
  severity: 'info',
  symptom: 'systemctl status postfix: active (exited), while no mail comes in',
  cause: 'on Debian 12 postfix.service is empty; the daemon is postfix@-.service',
  look: ['systemctl status postfix@-'],
  remedy: 'look at, and order after, postfix@-.service',
  autofix: 'manual',
  becauseOf: ['postfix-not-running'],
  needs: ['units', 'processes'],
  judge: ({ units, processes }) => {
    const dummy = units.find(({ name }) => name === 'postfix.service')
    const real = units.find(({ name }) => name === 'postfix@-.service')
    if (dummy?.sub !== 'exited' || dummy.active !== 'active' || real === undefined) return []
    if (real.active === 'active' || processes.some(({ name }) => name === 'master')) return []
    return [
      {
        detail: `postfix.service is active (exited); ${real.name} is ${real.active}`,
        evidence: [show(dummy), show(real)],
      },
    ]
  },
})

const runtimeMissing = check({
  id: 'node-runtime-missing',
  title: 'the program that the unit starts is not there, or is in somebody’s home',
  severity: 'error',
  symptom: 'status=203/EXEC, Failed to locate executable',
  cause:
    'the runtime was removed or moved (an upgrade, another nvm version), or lies where the service may not look',
  look: ['systemctl cat greyctl'],
  remedy: 'run greyctl install again: it writes the unit anew with the runtime that is there',
  commands: ['greyctl install'],
  autofix: 'manual',
  needs: ['units'],
  judge: ({ units }) =>
    units
      .filter(({ name, program }) => name === 'greyctl.service' && program !== '')
      .filter(({ program, programThere }) => !programThere || /^\/(home|root|Users)\//.test(program))
      .map((unit) => ({
        detail: unit.programThere
          ? `${unit.program} is in a home directory, where the service does not see it`
          : `${unit.program}: no such file`,
        evidence: [{ ref: unit.name, text: `ExecStart=${unit.program}` }],
        affects: ['greyctl'],
      })),
})

const unitChanged = check({
  id: 'unit-file-changed',
  title: 'a unit file was changed and systemd has not read it',
  severity: 'warning',
  symptom: 'Warning: The unit file, source configuration file or drop-ins changed on disk',
  cause: 'systemctl daemon-reload is missing after an edit',
  look: ['systemctl status greyctl'],
  remedy: 'let systemd read its files, then restart the daemon',
  autofix: 'confirm',
  needs: ['units'],
  judge: ({ units }) =>
    units
      .filter(({ name, needsReload }) => needsReload && /^(greyctl|postgrey|sqlgrey|postfix)/.test(name))
      .map((unit) => ({
        detail: `${unit.name} on disk is not what runs`,
        evidence: [show(unit)],
        affects: [unitOf(unit.name)],
        commands: ['systemctl daemon-reload', `systemctl restart ${unit.name}`],
        repairs: [
          { kind: 'run' as const, title: 'let systemd read the units', argv: ['systemctl', 'daemon-reload'] },
        ],
      })),
})

export const UNITS = [portTaken, notEnabled, restartLoop, noSystemd, dummyUnit, runtimeMissing, unitChanged]
