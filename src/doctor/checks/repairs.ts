import type { Endpoint } from '../facts/policy-uses.js'
import type { Repair } from '../repair.js'

/** `systemctl start`, undone by a stop. */
export function startService(unit: string): readonly Repair[] {
  return [
    {
      kind: 'run',
      title: `start ${unit}`,
      argv: ['systemctl', 'start', unit],
      undo: ['systemctl', 'stop', unit],
    },
  ]
}

/** Another endpoint wherever this one is written as a word of its own. */
export function moveEndpoint(
  file: { readonly path: string },
  endpoint: Endpoint,
  right: string,
): readonly Repair[] {
  return [
    {
      kind: 'edit',
      path: file.path,
      title: `ask ${right} in ${file.path}`,
      edit: (text) => replaceWord(text, endpoint.text, right),
    },
  ]
}

function replaceWord(text: string, word: string, other: string): string {
  const safe = word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return text.replace(new RegExp(`(?<=[\\s,{=]|^)${safe}(?=[\\s,}]|$)`, 'gm'), () => other)
}
/** Whole lines of a file, edited by line number; undefined takes the line out. The text is what the check saw. */
export function editLines(
  path: string,
  title: string,
  change: (line: string, number: number) => string | undefined,
): readonly Repair[] {
  return [
    {
      kind: 'edit',
      path,
      title,
      edit: (text) =>
        text
          .split('\n')
          .map((line, at) => change(line, at + 1))
          .filter((line) => line !== undefined)
          .join('\n'),
    },
  ]
}
