import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { parseClientTable } from '../../src/greylist/client-table.js'
import { havePostfix } from '../postfix/instance.js'
import { ACCESS_LINES, MAIL_SERVERS } from './client-names.js'
import * as fresh from './fresh-names.js'
import * as met from './met-names.js'
import { PROVIDERS_LINES, PROVIDERS_SERVERS } from './provider-names.js'

const TEMPLATE = join(import.meta.dirname, '../../templates/check_client_greylist')

/** The answer of the real postmap for each name. */
function postmap(names: readonly string[]): readonly (string | undefined)[] {
  const output = execFileSync('/usr/sbin/postmap', ['-q', '-', `regexp:${TEMPLATE}`], {
    input: `${names.join('\n')}\n`,
    encoding: 'utf8',
  })
  const answers = new Map(output.split('\n').map((line) => line.split('\t') as [string, string]))
  return names.map((name) => answers.get(name))
}

it.runIf(havePostfix())('the daemon and Postfix read the selective table alike', () => {
  const odd = [
    'a',
    '-',
    '1.2.3.4',
    'UNKNOWN',
    'xn--nxasmq6b.example',
    'P54D08AC1.example',
    `${'9'.repeat(63)}.example`,
  ]
  // every part of a name by itself, too
  const known = [
    ...[ACCESS_LINES, MAIL_SERVERS, PROVIDERS_LINES, PROVIDERS_SERVERS],
    ...Object.values(fresh),
    ...Object.values(met),
  ].flat()
  const parts = known.flatMap((name) => [name, ...name.split(/[.-]/)])
  const names = [...new Set(['unknown', ...parts, ...odd])]
  const { table } = parseClientTable(TEMPLATE, readFileSync(TEMPLATE, 'utf8'))
  expect(names.map((name) => [name, table.lookup(name)?.action])).toEqual(
    postmap(names).map((answer, index) => [names[index], answer]),
  )
})
