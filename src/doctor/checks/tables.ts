import { check } from '../check.js'
import { FLAT, INDEXED, type Table } from '../facts/tables.js'
import { signHits } from './resources.js'

const spec = ({ type, name }: Table) => `${type}:${name}`
const severityIn = ({ inRestriction, parameter }: Table) =>
  inRestriction || /^(smtpd_|virtual_|relay_|mydestination|local_recipient)/.test(parameter)
    ? ('critical' as const)
    : ('error' as const)

const postmap = (table: Table) => [
  { kind: 'run' as const, title: `postmap ${spec(table)}`, argv: ['postmap', spec(table)] },
]

function byAliases({ parameter }: Table): boolean {
  return /alias_(maps|database)$/.test(parameter) && !/^virtual/.test(parameter)
}

function build(table: Table) {
  return byAliases(table)
    ? [{ kind: 'run' as const, title: `postalias ${spec(table)}`, argv: ['postalias', spec(table)] }]
    : postmap(table)
}

const builder = (table: Table) => `${byAliases(table) ? 'postalias' : 'postmap'} ${spec(table)}`

const unsupported = check({
  id: 'table-type-unsupported',
  title: 'this Postfix does not know the type of a lookup table',
  severity: 'critical',
  symptom:
    'error: unsupported dictionary type: pcre; Is the postfix-pcre package installed? and 451 4.3.5 or lookup errors for clients',
  cause: 'the type is in a package of its own that is not installed',
  look: ['postconf -m'],
  remedy:
    'install the package that brings the type, or use regexp: (its expressions differ), texthash: or cidr:',
  autofix: 'manual',
  needs: ['tables', 'mapTypes'],
  judge: ({ tables, mapTypes }) =>
    tables
      .filter(({ type }) => !mapTypes.has(type) && !['hash', 'btree'].includes(type))
      .map((table) => ({
        severity: severityIn(table),
        detail: `${table.parameter} uses ${spec(table)}; postconf -m does not have ${table.type}`,
        evidence: [table.where],
        affects: [spec(table)],
        commands: [`apt-get install postfix-${table.type}`, 'postfix reload'],
      })),
})

const berkeley = check({
  id: 'berkeley-db-removed',
  title: 'this Postfix has no Berkeley DB any more, and a table is of that type',
  severity: 'critical',
  symptom: 'error: unsupported dictionary type: hash, after an upgrade of the system',
  cause:
    'distributions drop Berkeley DB: hash: and btree: tables have to become lmdb: or cdb: ones (NON_BERKELEYDB_README)',
  look: ['postconf -m', 'postconf -n | grep -E "hash:|btree:"'],
  remedy: 'write $default_database_type: in place of hash:, and run postmap again for each table',
  autofix: 'manual',
  needs: ['tables', 'mapTypes'],
  judge: ({ tables, mapTypes }) =>
    tables
      .filter(({ type }) => ['hash', 'btree'].includes(type) && !mapTypes.has(type))
      .map((table) => ({
        severity: severityIn(table),
        detail: `${table.parameter} uses ${spec(table)}; postconf -m does not have ${table.type}`,
        evidence: [table.where],
        affects: [spec(table)],
      })),
})

const indexMissing = check({
  id: 'table-db-missing',
  title: 'a lookup table has no index: postmap was never run',
  severity: 'critical',
  symptom:
    'error: open database /etc/postfix/sender_access.db: No such file or directory; lookup error for clients',
  cause: 'hash:, btree:, lmdb: and cdb: tables are read from a file that postmap makes from the text',
  look: ['ls -l /etc/postfix'],
  remedy: 'make the index',
  autofix: 'safe',
  needs: ['tables', 'mapTypes'],
  judge: ({ tables, mapTypes }) =>
    tables
      .filter(({ type, index }) => INDEXED[type] !== undefined && mapTypes.has(type) && index === undefined)
      .map((table) => ({
        severity: severityIn(table),
        detail: `${table.name}${INDEXED[table.type]?.[0]}: no such file${table.source ? '' : `, and ${table.name} is missing too`}`,
        evidence: [table.where],
        affects: [spec(table)],
        commands: table.source ? [builder(table)] : [],
        remedy: table.source
          ? 'make the index'
          : `write ${table.name}, then run ${builder(table)}; or take the table out of ${table.parameter}`,
        repairs: table.source ? build(table) : [],
      })),
})

const stale = check({
  id: 'table-db-stale',
  title: 'a lookup table was edited, and its index is the old one',
  severity: 'warning',
  symptom:
    'warning: database /etc/postfix/x.db is older than source file /etc/postfix/x; an edit has no effect',
  cause: 'postmap was not run after the edit',
  look: ['ls -l --full-time /etc/postfix'],
  remedy: 'make the index again',
  autofix: 'safe',
  needs: ['tables', 'mapTypes'],
  judge: ({ tables, mapTypes }) =>
    tables
      .filter(
        ({ type, index, source }) =>
          mapTypes.has(type) &&
          index !== undefined &&
          source !== undefined &&
          source.modified > index.modified + 1,
      )
      .map((table) => ({
        detail: `${table.name} is newer than ${table.index?.path}`,
        evidence: [table.where],
        affects: [spec(table)],
        commands: [builder(table)],
        repairs: build(table),
      })),
})

