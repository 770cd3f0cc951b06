import { Chalk } from 'chalk'
import { describe, expect, it } from 'vitest'
import { renderDiff, shortenNewFiles } from '../../src/ui/diff.js'

const plain = new Chalk({ level: 0 })
const newFile = (lines: number) =>
  [
    '--- /dev/null',
    '+++ /etc/x',
    `@@ -0,0 +1,${lines} @@`,
    ...Array.from({ length: lines }, (_, at) => `+line ${at}`),
  ].join('\n')

describe('shortenNewFiles', () => {
  it('cuts a long new file and says how much is left', () => {
    const short = shortenNewFiles(newFile(100)).split('\n')
    expect(short.length).toBe(3 + 12 + 1)
    expect(short.at(-1)).toBe('+… 88 more lines (--dry-run shows all)')
  })

  it('leaves short files, changes, and what stands between them', () => {
    const diff = `${newFile(14)}\n$ postfix reload\n--- /etc/main.cf\n+++ /etc/main.cf\n@@ -1,20 +1,21 @@\n${'+x\n'.repeat(40)}`
    expect(shortenNewFiles(diff)).toBe(diff)
    expect(shortenNewFiles(`${newFile(50)}\n$ postfix reload`)).toMatch(/more lines.*\n\$ postfix reload$/)
  })
})

describe('renderDiff', () => {
  it('escapes what a file says', () => {
    expect(renderDiff('+\u001b[2J\tx\n-y', plain)).toBe('+\\x1b[2J\tx\n-y')
  })
})
