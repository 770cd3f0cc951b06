import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../../../src/daemon/config/file.js'
import { parseOptions } from '../../../src/daemon/options.js'
import { nameOf, parseValkey, type ValkeyLocation } from '../../../src/store/valkey/location.js'
import { Names } from '../../../src/store/valkey/names.js'

function read(text: string): ValkeyLocation {
  const location = parseValkey(text)
  if (typeof location === 'string') throw new Error(location)
  return location
}

describe('a location', () => {
  it.each([
    ['valkey://mx-store', 'single', 'valkey://mx-store:6379'],
    ['redis://10.0.0.5:7000/3', 'single', 'valkey://10.0.0.5:7000/3'],
    ['rediss://greyctl@[2001:db8::5]?ca=/etc/ca.pem', 'single', 'valkeys://[2001:db8::5]:6379'],
    ['valkey:///run/valkey.sock', 'single', 'valkey:///run/valkey.sock'],
    ['valkey://a,b:7001', 'cluster', 'valkey://a:6379,b:7001 (cluster)'],
    ['valkey://a?cluster', 'cluster', 'valkey://a:6379 (cluster)'],
    ['valkey://a,b?sentinel=mail', 'sentinel', 'valkey://a:26379,b:26379 (sentinels of mail)'],
  ])('%s', (text, mode, name) => {
    expect(read(text).mode).toBe(mode)
    expect(nameOf(read(text))).toBe(name)
  })

  it('has options', () => {
    expect(
      read('valkeys://us%40er@h?ca=/c&cert=/d&key=/e&password-file=/p&prefix=m:&local=/l'),
    ).toMatchObject({
      user: 'us@er',
      tls: true,
      prefix: 'm:',
      local: '/l',
      files: { ca: '/c', cert: '/d', key: '/e', password: '/p' },
    })
    expect(read('valkey://h')).toMatchObject({ prefix: 'grey:', local: '/var/lib/greyctl/store', tls: false })
  })

  it.each([
    ['valkey://', 'names no host'],
    ['valkey:/h', 'must be valkey://HOST:PORT'],
    ['valkey://h:0', 'names a host that is none'],
    ['valkey://h:99999', 'names a host that is none'],
    ['valkey://h/x', 'the number of a database'],
    ['valkey://h?passwort-file=/x', 'unknown option'],
    ['valkey://h?ca=relative', 'an absolute path for ca'],
    ['valkey://a,b/1', 'neither sentinels nor databases'],
    ['valkey://a?cluster&sentinel=x', 'neither sentinels nor databases'],
    ['valkey://a?sentinel=', 'which servers the sentinels'],
    ['valkey://a?prefix={x}', 'a prefix of letters'],
  ])('%s is none', (text, why) => {
    expect(parseValkey(text)).toContain(why)
  })

  it('with a password in it is refused, and not repeated', () => {
    const text = 'valkey://user:s3cret@mx-store:6379'
    const said = [
      () => parseOptions(['--inet=0', '--config=/dev/null', `--store=${text}`]),
      () => parseConfig(`[store]\nlocation = "${text}"\n`, '/etc/greyctl/greyctl.toml'),
    ].map((work) => {
      try {
        work()
      } catch (error) {
        return (error as Error).message
      }
      return ''
    })
    for (const message of said) {
      expect(message).toContain('GREYCTL_STORE_PASSWORD')
      expect(message).not.toContain('s3cret')
    }
    expect(said[1]).toContain('greyctl.toml:2')
  })
})

describe('names on the server', () => {
  const names = new Names('grey:')

  it('have the mail in braces, so that networks and pools of it lie together', () => {
    const both = ['192.0.2.0', '@big.example'].map((network) =>
      names.of(`t${network}\na@x.example\nb@y.example`),
    )
    expect(both[0]).toBe('grey:t192.0.2.0\n{a@x.example\nb@y.example}')
    expect(new Set(both.map((name) => names.tagOf(name))).size).toBe(1)
    expect(names.of('c192.0.2.25')).toBe('grey:c192.0.2.25')
  })

  it('lead back to the key, whatever a client wrote', () => {
    const part = fc.oneof(
      fc.constantFrom('', '{', '}', '{}', 'a}{b', 'x@y.example'),
      fc.string({ maxLength: 12 }),
    )
    const key = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => `t${parts.join('\n')}`)
    fc.assert(
      fc.property(key, key, (one, other) => {
        expect(names.keyOf(names.of(one))).toBe(one)
        if (one !== other) expect(names.of(one)).not.toBe(names.of(other))
      }),
      { numRuns: 2000 },
    )
    expect(names.keyOf('other')).toBeUndefined()
  })
})
