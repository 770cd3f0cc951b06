import type { Case } from '../cases.js'
import { NOW, sign, stat, table, texts } from '../scene.js'

const HASH = table('hash:/etc/postfix/access')
const NEWER = { path: '/etc/postfix/access', modified: NOW - 10, uid: 0, mode: 0o644, size: 9 }
const REGEXP = table('regexp:/etc/postfix/clients')
const says = (text: string) => ({ tables: [{ ...REGEXP, complaints: [text] }] })
const existing = (path: string, mode = 0o644) => ({
  configFiles: [{ path, stat: stat({ kind: 'file', mode }) }],
})

const ACCESS = 'smtpd_sender_restrictions = check_sender_access hash:/etc/postfix/access\n'
const keys = (text: string) => ({ ...texts({ 'hash:/etc/postfix/access': text }), more: ACCESS })

export const TABLE_CASES: Readonly<Record<string, readonly Case[]>> = {
  'table-type-unsupported': [
    {
      broken: { tables: [table('pcre:/etc/postfix/x')] },
      healthy: { tables: [REGEXP] },
      says: 'postconf -m does not have pcre',
    },
  ],
  'berkeley-db-removed': [
    { broken: { tables: [HASH], mapTypes: new Set(['lmdb', 'regexp']) }, healthy: { tables: [HASH] } },
  ],
  'table-db-missing': [
    {
      broken: { tables: [{ ...HASH, index: undefined }] },
      healthy: { tables: [HASH, REGEXP] },
      says: 'access.db: no such file',
    },
    {
      broken: { tables: [{ ...HASH, index: undefined, source: undefined }] },
      healthy: {},
      says: 'is missing too',
    },
  ],
  'table-db-stale': [
    { broken: { tables: [{ ...HASH, source: NEWER }] }, healthy: { tables: [{ ...REGEXP, source: NEWER }] } },
  ],
  'regexp-syntax-error': [
    {
      broken: says('warning: regexp map /etc/postfix/clients, line 1: Unmatched ( or \\('),
      healthy: says(''),
      says: 'has a line that Postfix does not understand',
    },
  ],
  'regexp-file-missing-or-unreadable': [
    {
      broken: { tables: [{ ...REGEXP, source: undefined }] },
      healthy: { tables: [REGEXP] },
      says: 'no such file',
    },
    {
      broken: says('fatal: open /etc/postfix/clients: Permission denied'),
      healthy: {},
      says: 'cannot be read',
    },
  ],
  'postmap-on-regexp': [
    {
      broken: { tables: [REGEXP], ...existing('/etc/postfix/clients.db') },
      healthy: { tables: [HASH], ...existing('/etc/postfix/access.db') },
    },
  ],
  'table-empty-result': [
    {
      broken: sign('table-empty', 'warning: regexp:/x lookup of a returns an empty string result'),
      healthy: {},
      says: 'the log says so 3 times',
    },
  ],
  'dynamicmaps-permissions': [
    {
      broken: existing('/etc/postfix/dynamicmaps.cf', 0o666),
      healthy: existing('/etc/postfix/dynamicmaps.cf'),
    },
  ],
  'table-wrong-key': [
    {
      broken: keys('@example.org REJECT\n'),
      healthy: keys('example.org REJECT\nuser@example.org REJECT\n192.0.2 REJECT\npostmaster@ OK\n'),
      says: 'one key of hash:/etc/postfix/access: a domain is written without its @: example.org',
    },
    { broken: keys('*.example.org REJECT\n'), healthy: {}, says: 'there are no stars' },
    { broken: keys('192.0.2.0/24 REJECT\n'), healthy: {}, says: 'for cidr: tables' },
    {
      broken: keys('.example.org REJECT\n'),
      healthy: {
        ...keys('.example.org REJECT\n'),
        more: `${ACCESS}parent_domain_matches_subdomains =\n`,
      },
    },
  ],
}
