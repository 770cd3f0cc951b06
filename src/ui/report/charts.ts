/** Part of a bar, in the order in which it is drawn. */
export interface Segment {
  readonly value: number
  readonly shade: number
}

export interface ChartLook {
  /** Columns of the bar itself. */
  readonly width: number
  /** Block characters; else ASCII. */
  readonly unicode: boolean
}

const SHADES = { unicode: ['█', '▒', '░'], ascii: ['#', '+', '.'] } as const
const EIGHTHS = ' ▁▂▃▄▅▆▇█'

export function shade(at: number, unicode: boolean): string {
  return SHADES[unicode ? 'unicode' : 'ascii'][at] ?? '?'
}

/** One bar of several parts; `most`: the value that fills the width. What is there is never drawn as nothing. */
export function bar(segments: readonly Segment[], most: number, { width, unicode }: ChartLook): string {
  let drawn = ''
  let sum = 0
  for (const { value, shade: at } of segments) {
    if (value === 0) continue
    sum += value
    const end = Math.round((width * sum) / Math.max(1, most))
    const size = Math.max(1, end - drawn.length)
    drawn += shade(at, unicode).repeat(Math.min(size, width - drawn.length))
  }
  return drawn
}

/** Columns side by side, from the top line to the bottom one; each `columnWidth` characters, a blank among them where there are several. */
export function columns(
  values: readonly number[],
  height: number,
  { columnWidth, unicode }: { readonly columnWidth: number; readonly unicode: boolean },
): string[] {
  const most = Math.max(1, ...values)
  return Array.from({ length: height }, (_, line) => {
    const floor = height - 1 - line
    return values
      .map((value) => cell((value * height) / most - floor, value > 0 && floor === 0, unicode))
      .map((character) => (columnWidth === 1 ? character : `${character.repeat(columnWidth - 1)} `))
      .join('')
      .trimEnd()
  })
}

function cell(filled: number, atLeast: boolean, unicode: boolean): string {
  const part = Math.max(atLeast ? 1 : 0, Math.min(8, Math.round(filled * 8)))
  if (unicode) return EIGHTHS[part] ?? ' '
  return part >= 4 || (atLeast && part > 0) ? '#' : ' '
}
