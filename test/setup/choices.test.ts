import { describe, expect, it } from 'vitest'
import { formatEndpoint, parseEndpoint, resolveChoices } from '../../src/setup/choices.js'

describe('parseEndpoint', () => {
  it.each([['inet:127.0.0.1:10023'], ['inet:[::1]:10023'], ['unix:/var/spool/postfix/private/greyctl']])(
    '%s comes back as it was',
    (text) => expect(formatEndpoint(parseEndpoint(text))).toBe(text),
  )

  it('takes localhost for the address it stands for', () => {
    expect(parseEndpoint('inet:localhost:10023')).toEqual({ kind: 'inet', host: '127.0.0.1', port: 10023 })
  })

  it.each([
    '10023',
    'inet:10023',
    'inet:127.0.0.1:0',
    'inet:127.0.0.1:65536',
    'inet:::1:10023',
    'unix:relative',
    'unix:/a b',
    '',
  ])('refuses %j and says what to write', (text) =>
    expect(() => parseEndpoint(text)).toThrow(expect.objectContaining({ code: 'usage' })),
  )
})

describe('resolveChoices', () => {
  it('has defaults', () => {
    const choices = resolveChoices({}, {})
    expect(choices).toEqual({
      backend: 'bundled',
      selective: false,
      replace: false,
      force: false,
      delay: 60,
      learn: false,
      listen: { kind: 'inet', host: '127.0.0.1', port: 10023 },
    })
  })

  it('keeps what is set up, and lets a flag win over it', () => {
    const current = { delay: 300, listen: 'inet:127.0.0.1:10024', learn: true }
    expect(resolveChoices({}, current)).toMatchObject({ delay: 300, learn: true, listen: { port: 10024 } })
    expect(resolveChoices({ delay: 5, learn: false }, current)).toMatchObject({ delay: 5, learn: false })
  })

  it('listens on this machine alone', () => {
    expect(() => resolveChoices({ listen: 'inet:192.0.2.1:10023' }, {})).toThrow(/loopback/)
  })
})
