import type { ProofCase } from '../change/plan.js'
import { plainTable, share, shorten } from './columns.js'
import { escapeText } from './escape.js'
import type { Terminal } from './print.js'
import { wrap } from './wrap.js'

/** Room for `454 no relaying`. */
const ANSWER = 15
const NONE = '–'

/** A row a case: what was asked, what Postfix answered without greylisting (before) and with it (after). Of a proof that was made live. */
export function proofTable(
  proof: readonly ProofCase[],
  { style, width }: Pick<Terminal, 'style' | 'width'>,
): string {
  if (proof.length === 0) return 'Postfix was not asked whether it works: greyctl verify --live does that.'
  const live = proof.filter((item) => !item.case.startsWith('candidate: '))
  const mark = ({ ok }: ProofCase) =>
    ok === undefined ? style.yellow('?') : ok ? style.green('✓') : style.red('✗')
  const widest = Math.max(...live.map((item) => item.case.length), 0) + 2
  const answers = 2 * (ANSWER + 2)
  const [size = 20] = share([widest], Math.max(width - 4 - answers, 24))
  const rows = live.map((item) => [
    `${mark(item)} ${shorten(item.case, size - 2)}`,
    item.before === undefined ? NONE : shortAnswer(item.before),
    shortAnswer(item.answer),
  ])
  const table = plainTable([`  ${style.dim('case')}`, style.dim('before'), style.dim('after')], rows, [
    size,
    ANSWER,
    ANSWER,
  ])
  const unclear = live
    .filter(({ ok }) => !ok)
    .flatMap(({ case: title, answer, advice }) => [
      ...wrap(escapeText(`${title}: ${answer}`), width, '    ').map((line) => style.dim(line)),
      ...(advice === undefined ? [] : wrap(escapeText(advice), width, '    ')),
    ])
  return ["Asked Postfix's own smtpd:", ...table, ...unclear].join('\n')
}

/** The code, and what it means to the client; the server's words are for the log and for --json. */
function shortAnswer(answer: string): string {
  const code = /^\d{3}/.exec(answer)?.[0]
  if (code === undefined) return 'see below'
  const meaning = code.startsWith('2')
    ? 'accepted'
    : /relay access denied/i.test(answer)
      ? 'no relaying'
      : code.startsWith('4')
        ? 'deferred'
        : 'refused'
  return `${code} ${meaning}`
}
