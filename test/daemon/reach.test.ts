import { describe, expect, it } from 'vitest'
import { parseOptions } from '../../src/daemon/options.js'
import { complainOfReach, keptAway, peersOf } from '../../src/daemon/reach.js'

const UNIT = 'IPAddressDeny=::/0 0.0.0.0/0\nIPAddressAllow=127.0.0.0/8 ::1/128'
const peers = (...argv: string[]) => peersOf(parseOptions(['--inet=0', '--config=/dev/null', ...argv]))
const away = (show: string, ...argv: string[]) => keptAway(peers(...argv), show).map(({ setting }) => setting)

describe('a unit that lets the daemon talk to this machine alone', () => {
  it.each([
    [[], []],
    [['--may-ask=127.0.0.0/8', '--resolver=127.0.0.53', '--store=valkey://[::1]'], []],
    [['--may-ask=192.0.2.0/24'], ['may-ask']],
    [['--may-ask=0.0.0.0/0'], ['may-ask']],
    [['--resolver=192.0.2.53'], ['resolver']],
    [['--resolver=192.0.2.53:5353'], ['resolver']],
    [['--resolver=[2001:db8::53]:53'], ['resolver']],
    [['--resolver=2001:db8::53'], ['resolver']],
    [['--store=valkey://10.0.0.5:6379'], ['store']],
    [['--store=valkey://valkey.example'], []],
  ])('keeps %j away: %j', (argv, expected) => {
    expect(away(UNIT, ...argv)).toEqual(expected)
  })

  it('and one that was told, or that denies nothing, does not', () => {
    const told = `${UNIT} 192.0.2.0/24`
    expect(away(told, '--may-ask=192.0.2.0/25', '--resolver=192.0.2.53')).toEqual([])
    expect(away(told, '--may-ask=192.0.0.0/16')).toEqual(['may-ask'])
    expect(away('IPAddressDeny=\nIPAddressAllow=', '--may-ask=192.0.2.0/24')).toEqual([])
    expect(away('', '--may-ask=192.0.2.0/24')).toEqual([])
  })

  it('is said once for all, with what to write', () => {
    const all = peers('--may-ask=192.0.2.0/24', '--resolver=198.51.100.53')
    expect(complainOfReach(all, 'greyctl.service')).toBe(
      `greyctl.service may not talk to may-ask 192.0.2.0/24, resolver 198.51.100.53 (IPAddressDeny): systemctl edit greyctl.service, and write
  [Service]
  IPAddressAllow=192.0.2.0/24 198.51.100.53
then systemctl restart greyctl.service`,
    )
  })
})
