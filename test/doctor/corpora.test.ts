import { existsSync, readdirSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/doctor/checks/index.js'
import { examine } from '../../src/doctor/examine.js'
import { selectChecks } from '../../src/doctor/select.js'
import { createRealHost } from '../../src/host/real.js'

const corpora = process.env.GREYCTL_CORPORA
const directory = corpora === undefined ? undefined : join(corpora, 'postfix')
const files =
  directory === undefined ? [] : readdirSync(directory).filter((name) => /main\.cf(\.\w+)?$/.test(name))
if (directory === undefined) console.log('skipped: GREYCTL_CORPORA is not set')

const made: string[] = []
afterAll(async () => {
  for (const root of made) await rm(root, { recursive: true, force: true })
})

/** A tree with this main.cf and, where there is one, the master.cf beside it. */
async function treeOf(name: string): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'greyctl-corpora-'))
  made.push(root)
  const postfix = join(root, 'etc/postfix')
  await mkdir(postfix, { recursive: true })
  await cp(join(directory ?? '', name), join(postfix, 'main.cf'))
  const master = join(directory ?? '', name.replace(/main\.cf.*$/, 'master.cf'))
  if (existsSync(master)) await cp(master, join(postfix, 'master.cf'))
  return root
}

/** What a reader of the file would say too: each line of the snapshot was compared with its file by hand. */
describe.skipIf(directory === undefined)('real configurations', () => {
  it.each(files)('%s', async (name) => {
    const root = await treeOf(name)
    const { document } = await examine(
      createRealHost({ root }),
      selectChecks(CHECKS, [], ['main-cf-permissions']),
      {
        configDir: '/etc/postfix',
        logs: [],
        redact: false,
      },
    )
    const told = document.findings.map(({ id, severity }) => `${severity} ${id}`)
    if (process.env.SHOW)
      console.log(
        name,
        document.findings
          .map(
            ({ id, detail, evidence }) =>
              `\n   ${id}: ${detail} | ${evidence.map(({ ref, text }) => `${ref.replace(/.*\//, '')} ${text.slice(0, 90)}`).join(' || ')}`,
          )
          .join(''),
      )
    expect(told).toMatchSnapshot()
  })
})
