import { readFileSync } from 'node:fs'

/** A block of commands of docs/tutorial.md, and the lines that it says they print. */
export interface PageStep {
  readonly commands: string
  readonly prints: readonly string[]
  /** Of the block in the page. */
  readonly line: number
}

/** The page's ```sh blocks, each with the ```text block that follows it. */
export function readTutorial(path = 'docs/tutorial.md'): readonly PageStep[] {
  const page = readFileSync(path, 'utf8')
  const blocks = [...page.matchAll(/^```(sh|text)\n([\s\S]*?)^```$/gm)]
  return blocks.flatMap(([, kind, commands = ''], at) => {
    if (kind !== 'sh') return []
    const next = blocks[at + 1]
    const prints = next?.[1] === 'text' ? (next[2] ?? '').trimEnd().split('\n') : []
    return [{ commands, prints, line: page.slice(0, blocks[at]?.index).split('\n').length }]
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
