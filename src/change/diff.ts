import { createTwoFilesPatch } from 'diff'
import type { Host } from '../host/host.js'
import type { Plan, Step } from './plan.js'

/** What a plan does, for a person: unified diffs of the files, and the commands. Not escaped. */
export async function planDiff(host: Host, plan: Plan): Promise<string> {
  const parts = await Promise.all(plan.steps.map((step) => describe(host, step)))
  return parts.filter((part) => part !== '').join('\n')
}

async function describe(host: Host, step: Step): Promise<string> {
  switch (step.kind) {
    case 'file': {
      const before = step.brought ?? (await host.read(step.path)) ?? Buffer.alloc(0)
      const after = step.after === 'absent' ? Buffer.alloc(0) : step.after
      const diff = unifiedDiff(step.path, before, after)
      if (step.before === 'absent') return diff.replace(`--- ${step.path}`, '--- /dev/null')
      return step.after === 'absent' ? diff.replace(`+++ ${step.path}`, '+++ /dev/null') : diff
    }
    case 'directory':
      return `# ${step.title}`
    case 'remove-tree':
      return `# ${step.title}`
    case 'run':
      return host.root === '/' && step.argv.length > 0 ? `$ ${step.argv.join(' ')}` : ''
    case 'prove':
      return host.root === '/' ? `? ${step.title}` : ''
  }
}

/** Bytes are shown as Latin-1 when they are no UTF-8, so that every byte has a character. */
export function unifiedDiff(path: string, before: Buffer, after: Buffer): string {
  const [left, right] = [readable(before), readable(after)]
  return createTwoFilesPatch(path, path, left, right, undefined, undefined, { context: 3 })
    .split('\n')
    .filter((line) => !/^(?:={60,}|Index: .*)$/.test(line))
    .join('\n')
    .trimEnd()
}

function readable(content: Buffer): string {
  const text = content.toString('utf8')
  return text.includes('\ufffd') ? content.toString('latin1') : text
}
