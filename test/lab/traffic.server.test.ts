import { describe, expect, inject, it } from 'vitest'
import { onMachine } from './lab.js'
import { GREYCTL, leftovers, snapshot } from './server.js'

const MAILS_A_SECOND = 20

describe.skipIf(inject('labRefused'))('mail that comes in all the while', () => {
  it(
    'is accepted or asked to come back during install, both changes of the backend, and uninstall; nothing else',
    onMachine('server', async (machine) => {
      const before = await snapshot(machine)
      await machine.ok(`postconf -e smtpd_client_connection_rate_limit=0; postfix reload 2>&1; sleep 0.5`)
      const traffic = machine.start(`node /opt/greyctl/test/lab/traffic.mjs ${MAILS_A_SECOND}`, {
        timeout: 500,
      })
      const started = Date.now()
      const commands = [
        'install --delay 2 --yes',
        'install --backend postgrey --selective --yes',
        'install --backend bundled --no-selective --yes',
        'uninstall --yes',
      ]
      for (const command of commands) await machine.ok(`${GREYCTL} ${command}`, { timeout: 300 })
      await machine.ok('sleep 2')
      const lasted = (Date.now() - started) / 1000
      traffic.closeInput()
      const { stdout } = await traffic.done
      const { sent, answers } = JSON.parse(stdout) as { sent: number; answers: Record<string, number> }
      expect(sent).toBeGreaterThan(lasted * MAILS_A_SECOND * 0.5)
      expect(Object.keys(answers).sort()).toEqual(['250 delivered', '450 4.2.0 Greylisted'])
      expect(Object.values(answers).reduce((sum, count) => sum + count, 0)).toBe(sent)
      console.log(`${sent} mails in ${lasted.toFixed(0)} s: ${JSON.stringify(answers)}`)
      await machine.ok('postconf -X smtpd_client_connection_rate_limit; postfix reload 2>&1')
      expect(await snapshot(machine)).toBe(before)
      expect(await leftovers(machine)).toBe('')
    }),
  )
})
