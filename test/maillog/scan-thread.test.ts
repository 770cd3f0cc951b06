import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Host } from '../../src/host/host.js'
import { createRealHost } from '../../src/host/real.js'
import { type VerifyOptions, verifySources } from '../../src/maillog/verify.js'
import { LogWriter } from './log-writer.js'

const directory = mkdtempSync(join(tmpdir(), 'greyctl-scan-'))
const script = pathToFileURL(join(directory, 'scan-worker.mjs'))
afterAll(() => rmSync(directory, { recursive: true }))

// a worker of Node's reads no TypeScript
beforeAll(async () => {
  await build({
    absWorkingDir: join(import.meta.dirname, '../..'),
    entryPoints: ['src/scan-worker.ts'],
    outfile: join(directory, 'scan-worker.mjs'),
    bundle: true,
    format: 'esm',
    platform: 'node',
  })
})

/** The real machine, which counts what its threads answer; they are over after so many answers. */
function countingHost(most = Number.POSITIVE_INFINITY): { host: Host; answers: () => number } {
  const real = createRealHost()
  let answers = 0
  const thread: Host['thread'] = (program, data, limits, events) => {
    const started = real.thread(program, data, limits, {
      ...events,
      heard: (message) => {
        if (answers >= most) void started?.end()
        else events.heard(message)
        answers += 1
      },
    })
    return started
  }
  return { host: { ...real, thread }, answers: () => answers }
}

function write(name: string, text: string): string {
  const path = join(directory, name)
  writeFileSync(path, text)
  utimesSync(path, 1_796_000_000, 1_796_000_000)
  return path
}

/** So long that all buffers have several turns. */
function longLog(): LogWriter {
  const log = new LogWriter()
  for (let number = 0; number < 9000; number += 1) {
    const mail = {
      client: `mail${number}.example.org[192.0.${number % 256}.10]`,
      sender: `alice${number}@example.org`,
    }
    log.rejected(mail).wait(1)
    for (let line = 0; line < 12; line += 1) log.other()
    if (number % 3 > 0) log.accepted(`4K${String(number).padStart(8, '0')}z1`, mail)
    if (number % 100 === 0) log.line('', 'a line of no program').wait(-40)
  }
  return log
}

async function jsonOf(host: Host, path: string, options: VerifyOptions): Promise<string> {
  return JSON.stringify(await verifySources(host, { files: [path], ...options }))
}

const ALONE: VerifyOptions = { scan: { worth: Number.POSITIVE_INFINITY } }
const helped: VerifyOptions['scan'] = { script, worth: 0, waits: true }

describe('a second thread', () => {
  it.each(['traditional', 'RFC 3339', 'the journal as JSON'])(
    'changes nothing in what a log of %s says',
    async (form) => {
      const log = longLog()
      const text =
        form === 'traditional' ? log.traditional() : form === 'RFC 3339' ? log.toString() : log.journal()
      const path = write('long.log', text)
      const { host, answers } = countingHost()
      for (const since of [undefined, 1_795_431_000]) {
        const alone = await jsonOf(host, path, { ...ALONE, since })
        expect(await jsonOf(host, path, { scan: helped, since })).toBe(alone)
        expect(JSON.parse(alone).counts.greylisted).toBeGreaterThan(1000)
      }
      // of 2 MiB a block
      expect(answers()).toBeGreaterThan(statSync(path).size / 2 ** 21)
    },
  )

  it('that dies in the middle, or never begins, changes nothing either', async () => {
    const path = write('long.log', longLog().traditional())
    const alone = await jsonOf(createRealHost(), path, ALONE)
    for (const most of [0, 1, 2, 3]) {
      const { host } = countingHost(most)
      expect(await jsonOf(host, path, { scan: helped })).toBe(alone)
    }
    const missing = pathToFileURL(join(directory, 'missing.mjs'))
    expect(await jsonOf(createRealHost(), path, { scan: { ...helped, script: missing } })).toBe(alone)
  })

  it('changes nothing in the logs of real servers', async (context) => {
    const { GREYCTL_CORPORA } = process.env
    if (GREYCTL_CORPORA === undefined) return context.skip('GREYCTL_CORPORA names no directory of logs')
    const logs = join(GREYCTL_CORPORA, 'logs')
    const all = readdirSync(logs).map((name) => readFileSync(join(logs, name), 'latin1'))
    const once = all.join('\n')
    const path = write('real.log', once.repeat(Math.ceil(2 ** 23 / once.length)))
    const { host, answers } = countingHost()
    expect(await jsonOf(host, path, { scan: helped })).toBe(await jsonOf(host, path, ALONE))
    expect(answers()).toBeGreaterThan(3)
  })
})
