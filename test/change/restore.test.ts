import { spawnSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mergeEdit } from '../../src/change/merge.js'
import { restoreScript } from '../../src/change/restore-script.js'
import { hashOf } from '../../src/hash.js'
import { SEED } from '../seed.js'

const merged = (before: string, after: string, now: string) =>
  mergeEdit(Buffer.from(before), Buffer.from(after), Buffer.from(now))?.toString()

describe('mergeEdit', () => {
  const before = 'a\nb\nc\nd\ne\nlist = x\nf\n'
  const after = 'a\nb\nc\nd\ne\nlist = x, $greyctl_check\nf\n# greyctl\ngreyctl_check = y\n'

  it('keeps what was edited elsewhere', () => {
    expect(merged(before, after, `new = 1\n${after}`)).toBe(`new = 1\n${before}`)
    expect(merged(before, after, after.replace('b\n', 'B\n'))).toBe(before.replace('b\n', 'B\n'))
  })

  it('gives up where the edit touches the change itself', () => {
    expect(merged(before, after, after.replace('x, $', 'x, z, $'))).toBeUndefined()
    expect(merged(before, after, 'something else\n')).toBeUndefined()
  })

  it('never loses a line that was added, and never keeps one that the change wrote', () => {
    const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 8, maxLength: 20 })
    fc.assert(
      fc.property(lines, fc.nat(), fc.nat(), (base, own, other) => {
        const put = (text: readonly string[], at: number, line: string) =>
          text.toSpliced(at % (text.length + 1), 0, line)
        const text = (all: readonly string[]) => `${all.join('\n')}\n`
        const change = put(base, own, 'CHANGE')
        const result = merged(text(base), text(change), text(put(change, other, 'EDIT')))
        if (result === undefined) return
        expect(result).not.toContain('CHANGE')
        expect(result.replace('EDIT\n', '')).toBe(text(base))
        expect(result).toContain('EDIT')
      }),
    )
  })
})

