import { describe, expect, it } from 'vitest'
import type { Host } from '../../src/host/host.js'
import { type ProbeOptions, probe } from '../../src/postfix/probe.js'

describe('probe refuses what could not be one SMTP command, before anything runs', () => {
  const good: ProbeOptions = {
    configDir: '/etc/postfix',
    client: { address: '203.0.113.9' },
    sender: 'a@example.test',
    recipient: 'b@example.test',
  }
  /** No program may be started: every use of the host fails the test. */
  const noHost = new Proxy({} as Host, {
    get: (_, name) => {
      throw new Error(`the host was used: ${String(name)}`)
    },
  })
  it.each<[string, Partial<ProbeOptions>]>([
    ['a line feed in the recipient', { recipient: 'b@example.test>\nDATA' }],
    ['a carriage return in the sender', { sender: 'a\rb@example.test' }],
    ['a bracket in the recipient', { recipient: 'b@example.test> NOTIFY=NEVER' }],
    ['a NUL', { sender: 'a\0@example.test' }],
    ['an escape', { sender: '\u001b[31m@example.test' }],
    ['an address that is none', { client: { address: '203.0.113.9 NAME=x' } }],
    ['two words as name', { client: { address: '203.0.113.9', name: 'x PROTO=SMTP' } }],
    ['an empty helo', { client: { address: '203.0.113.9', helo: '' } }],
    ['a line feed in an override', { overrides: { mynetworks: 'a\nb' } }],
    ['an override of no name', { overrides: { 'a b': 'c' } }],
  ])('%s', async (_, bad) => {
    await expect(probe(noHost, { ...good, ...bad })).rejects.toMatchObject({ code: 'usage' })
  })
})
