import type { Machine, Running } from './lab.js'
import { GREYCTL } from './server.js'

export const DOWN = '\u001b[B'
export const ENTER = '\r'
export const CTRL_C = '\u0003'
/** Takes back what stands on the line. */
export const CTRL_U = '\u0015'

/** greyctl on a terminal of 80 columns. */
export function onTerminal(machine: Machine, command: string): Running {
  return machine.start(`script -qefc 'stty cols 80 rows 24; ${GREYCTL} ${command}' /dev/null`)
}

/** Waits for a text behind what was seen already, then types. */
export async function answer(running: Running, question: string, keys: string): Promise<void> {
  const seen = Date.now() + 60_000
  while (!running.output().includes(question)) {
    if (Date.now() > seen) throw new Error(`never asked "${question}":\n${running.output()}`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  // the question is on the screen a moment before its keys are read
  await new Promise((resolve) => setTimeout(resolve, 300))
  running.write(keys)
}
