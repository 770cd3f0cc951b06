import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { LogWriter } from '../maillog/log-writer.js'
import { greyctl } from './run.js'

const directory = mkdtempSync(join(tmpdir(), 'greyctl-cli-classify-'))
afterAll(() => rmSync(directory, { recursive: true }))

describe('greyctl classify', () => {
  it('says of each name whether it is checked, and which line says so', async () => {
    const ended = await greyctl([
      'classify',
      'mail.example.org',
      'dsl-192-0-2-17.provider.example',
      'mars.example',
    ])
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const [mail, dsl, mars] = ended.stdout.split('\n')
    expect(mail).toMatch(/^spared +mail\.example\.org +line \d+: the host's own name says mail/)
    expect(dsl).toMatch(/^checked +dsl-192-0-2-17\.provider\.example +line \d+: three or four numbers/)
    expect(mars).toMatch(/^spared +mars\.example +no line names it$/)
    expect(ended.stdout).toContain('1 of 3 names are checked')
  })

  it('counts the clients of a log, by Postfix’s own lines', async () => {
    const log = join(directory, 'mail.log')
    const home = { client: 'dsl-192-0-2-17.provider.example[192.0.2.17]' }
    const writer = new LogWriter()
      .rejected()
      .greylister('action=greylist, reason=new')
      .wait(400)
      .accepted('4K68s31RlGzgf9A')
    writeFileSync(log, writer.rejected(home).accepted('4K68s31RlGzgf9B', { authenticated: true }).toString())
    const { stdout, code } = await greyctl(['classify', '--log', log, '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(stdout).results).toMatchObject([
      { host: 'mail.example.org', checked: false, count: 2 },
      { host: 'dsl-192-0-2-17.provider.example', checked: true, count: 1 },
    ])
  })

  it("asks the server's own table where there is one, below --root too, and says what it cannot read", async () => {
    const root = join(directory, 'root')
    mkdirSync(join(root, 'etc/postfix'), { recursive: true })
    writeFileSync(
      join(root, 'etc/postfix/check_client_greylist'),
      '# ours\n/^mars\\./ check_greylist\n/a\\d/ check_greylist\n',
    )
    const { stdout } = await greyctl(['classify', '--root', root, '--json', 'mars.example', 'unknown'])
    expect(JSON.parse(stdout)).toEqual({
      table: '/etc/postfix/check_client_greylist',
      results: [
        {
          host: 'mars.example',
          checked: true,
          rule: '/etc/postfix/check_client_greylist:2',
          expression: '/^mars\\./',
          reason: 'ours',
        },
        { host: 'unknown', checked: false, rule: null, expression: null, reason: null },
      ],
      warnings: [expect.stringContaining('/etc/postfix/check_client_greylist:3: not understood')],
    })
  })

  it('prints no terminal escapes, and names what was wrong with the call', async () => {
    expect((await greyctl(['classify', '\u001b[31mred.example'])).stdout).not.toContain('\u001b')
    expect(await greyctl(['classify', '--table', '/nonexistent', 'a'])).toMatchObject({ code: 3 })
    expect(await greyctl(['classify', 'a', '--log', 'b'])).toMatchObject({ code: 2 })
    expect(await greyctl(['classify', '--log', '/nonexistent'])).toMatchObject({ code: 3 })
  })
})
