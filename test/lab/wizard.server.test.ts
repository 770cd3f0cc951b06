import { describe, expect, inject, it } from 'vitest'
import { onMachine } from './lab.js'
import { json, send } from './server.js'
import { answer, CTRL_C, DOWN, ENTER, onTerminal } from './terminal.js'

describe.skipIf(inject('labRefused'))('the questions of install, answered with keys on a terminal', () => {
  it(
    'finds a postgrey that Postfix asks, stops or takes its place; shows, asks, proves, and says what to do next',
    onMachine('server', async (machine) => {
      await machine.ok('apt-get install -y -qq postgrey >/dev/null 2>&1', { timeout: 300 })
      await machine.ok(
        `postconf -e 'smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, check_policy_service inet:127.0.0.1:10023'; postfix reload 2>&1; sleep 1`,
      )
      const before = await machine.ok('cat /etc/postfix/main.cf')

      const stopped = onTerminal(machine, 'install')
      await answer(stopped, 'What now?', `${DOWN}${DOWN}${ENTER}`)
      const end = await stopped.done
      expect(end.code).toBe(1)
      expect(end.stdout).toContain('nothing was changed')

      const running = onTerminal(machine, 'install')
      await answer(running, 'What now?', `${DOWN}${ENTER}`)
      await answer(running, 'Who is asked to come back?', ENTER)
      await answer(running, 'Seconds until a retry', `2${ENTER}`)
      await answer(running, 'Where does it remember?', ENTER)
      await answer(running, 'Make these changes?', `y${ENTER}`)
      const { code, stdout } = await running.done
      expect(code, stdout).toBe(0)
      expect(stdout).toContain('takes the place of "check_policy_service inet:127.0.0.1:10023"')
      expect(stdout).toContain('greylisting works')
      expect(stdout).toContain('greyctl verify')
      expect(
        await send(machine, {
          client: '203.0.113.99',
          from: 'a@outside.example',
          to: ['alice@example.test'],
        }),
      ).toMatchObject({ code: 450 })
      expect(await json(machine, 'uninstall --yes')).toMatchObject({ code: 0 })
      expect(await machine.ok('cat /etc/postfix/main.cf')).toBe(before)
    }),
  )

  it(
    'Ctrl-C at any question changes nothing; Enter alone takes what is proposed',
    onMachine('server', async (machine) => {
      const questions = [
        'Which daemon?',
        'Who is asked',
        'Seconds until',
        'Where does it remember?',
        'Make these changes?',
      ]
      for (const question of questions) {
        const running = onTerminal(machine, 'install')
        for (const asked of questions) {
          await answer(running, asked, asked === question ? CTRL_C : ENTER)
          if (asked === question) break
        }
        expect((await running.done).code).toBe(1)
        expect(await machine.run('grep -rq greyctl /etc')).toMatchObject({ code: 1 })
      }
      const declined = onTerminal(machine, 'install --selective --delay 5')
      await answer(declined, 'Which daemon?', ENTER)
      await answer(declined, 'Where does it remember?', ENTER)
      await answer(declined, 'Make these changes?', ENTER)
      const { code, stdout } = await declined.done
      expect(code).toBe(0)
      expect(stdout).toContain('nothing was changed')
      expect(stdout).not.toContain('Seconds until')
    }),
  )
})
