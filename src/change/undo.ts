import { basename, dirname } from 'node:path'
import { GreyctlError } from '../errors.js'
import { hashOf } from '../hash.js'
import type { Host } from '../host/host.js'
import { type Checkpoint, TEMPORARY } from './checkpoint.js'
import type { RecordedStep } from './recorded-step.js'

/** What became of a step that was taken back: `conflict` says why not. */
export type Undone = { readonly conflict?: string }

/**
 * Takes one recorded step back; safe to repeat, and safe for a step of which nobody knows whether it ran. A file
 * that is neither as before nor as after was edited by somebody and stays, unless forced.
 */
async function undoStep(
  host: Host,
  checkpoint: Checkpoint,
  step: RecordedStep,
  options: { force: boolean },
): Promise<Undone> {
  switch (step.kind) {
    case 'file':
      return undoFile(host, checkpoint, step, options.force)
    case 'directory':
      await undoDirectory(host, step)
      return {}
    case 'run':
      return undoRun(host, step)
    default:
      return {}
  }
}

/** undoStep, with trouble as a conflict: one file that cannot be written must not keep the others from being put back. */
export async function tryUndo(
  host: Host,
  checkpoint: Checkpoint,
  step: RecordedStep,
  options: { force: boolean },
): Promise<Undone> {
  try {
    return await undoStep(host, checkpoint, step, options)
  } catch (error) {
    if (!(error instanceof GreyctlError)) throw error
    return { conflict: `${step.path ?? step.title} (${error.message})` }
  }
}

async function undoFile(
  host: Host,
  checkpoint: Checkpoint,
  step: RecordedStep,
  force: boolean,
): Promise<Undone> {
  const path = step.path ?? ''
  await removeTemporaries(host, await host.realpath(path))
  const now = hashOf(await host.read(path))
  if (now === step.before) return {}
  if (now !== step.after && !force) return { conflict: path }
  if (step.saved === undefined) await host.remove(path)
  else {
    const saved = await checkpoint.saved(step.saved)
    await host.replace(path, saved.content, { like: saved.path })
  }
  return {}
}

/** A kill in the middle of putting a file in place leaves the new file under its temporary name (host/files). */
async function removeTemporaries(host: Host, path: string): Promise<void> {
  const [directory, name] = [dirname(path), basename(path)]
  for (const other of (await host.list(directory)) ?? []) {
    const ours = other.startsWith(`.${name}.greyctl-`) && TEMPORARY.test(other)
    if (ours) await host.remove(`${directory}/${other}`)
  }
}

async function undoDirectory(host: Host, step: RecordedStep): Promise<void> {
  const path = step.path ?? ''
  if (step.directory?.existed) await host.makeDirectory(path, step.directory.meta)
  else await host.removeDirectory(path)
}

async function undoRun(host: Host, step: RecordedStep): Promise<Undone> {
  if (step.undo === undefined || host.root !== '/') return {}
  const result = await host.run(step.undo, { timeout: step.timeout ?? 60 })
  if (result.exitCode === 0 || step.accept?.includes(result.exitCode ?? -1)) return {}
  const said = result.stderr.trim().split('\n').at(-1) ?? ''
  return { conflict: `${step.undo.join(' ')} (${result.failure ?? `exit ${result.exitCode}`}: ${said})` }
}

/** Throws GreyctlError('change-failed') with what the program said. */
export async function runStep(host: Host, step: RecordedStep, hint?: string): Promise<void> {
  if (!step.argv || step.argv.length === 0) return
  const result = await host.run(step.argv, { timeout: step.timeout ?? 60 })
  if (result.exitCode === 0 || step.accept?.includes(result.exitCode ?? -1)) return
  const said = `${result.stderr}\n${result.stdout}`.trim().split('\n').slice(-3).join(' | ')
  throw new GreyctlError(
    'change-failed',
    `${step.argv.join(' ')} failed (${result.failure ?? `exit ${result.exitCode}`}): ${said}`,
    { hints: hint === undefined ? [] : [hint] },
  )
}
