import type { ChalkInstance } from 'chalk'
import { escapeLines, escapeText } from './escape.js'

export interface ProbeView {
  readonly dialogue: readonly { readonly sent: string; readonly answer: string }[]
  readonly verdict: 'accepted' | 'deferred' | 'refused' | 'error'
}

const MEANING = {
  accepted: 'smtpd would accept this recipient',
  deferred: 'smtpd would ask the client to try again later',
  refused: 'smtpd would refuse this recipient',
  error: 'smtpd did not get as far as the recipient',
}

export function renderProbe({ dialogue, verdict }: ProbeView, style: ChalkInstance): string {
  const exchanges = dialogue.map(
    ({ sent, answer }) => `${style.cyan(`> ${escapeText(sent)}`)}\n${escapeLines(answer)}`,
  )
  return [...exchanges, '', `${style.bold(verdict)}: ${MEANING[verdict]}`].join('\n')
}
