import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parseClientTable } from '../../src/greylist/client-table.js'
import { organisationOf } from '../../src/greylist/organisation.js'
import { ACCESS_LINES } from './client-names.js'

const { table } = parseClientTable('table', readFileSync('templates/check_client_greylist', 'utf8'))

it.each([
  ['mail-db5eur01on0044.outbound.protection.outlook.com', 'outlook.com'],
  ['mail-lj1-f176.google.com', 'google.com'],
  ['MX1.Company.CO.UK', 'company.co.uk'],
  ['mx.company.example', 'company.example'],
  ['company.example', 'company.example'],
  ['mail.xn--bcher-kva.de', 'xn--bcher-kva.de'],
  // a name of a client is in ASCII (RFC 5891): bytes beyond it are nobody's
  ['mail.b\u00c3\u00bccher.de', undefined],
  ['mail.xn--bcher-kva.xn--p1ai', 'xn--bcher-kva.xn--p1ai'],
  ['xn--p1ai', undefined],
  ['*.example.com', undefined],
  // nobody
  ['unknown', undefined],
  ['', undefined],
  ['co.uk', undefined],
  ['localhost', undefined],
  ['192.0.2.1', undefined],
  ['[192.0.2.1]', undefined],
  // tenants of a cloud, customers of a provider
  ['ec2-203-0-113-1.compute-1.amazonaws.com', undefined],
  ['mail.someone.github.io', 'someone.github.io'],
  ['c-203-0-113-9.business.wa.provider.net', undefined],
  ['203-0-113-9.static.provider.net', undefined],
  // absurd
  [`${'a.'.repeat(200)}example.com`, undefined],
  [`${'a.'.repeat(100)}example.com`, 'example.com'],
  [`${'a'.repeat(64)}.example.com`, undefined],
  ['mail..example.com', undefined],
])('%s belongs to %s', (name, organisation) => {
  expect(organisationOf(name, table)).toBe(organisation)
})

it('takes no access line for part of a pool', () => {
  expect(ACCESS_LINES.filter((name) => organisationOf(name, table) !== undefined)).toEqual([])
})
