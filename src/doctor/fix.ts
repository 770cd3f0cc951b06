import type { Plan, Step } from '../change/plan.js'
import { hashOf } from '../hash.js'
import type { Host } from '../host/host.js'
import type { Finding } from './finding.js'
import type { Repair } from './repair.js'

/**
 * What --fix would do for one finding, as a plan: edits of a file are made one after the other on its text as it is
 * now; Postfix reads its configuration again at the end, and again after a roll-back. No steps: nothing is left to do.
 */
export async function planFix(host: Host, finding: Finding, configDir: string): Promise<Plan> {
  const files = await Promise.all(
    pathsOf(finding.repairs).map((path) => fileStep(host, path, finding.repairs)),
  )
  const steps: Step[] = files.filter((step) => step !== undefined)
  finding.repairs.forEach((repair, at) => {
    if (repair.kind !== 'run') return
    const { title, argv, undo } = repair
    steps.push({ kind: 'run', id: `run-${at}`, title, argv, ...(undo ? { undo } : {}) })
  })
  if (steps.length === 0) return { title: titleOf(finding), steps: [] }
  const reload = ['postfix', '-c', configDir, 'reload']
  const rereads = steps.some((step) => step.kind === 'file' && step.path.startsWith(`${configDir}/`))
  const before: Step[] = rereads
    ? [
        {
          kind: 'run',
          id: 'reload-back',
          title: 'let Postfix read it as it was',
          argv: [],
          undo: reload,
          accept: [1],
        },
      ]
    : []
  const after: Step[] = rereads
    ? [{ kind: 'run', id: 'reload', title: 'let Postfix read it', argv: reload }]
    : []
  const proof: Step = { kind: 'prove', id: finding.id, title: 'look again' }
  return { title: titleOf(finding), steps: [...before, ...steps, ...after, proof] }
}

function titleOf({ id }: Finding): string {
  return `doctor --fix ${id}`
}

function pathsOf(repairs: readonly Repair[]): readonly string[] {
  return [...new Set(repairs.flatMap((repair) => ('path' in repair ? [repair.path] : [])))]
}

async function fileStep(host: Host, path: string, repairs: readonly Repair[]): Promise<Step | undefined> {
  const own = repairs.filter((repair) => 'path' in repair && repair.path === path)
  const [content, stat] = await Promise.all([host.read(path), host.stat(path)])
  if (content === undefined || stat === undefined) return undefined
  const title = own.map((repair) => repair.title).join(', ')
  const base = {
    kind: 'file',
    id: path.replace(/^.*\//, '').replace(/[^a-z0-9]+/gi, '-'),
    title,
    path,
  } as const
  const before = hashOf(content)
  if (own.some(({ kind }) => kind === 'remove')) return { ...base, before, after: 'absent' }
  let text = content.toString('latin1')
  const { uid, gid, mode } = stat
  let meta = { uid, gid, mode }
  for (const repair of own) {
    if (repair.kind === 'edit') text = repair.edit(text)
    if (repair.kind === 'meta') meta = { ...meta, ...repair.meta }
  }
  const after = Buffer.from(text, 'latin1')
  const sameMeta = meta.uid === uid && meta.gid === gid && meta.mode === mode
  if (after.equals(content) && sameMeta) return undefined
  return { ...base, before, after, ...(sameMeta ? {} : { meta }) }
}
