import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { Machine } from './lab.js'

/** A block of commands of a page, and the lines that it says they print. */
export interface PageStep {
  readonly commands: string
  readonly prints: readonly string[]
  /** Of the block in the page. */
  readonly line: number
  /** The heading that it stands under. */
  readonly section: string
}

/** The page's ```sh blocks, each with the ```text block that follows it. */
export function readPage(path: string): readonly PageStep[] {
  const page = readFileSync(path, 'utf8')
  const blocks = [...page.matchAll(/^```(sh|text)\n([\s\S]*?)^```$/gm)]
  return blocks.flatMap(([, kind, commands = ''], at) => {
    if (kind !== 'sh') return []
    const next = blocks[at + 1]
    const prints = next?.[1] === 'text' ? (next[2] ?? '').trimEnd().split('\n') : []
    const before = page.slice(0, blocks[at]?.index)
    const section = [...before.matchAll(/^## (.*)$/gm)].at(-1)?.[1] ?? ''
    return [{ commands, prints, line: before.split('\n').length, section }]
  })
}

/** The first line that was not printed, in order; undefined when all were. `…` stands for anything. */
export function missingLine(prints: readonly string[], output: string): string | undefined {
  const lines = output.split('\n').map((line) => line.trim())
  let from = 0
  for (const wanted of prints) {
    const pattern = wanted
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')
    const at = lines.findIndex((line, index) => index >= from && new RegExp(`^${pattern}$`).test(line))
    if (at < 0) return wanted
    from = at + 1
  }
  return undefined
}

/** Follows the steps of a page on a machine, and holds it to what it says they print. */
export async function follow(machine: Machine, path: string, steps: readonly PageStep[]): Promise<void> {
  for (const { commands, prints, line } of steps) {
    const ran = await machine.run(`cd /; set -e; ${commands}`, { timeout: 300 })
    const where = `${path}:${line}\n${ran.stdout}\n${ran.stderr}`
    expect(ran.code, where).toBe(0)
    expect(missingLine(prints, ran.stdout), where).toBeUndefined()
  }
}
