/** What the charts draw: a part of the report's JSON. */
export interface Tally {
  readonly greylisted: number
  readonly cameBack: number
  readonly elsewhere: number
  readonly waiting: number
  readonly neverCameBack: number
}

export interface PageData {
  readonly days: readonly (Tally & { readonly day: string })[]
  readonly hours: readonly (Tally & { readonly hour: number })[]
  readonly delays: readonly { readonly label: string; readonly count: number }[]
  readonly domains: readonly { readonly name: string; readonly neverCameBack: number }[]
}

/** The generator escapes what HTML could take for a tag; JSON undoes it. */
export function readData(): PageData {
  return JSON.parse(document.getElementById('data')?.textContent ?? '{}') as PageData
}
