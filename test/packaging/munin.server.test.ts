import { execFileSync, spawnSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { client, policyText, startTestDaemon } from '../daemon/running.js'
import { installPackages } from '../debian.mjs'

const PLUGIN = 'templates/monitoring/munin'

/** munin-node brings all of Perl; a minimal Debian has perl-base, without HTTP::Tiny. */
function perl(): boolean {
  const works = () => spawnSync('perl', ['-MHTTP::Tiny', '-e', '1']).status === 0
  if (works()) return true
  installPackages('perl')
  return works()
}
const there = perl()
if (!there)
  console.log("skipped: Perl's HTTP::Tiny is missing, and the package perl cannot be installed here")

describe.runIf(there)('the Munin plugin', () => {
  const ask = (url: string, ...argv: string[]) =>
    execFileSync('perl', ['-T', PLUGIN, ...argv], { encoding: 'utf8', env: { url, PATH: '/usr/bin' } })

  it('tells what the daemon decided, and says when it does not answer', async () => {
    const running = await startTestDaemon(['--metrics=inet:127.0.0.1:0'])
    const url = running.daemon.listening.map((line) => /http:\S+/.exec(line)?.[0]).find(Boolean) ?? ''
    const connection = await client(running.port)
    connection.send(policyText())
    await connection.answers(1)
    // a child that is waited for would keep the daemon of this process from answering
    const plugin = async (...argv: string[]) => {
      const { execFile } = await import('node:child_process')
      return new Promise<string>((resolve, reject) =>
        execFile('perl', ['-T', PLUGIN, ...argv], { env: { url, PATH: '/usr/bin' } }, (error, stdout) =>
          error ? reject(error) : resolve(stdout),
        ),
      )
    }
    expect(await plugin('autoconf')).toBe('yes\n')
    expect(await plugin('config')).toContain('defer_new.label defer: new\ndefer_new.type DERIVE')
    const values = await plugin()
    expect(values).toMatch(/^defer_new\.value 1$/m)
    expect(values).toMatch(/^failed_open\.value 0$/m)
    await running.stop()
    expect(ask(url, 'autoconf')).toMatch(/^no \(.* does not answer\)\n$/)
    expect(() => ask(url)).toThrow('does not answer')
  })
})