const SYNTAX = /, line \d+: |missing ENDIF|no matching ENDIF|no replacement text/

const syntax = check({
  id: 'regexp-syntax-error',
  title: 'a line of a lookup table is wrong, and Postfix skips it',
  severity: 'error',
  symptom:
    'warning: regexp map /etc/postfix/x, line 1: Unmatched ( or \\(; the rule never matches, the others do',
  cause: 'a mistake in an expression: a bracket, an IF without ENDIF, nothing behind the expression',
  look: ['postmap -q test regexp:FILE'],
  remedy: 'correct the line; Postfix says nothing else about it',
  autofix: 'manual',
  needs: ['tables'],
  judge: ({ tables }) =>
    tables.flatMap((table) => {
      const faults = table.complaints.filter((line) => SYNTAX.test(line) && !/fatal:/.test(line))
      if (faults.length === 0) return []
      return [
        {
          detail: `${spec(table)} has ${faults.length === 1 ? 'a line' : `${faults.length} lines`} that Postfix does not understand`,
          evidence: [
            table.where,
            ...faults.slice(0, 3).map((text) => ({ ref: `postmap -q … ${spec(table)}`, text })),
          ],
          affects: [spec(table)],
        },
      ]
    }),
})

const missing = check({
  id: 'regexp-file-missing-or-unreadable',
  title: 'a lookup table’s file is not there',
  severity: 'critical',
  symptom:
    'warning: regexp:/etc/postfix/x is unavailable. open /etc/postfix/x: No such file or directory; 451 for clients',
  cause: 'the file was removed, renamed or never made; the whole list stops at it',
  look: ['ls -l FILE'],
  remedy: 'put the file back, or take the table out of the list',
  autofix: 'manual',
  needs: ['tables'],
  judge: ({ tables }) =>
    tables
      .filter(
        ({ type, source, complaints }) =>
          FLAT.has(type) &&
          (source === undefined || complaints.some((line) => /Permission denied/.test(line))),
      )
      .map((table) => ({
        severity: severityIn(table),
        detail: `${table.name}: ${table.source ? 'cannot be read' : 'no such file'}; ${table.parameter} needs it`,
        evidence: [table.where],
        affects: [spec(table)],
      })),
})

const needless = check({
  id: 'postmap-on-regexp',
  title: 'postmap was run on a table that needs none',
  severity: 'info',
  symptom:
    'postmap: warning: x, line 1: expected format: key whitespace value; a file x.db that nothing reads',
  cause: 'regexp:, pcre:, cidr: and texthash: tables are read as they are',
  look: ['ls -l /etc/postfix'],
  remedy: 'remove the index: nothing reads it. a running Postfix sees edits of such a table after a reload',
  autofix: 'manual',
  needs: ['tables', 'configFiles'],
  judge: ({ tables, configFiles }) =>
    tables
      .filter(
        ({ type, name }) =>
          FLAT.has(type) &&
          configFiles.some(({ path }) => path === `${name}.db`) &&
          !tables.some((other) => other.name === name && INDEXED[other.type]),
      )
      .map((table) => ({
        detail: `${table.name}.db is there, and ${spec(table)} does not use it`,
        evidence: [table.where],
        affects: [spec(table)],
        commands: [`rm ${table.name}.db`],
      })),
})

const emptyResult = check({
  id: 'table-empty-result',
  title: 'a lookup table gives an empty answer',
  severity: 'error',
  symptom:
    'warning: regexp:/etc/postfix/x lookup of KEY returns an empty string result; 451 4.3.5 Server configuration error for whom it is',
  cause: 'a line has a key and nothing behind it',
  look: ['postmap -q KEY TYPE:FILE'],
  remedy: 'write DUNNO, or an action, behind the key',
  autofix: 'manual',
  needs: ['log'],
  judge: ({ log }) => signHits(log, 'table-empty', 'mail that the line is for is put off'),
})

const dynamicMaps = check({
  id: 'dynamicmaps-permissions',
  title: 'Postfix does not load a table type, because others may write its file',
  severity: 'error',
  symptom: 'unsupported dictionary type: TYPE (FILE: file is owned or writable by non-root users)',
  cause:
    'dynamicmaps.cf and the files below dynamicmaps.cf.d must belong to root and be writable for root alone',
  look: ['ls -l /etc/postfix/dynamicmaps.cf /etc/postfix/dynamicmaps.cf.d'],
  remedy: 'give the file to root, writable for root alone',
  autofix: 'manual',
  needs: ['configFiles', 'tables', 'mapTypes'],
  judge: ({ configFiles }) =>
    configFiles
      .filter(
        ({ path, stat }) => path.endsWith('/dynamicmaps.cf') && (stat.uid !== 0 || (stat.mode & 0o022) !== 0),
      )
      .map(({ path, stat }) => ({
        detail: `${path} has mode ${stat.mode.toString(8)} and owner ${stat.uid}`,
        evidence: [{ ref: path, text: `mode ${stat.mode.toString(8).padStart(4, '0')}, owner ${stat.uid}` }],
        affects: [path],
        commands: [`chown root:root ${path}`, `chmod 644 ${path}`],
      })),
})

export const TABLES = [
  missing,
  indexMissing,
  unsupported,
  berkeley,
  syntax,
  stale,
  emptyResult,
  dynamicMaps,
  needless,
]
