import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { run } from '../cli/run.js'
import { client, policyText, startTestDaemon } from '../daemon/running.js'
import { installPackages } from '../debian.mjs'
import { debianTree } from '../debian-tree.js'

/** Debian's munin-run, unpacked: installed, its package would start a server. undefined where it cannot be had. */
function muninRun(): readonly string[] | undefined {
  try {
    if (process.getuid?.() !== 0) throw new Error('it needs root, to run plugins as nobody')
    // munin-node brings all of Perl; a minimal Debian has perl-base, without HTTP::Tiny
    if (!installPackages('perl')) throw new Error('the package perl cannot be installed')
    const packages = ['munin-node', 'munin-common', 'libnet-server-perl']
    const tree = debianTree('munin', { suite: 'bookworm', packages, alone: true })
    return ['-T', '-I', join(tree, 'usr/share/perl5'), join(tree, 'usr/sbin/munin-run')]
  } catch (error) {
    console.log(`skipped: munin-run cannot be had here: ${(error as Error).message.trim()}`)
    return undefined
  }
}
const program = muninRun()

describe.runIf(program !== undefined)('the Munin plugin, run by munin-run', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'greyctl-munin-'))
  chmodSync(scratch, 0o755)
  for (const name of ['plugins', 'conf.d']) mkdirSync(join(scratch, name))
  copyFileSync('templates/monitoring/munin', join(scratch, 'plugins/greyctl'))
  // as Debian's own has it, which runs plugins that ask for nothing as nobody
  writeFileSync(
    join(scratch, 'node.conf'),
    'user root\ngroup root\ndefault_client_user nobody\ndefault_client_group nogroup\n',
  )
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))

  // a child that is waited for would keep the daemon of this process from answering
  const plugin = (...argv: string[]) =>
    run('perl', [
      ...(program ?? []),
      `--config=${scratch}/node.conf`,
      `--servicedir=${scratch}/plugins`,
      `--sconfdir=${scratch}/conf.d`,
      'greyctl',
      ...argv,
    ])

  it('tells what the daemon decided, and says when it does not answer', async () => {
    const running = await startTestDaemon(['--metrics=inet:127.0.0.1:0'])
    const url = running.daemon.listening.map((line) => /http:\S+/.exec(line)?.[0]).find(Boolean) ?? ''
    writeFileSync(join(scratch, 'conf.d/greyctl'), `[greyctl]\nenv.url ${url}\n`)
    const connection = await client(running.port)
    connection.send(policyText())
    await connection.answers(1)
    expect(await plugin('autoconf')).toMatchObject({ code: 0, stdout: 'yes\n' })
    const { stdout: config } = await plugin('config')
    expect(config).toContain('defer_new.label defer: new\ndefer_new.type DERIVE')
    const { stdout: values } = await plugin()
    expect(values).toMatch(/^defer_new\.value 1$/m)
    expect(values).toMatch(/^failed_open\.value 0$/m)
    // a value for each field that the graph has, and no other
    const fields = (text: string, what: string) =>
      [...text.matchAll(new RegExp(`^(\\w+)\\.${what} `, 'gm'))].map(([, field]) => field).sort()
    expect(fields(values, 'value')).toEqual(fields(config, 'label'))
    await running.stop()
    expect((await plugin('autoconf')).stdout).toMatch(/^no \(.* does not answer\)\n$/)
    const failed = await plugin()
    expect(failed.code).not.toBe(0)
    expect(failed.stderr).toContain('does not answer')
  })
})