describe('restore.sh', () => {
  let root = ''
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'restore-'))
  })
  afterEach(() => rmSync(root, { recursive: true, force: true }))

  /** A finished change of three files and a directory, as it lies on disk. */
  function change() {
    const at = (name: string) => join(root, name)
    const step = { title: 'x', kind: 'file' } as const
    mkdirSync(at('checkpoint/files'), { recursive: true })
    writeFileSync(at('checkpoint/files/00-main.cf'), 'before\n')
    writeFileSync(at("checkpoint/files/01-it's"), 'old\n')
    writeFileSync(at('main.cf'), 'after\n')
    writeFileSync(at('new'), 'new\n')
    mkdirSync(at('made'))
    const steps = [
      {
        ...step,
        id: 'a',
        path: at('main.cf'),
        before: hashOf(Buffer.from('before\n')),
        after: hashOf(Buffer.from('after\n')),
        saved: 'files/00-main.cf',
      },
      {
        ...step,
        id: 'b',
        path: at("it's"),
        before: hashOf(Buffer.from('old\n')),
        after: 'absent',
        saved: "files/01-it's",
      },
      { ...step, id: 'c', path: at('new'), before: 'absent', after: hashOf(Buffer.from('new\n')) },
      {
        id: 'd',
        title: 'x',
        kind: 'directory',
        path: at('made'),
        directory: { existed: false, meta: { uid: 0, gid: 0, mode: 0o755 } },
      },
      {
        id: 'e',
        title: 'x',
        kind: 'run',
        argv: [],
        undo: ['sh', '-c', `echo "it's undone" >>'${at('log')}'; exit 6`],
        accept: [6],
      },
      { id: 'f', title: 'x', kind: 'run', argv: [], undo: ['touch', at('never')] },
    ] as const
    chmodSync(at('checkpoint/files/00-main.cf'), 0o640)
    writeFileSync(at('checkpoint/manifest.json'), '{\n  "state": "finished"\n}\n')
    const journal = [0, 1, 2, 3, 4].map((number) => `{"at":"x","event":"begin","step":${number}}\n`)
    writeFileSync(at('checkpoint/journal'), journal.join(''))
    writeFileSync(at('checkpoint/restore.sh'), restoreScript('install', 'now', steps))
    return {
      at,
      run: (...args: string[]) =>
        spawnSync('sh', [at('checkpoint/restore.sh'), ...args], {
          encoding: 'utf8',
          env: { PATH: '/usr/bin:/bin' },
        }),
    }
  }

  it('puts everything back without Node.js: files with their modes, directories, programs that were begun', () => {
    const { at, run } = change()
    const ran = run()
    expect(ran.status, ran.stderr).toBe(0)
    expect(readFileSync(at('main.cf'), 'utf8')).toBe('before\n')
    expect(statSync(at('main.cf')).mode & 0o777).toBe(0o640)
    expect(readFileSync(at("it's"), 'utf8')).toBe('old\n')
    expect(() => statSync(at('new'))).toThrow()
    expect(() => statSync(at('made'))).toThrow()
    expect(() => statSync(at('never'))).toThrow()
    expect(readFileSync(at('log'), 'utf8')).toBe("it's undone\n")
    expect(readFileSync(at('checkpoint/manifest.json'), 'utf8')).toContain('"rolled-back"')
    expect(run().status).toBe(0)
    expect(readFileSync(at('log'), 'utf8')).toBe("it's undone\n")
  })

  it('does not undo again what greyctl rollback had undone before it was stopped', () => {
    const { at, run } = change()
    appendFileSync(at('checkpoint/journal'), '{"at":"x","event":"undone","step":4}\n')
    expect(run().status).toBe(0)
    expect(existsSync(at('log'))).toBe(false)
    expect(readFileSync(at('main.cf'), 'utf8')).toBe('before\n')
  })

  it('is run again where it was killed, before any of its commands', () => {
    let alive = false
    // some 120 commands: every fifth, others in another run
    for (let command = 1 + (SEED % 5); !alive; command += 5) {
      const { at, run } = change()
      // bash, for it has a trap before each command; BASH_ENV is read first
      writeFileSync(at('trap'), `set -T\nn=0\ntrap '(( ++n < ${command} )) || kill -9 $$' DEBUG\n`)
      const killed = spawnSync('bash', [at('checkpoint/restore.sh')], {
        encoding: 'utf8',
        env: { PATH: '/usr/bin:/bin', BASH_ENV: at('trap') },
      })
      alive = killed.signal === null
      expect(killed.signal ?? killed.status, killed.stderr).toBe(alive ? 0 : 'SIGKILL')
      const again = run()
      expect(again.status, again.stderr).toBe(0)
      expect(readFileSync(at('main.cf'), 'utf8')).toBe('before\n')
      expect(readFileSync(at("it's"), 'utf8')).toBe('old\n')
      expect(readFileSync(at('log'), 'utf8')).toMatch(/^(it's undone\n){1,2}$/)
      expect(readFileSync(at('checkpoint/manifest.json'), 'utf8')).toContain('"rolled-back"')
      expect(readFileSync(at('checkpoint/journal'), 'utf8')).toContain('"state":"rolled-back"')
      rmSync(at('trap'))
      expect(readdirSync(root).sort()).toEqual(['checkpoint', "it's", 'log', 'main.cf'])
      expect(readdirSync(at('checkpoint')).sort()).toEqual([
        'files',
        'journal',
        'manifest.json',
        'restore.sh',
        'undone',
      ])
      if (command <= 5) expect(alive).toBe(false)
      rmSync(root, { recursive: true })
      mkdirSync(root)
    }
  })

  it('leaves a file alone that was edited since, says so, and obeys --force', () => {
    const { at, run } = change()
    writeFileSync(at('main.cf'), 'after\nedited\n')
    const ran = run()
    expect(ran.status).toBe(1)
    expect(ran.stderr).toContain('main.cf was edited since and stays')
    expect(readFileSync(at('main.cf'), 'utf8')).toBe('after\nedited\n')
    expect(readFileSync(at('checkpoint/manifest.json'), 'utf8')).toContain('"finished"')
    expect(run('--force').status).toBe(0)
    expect(readFileSync(at('main.cf'), 'utf8')).toBe('before\n')
  })
})
