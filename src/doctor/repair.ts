import type { FileMeta } from '../host/host.js'

/** The text of a file, one character a byte, made into another. Returns the same text where there is nothing to do. */
export type Edit = (text: string) => string

/** One thing that --fix does for a finding. `fix.ts` makes a plan of them. */
export type Repair =
  | { readonly kind: 'edit'; readonly path: string; readonly title: string; readonly edit: Edit }
  | { readonly kind: 'meta'; readonly path: string; readonly title: string; readonly meta: Partial<FileMeta> }
  | { readonly kind: 'remove'; readonly path: string; readonly title: string }
  | {
      readonly kind: 'run'
      readonly title: string
      readonly argv: readonly string[]
      readonly undo?: readonly string[]
    }
