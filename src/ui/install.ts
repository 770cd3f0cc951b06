import type { ChalkInstance } from 'chalk'
import type { ApplyResult, ProofCase } from '../change/plan.js'
import { escapeText } from './escape.js'
import type { Terminal } from './print.js'
import { proofTable } from './proof-table.js'

/** What these views need of a change that was carried out (or was not). */
export type CarriedView =
  | { readonly status: 'unchanged' }
  | { readonly status: 'planned' | 'declined'; readonly diff: string }
  | { readonly status: 'applied'; readonly diff: string; readonly result: ApplyResult }

export interface InstallView {
  readonly choices: {
    readonly backend: 'bundled' | 'postgrey'
    readonly selective: boolean
    readonly delay: number
    readonly learn: boolean
    readonly listen:
      | { readonly kind: 'inet'; readonly host: string; readonly port: number }
      | { readonly kind: 'unix'; readonly path: string }
  }
  readonly planned: { readonly notes: readonly string[]; readonly warnings: readonly string[] }
}

function listenText({ listen }: InstallView['choices']): string {
  if (listen.kind === 'unix') return `unix:${listen.path}`
  return `inet:${listen.host.includes(':') ? `[${listen.host}]` : listen.host}:${listen.port}`
}

/** CLI.md, "greyctl install". */
export function installDocument(carried: CarriedView, view: InstallView): unknown {
  const result = carried.status === 'applied' ? carried.result : undefined
  return {
    changed: carried.status === 'applied',
    backend: view.choices.backend,
    selective: view.choices.selective,
    delay: view.choices.delay,
    learn: view.choices.learn,
    listen: listenText(view.choices),
    diff: 'diff' in carried ? carried.diff : '',
    checkpoint: result?.checkpoint || null,
    steps: result?.steps ?? [],
    proof: (result?.proof ?? []).map((item) => ({ ...item, ok: item.ok ?? null })),
    warnings: view.planned.warnings,
  }
}

export function renderInstall(carried: CarriedView, view: InstallView, terminal: Terminal): string {
  const { style } = terminal
  if (carried.status === 'unchanged') {
    return `${style.green('✓')} greylisting is installed already, just so: nothing to do`
  }
  if (carried.status === 'planned') return `${carried.diff}\nnothing was changed (--dry-run)`
  if (carried.status !== 'applied') return 'nothing was changed'
  const { choices } = view
  const { proof, checkpoint } = carried.result
  const lines = [
    '',
    proofTable(proof, terminal),
    '',
    `${style.green('✓')} ${style.bold(headline(choices.learn, proof))}`,
    `  ${whoIsAsked(choices)}`,
    '  Your own networks and authenticated users are not asked. When the daemon is down, mail flows.',
    '',
    `  see what it does    greyctl verify`,
    ...(choices.learn ? ['  begin to defer      greyctl enforce'] : []),
    `  take it out again   greyctl uninstall        (or: greyctl rollback ${checkpoint})`,
  ]
  return lines.filter((line, at) => line !== '' || at > 0).join('\n')
}

function whoIsAsked({ selective, learn, delay }: InstallView['choices']): string {
  const who = selective ? 'a client that looks like a household’s connection' : 'an unknown client network'
  return learn
    ? `A first mail from ${who} is accepted; that it would have been asked to come back after ${delay} s is logged.`
    : `A first mail from ${who} is asked to come back; after ${delay} s it is accepted.`
}

/** Says no more than was proven. */
function headline(learn: boolean, proof: readonly ProofCase[]): string {
  if (learn) return 'greylisting is installed and learns: it defers nobody yet'
  const proven = proof.length > 0 && proof.every((item) => item.ok)
  return proven ? 'greylisting works' : 'greylisting is installed'
}

export interface UninstallView {
  /** Files that somebody edited: they stay. */
  readonly kept: readonly string[]
  /** Instances of Postfix that go on to greylist. */
  readonly left: readonly { readonly configDir: string }[]
}

export function uninstallDocument(carried: CarriedView, { kept, left }: UninstallView): unknown {
  return {
    changed: carried.status === 'applied',
    diff: 'diff' in carried ? carried.diff : '',
    steps: carried.status === 'applied' ? carried.result.steps : [],
    kept,
    left: left.map(({ configDir }) => configDir),
  }
}

export function renderUninstall(
  carried: CarriedView,
  { kept, left }: UninstallView,
  style: ChalkInstance,
): string {
  if (carried.status === 'unchanged' && left.length > 0)
    return `${style.green('✓')} this instance of Postfix does not greylist: nothing to do`
  if (carried.status === 'unchanged')
    return `${style.green('✓')} greyctl is not installed here: nothing to do`
  if (carried.status === 'planned') return `${carried.diff}\nnothing was changed (--dry-run)`
  if (carried.status === 'declined') return 'nothing was changed'
  const lines = [`${style.green('✓')} ${style.bold('greylisting is out')}; mail is accepted at once again`]
  for (const { configDir } of left) lines.push(`  the instance in ${escapeText(configDir)} still greylists`)
  for (const path of kept)
    lines.push(`  ${escapeText(path)} was edited and stays; remove it when you no longer need it`)
  return lines.join('\n')
}
