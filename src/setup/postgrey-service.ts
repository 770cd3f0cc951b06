import type { InitSystem } from './service-manager.js'
import { SERVICE_MANAGERS } from './service-manager.js'

/**
 * Debian's init script tells start-stop-daemon(8) to look for /usr/sbin/postgrey, but the process is perl: `start` starts
 * a second one, and `stop` may leave the first. So without systemd the process of the pid file counts, and only when
 * its title says postgrey.
 */
const PID_FILE = '/run/postgrey.pid'
const ALIVE = `pid=$(cat ${PID_FILE} 2>/dev/null)
alive() { [ -n "$pid" ] && tr '\\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null | grep -q postgrey; }`
/** Five seconds, as Debian's unit gives it: idle, it does not see a signal before the next request. Its database recovers (postgrey opens it so). */
const STOP = `n=0; while alive && [ $n -lt 50 ]; do kill -TERM "$pid"; sleep 0.1; n=$((n + 1)); done
if alive; then kill -KILL "$pid"; sleep 0.2; fi
/etc/init.d/postgrey stop || true
rm -f ${PID_FILE}`

const SCRIPTS = {
  start: `${ALIVE}\nalive || exec /etc/init.d/postgrey start`,
  stop: `${ALIVE}\n${STOP}`,
  restart: `${ALIVE}\n${STOP}\nexec /etc/init.d/postgrey start`,
}

function command(init: InitSystem, action: 'start' | 'stop' | 'restart'): readonly string[] {
  if (init === 'systemd') return SERVICE_MANAGERS.systemd[action]('postgrey')
  return ['sh', '-c', SCRIPTS[action]]
}

export const startPostgrey = (init: InitSystem) => command(init, 'start')
export const stopPostgrey = (init: InitSystem) => command(init, 'stop')
export const restartPostgrey = (init: InitSystem) => command(init, 'restart')
