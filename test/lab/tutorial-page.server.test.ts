import { describe, expect, inject, it } from 'vitest'
import { type Machine, onMachine } from './lab.js'
import { follow as followPage, readPage } from './pages.js'
import { leftovers, snapshot } from './server.js'

const PAGE = 'docs/tutorial.md'

/** Nobody waits a minute three times: the page's delay, and its waiting, in the small. */
const quick = (text: string) =>
  text
    .replaceAll('--delay 50', '--delay 3')
    .replaceAll('sleep 51', 'sleep 4')
    .replaceAll('50 seconds', '3 seconds')

describe.skipIf(inject('labRefused'))('docs/tutorial.md, command by command', () => {
  const steps = readPage(PAGE)

  const follow = async (machine: Machine, backend: string) => {
    // before the link to the program, which uninstall leaves
    const before = await snapshot(machine)
    await machine.ok('ln -s /opt/greyctl/bin/greyctl /usr/local/bin/greyctl')
    expect(steps.length).toBeGreaterThan(12)
    await followPage(
      machine,
      PAGE,
      steps.map((step) => ({
        ...step,
        commands: quick(step.commands).replaceAll('greyctl install', `greyctl install --backend ${backend}`),
        prints: step.prints.map(quick),
      })),
    )
    await machine.ok('rm /usr/local/bin/greyctl')
    expect(await snapshot(machine)).toBe(before)
    expect(await leftovers(machine)).toBe('')
  }

  it.concurrent.each(['bundled', 'postgrey'])('with the backend %s', onMachine('server', follow))

  it(
    'on Debian 13',
    onMachine(
      'server',
      async (machine) => {
        expect(await machine.ok('cat /etc/debian_version')).toMatch(/^13/)
        await follow(machine, 'bundled')
      },
      'trixie',
    ),
  )
})
