import { describe, expect, inject, it } from 'vitest'
import { boot, type Machine } from './lab.js'
import { GREYCTL, send } from './server.js'

const SENDERS = 5
const DELAY = 2
const STORE = '/var/lib/greyctl-moved/store'
const DAEMON = `${GREYCTL} daemon --daemonize --pidfile=/run/moved.pid --user=postgrey --group=postgrey --dbdir=${STORE} \
  --delay=${DELAY} --whitelist-clients=/root/none --whitelist-recipients=/root/none`
const STOP = 'kill $(cat /run/moved.pid); while [ -d /proc/$(cat /run/moved.pid) ]; do sleep 0.1; done'
const INTO = `--store lmdb:${STORE}`

/** A mail every fraction of a second from senders in turn, each tried again until it is taken, until /root/stop is there. */
const MAIL = `n=0
while [ ! -e /root/stop ]; do
  n=$((n + 1))
  until [ "$code" = 250 ]; do
    code=$(swaks --server 192.0.2.25 --local-interface 198.51.100.77 --helo client.example --timeout 30 \
      --from "s$((n % ${SENDERS}))x@outside.example" --to alice@example.test --header "Subject: mail $n" 2>&1 |
      sed -nE 's/^<(\\*\\*|- ) +([0-9]{3}) .*/\\2/p' | grep -vE '^(220|221|354)$' | tail -n 1)
    echo "$n $code" >>/root/answers
    case $code in 250) ;; 4*) sleep 0.5 ;; *) echo "$n refused for good" >>/root/refused; break ;; esac
  done
  code=
  sleep 0.1
done`

describe.skipIf(inject('labRefused'))(
  'a server moves from postgrey to greyctl and back, while mail comes in',
  () => {
    it('nothing is refused for good or lost, and nobody who has passed is deferred again', async () => {
      const machine = await boot()
      try {
        await prepare(machine)
        const mail = machine.start(MAIL, { timeout: 200 })
        const answers = async () => (await machine.ok('cat /root/answers')).trim().split('\n')
        // everybody has been deferred, came back and passed
        await machine.ok(
          `for n in $(seq 100); do [ "$(grep -c ' 250$' /root/answers)" -ge ${2 * SENDERS} ] && exit 0; sleep 0.2; done; exit 1`,
        )
        const before = await answers()
        expect(before.filter((line) => line.endsWith(' 450')).length).toBeGreaterThanOrEqual(SENDERS)

        await machine.ok(`${DAEMON} --inet=127.0.0.1:10024
        ${GREYCTL} store import --from postgrey ${INTO}
        systemctl stop postgrey
        ${GREYCTL} store import --from postgrey ${INTO}
        ${STOP}; ${DAEMON} --inet=127.0.0.1:10023; sleep 4`)
        const stranger = {
          client: '203.0.113.99',
          from: 'stranger@outside.example',
          to: ['bob@example.test'],
        }
        expect(await send(machine, stranger)).toMatchObject({ code: 450 })
        await machine.ok(`sleep ${DELAY}`)
        expect(await send(machine, stranger)).toMatchObject({ code: 250 })

        await machine.ok(`${STOP}
        ${GREYCTL} store export --to postgrey --output /var/lib/postgrey ${INTO}
        systemctl start postgrey; sleep 4`)
        expect(await machine.ok('systemctl is-active postgrey')).toBe('active\n')
        expect(await send(machine, stranger)).toMatchObject({ code: 250 })
        expect(await send(machine, { ...stranger, from: 'other@outside.example' })).toMatchObject({
          code: 450,
        })

        await machine.ok('touch /root/stop')
        expect((await mail.done).code).toBe(0)
        const after = (await answers()).slice(before.length)
        expect(after.length).toBeGreaterThan(20)
        expect(after.filter((line) => !line.endsWith(' 250'))).toEqual([])
        expect(await machine.ok('cat /root/refused 2>/dev/null || true')).toBe('')
        const taken = [...before, ...after].filter((line) => line.endsWith(' 250')).length
        const delivered = `grep -c '^Subject: mail ' /var/mail/alice`
        await machine.ok(
          `for n in $(seq 50); do [ "$(${delivered})" = ${taken} ] && exit 0; sleep 0.2; done; ${delivered}; exit 1`,
        )
      } finally {
        await machine.end()
      }
    })
  },
)

async function prepare(machine: Machine): Promise<void> {
  await machine.ok(
    `apt-get install -y -qq --no-install-recommends postgrey db5.3-util >/dev/null 2>&1; touch /root/none; chmod 755 /root; set -e
     echo 'POSTGREY_OPTS="--inet=127.0.0.1:10023 --delay=${DELAY} --whitelist-clients=/root/none"' >/etc/default/postgrey
     systemctl restart postgrey
     postconf -e 'smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, check_policy_service { inet:127.0.0.1:10023, timeout=10s, default_action=DUNNO }'
     postfix reload
     for n in $(seq 50); do (exec 3<>/dev/tcp/127.0.0.1/10023) 2>/dev/null && exit 0; sleep 0.1; done; exit 1`,
    { timeout: 300 },
  )
}
