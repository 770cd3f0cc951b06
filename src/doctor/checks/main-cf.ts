import { check } from '../check.js'
import { lineBefore, lineOf } from '../facts/text-file.js'
import type { Facts } from '../facts.js'
import { editLines } from './repairs.js'

type Main = Facts['mainCf']

const brokenContinuation = check({
  id: 'broken-continuation-nonindented',
  title: 'main.cf has a line on which every Postfix program stops',
  severity: 'critical',
  symptom:
    'fatal: /etc/postfix/main.cf, line 49: missing \'=\' after attribute name: "reject_unauth_destination,"',
  cause: 'a line of a folded list is not indented, so that it starts a parameter of its own',
  look: ['postconf -n'],
  remedy: 'indent the line with a blank, or give it its "="',
  autofix: 'confirm',
  needs: ['mainCf'],
  judge: ({ mainCf }) => {
    const [first, ...more] = mainCf.cf.problems.filter(({ fatal }) => fatal)
    if (first === undefined) return []
    const { line, message, kind } = first
    const own = lineOf(mainCf, line)
    const template = TEMPLATE.test(own.text)
    const said = template ? 'a directive of a template, which Postfix cannot read' : message
    const others =
      more.length === 0 ? '' : `; ${more.length} more ${more.length === 1 ? 'line' : 'lines'} like it`
    const before = lineBefore(mainCf, line)
    return [
      {
        detail: `line ${line}: ${said}${others}`,
        evidence: [...(before === undefined ? [] : [before]), own],
        affects: [mainCf.path],
        ...(template
          ? {
              cause: 'this is the text that a program makes main.cf of, or that program did not finish',
              remedy: 'let the program make it anew, and look at what it made',
            }
          : {}),
        repairs:
          kind === 'missing-equals' && line > 1 && !template
            ? editLines(mainCf.path, `indent line ${line} of ${mainCf.path}`, (text, number) =>
                number === line ? `  ${text}` : text,
              )
            : [],
      },
    ]
  },
})

/** Jinja, Go, ERB, PHP. */
const TEMPLATE = /^\s*(?:\{[{%#]|<[%?])/

const unreadable = check({
  id: 'postconf-fatal',
  title: 'Postfix cannot read its configuration',
  severity: 'critical',
  symptom: 'postconf, postfix reload and sendmail end with fatal:',
  cause: 'the configuration has an error that postconf names',
  look: ['postconf -n', 'postfix check'],
  remedy: 'correct what the message names',
  autofix: 'manual',
  becauseOf: ['broken-continuation-nonindented', 'master-line-not-indented'],
  needs: ['postconf', 'mainCf'],
  judge: ({ postconf, mainCf }) =>
    postconf.fatal === undefined
      ? []
      : [
          {
            detail: postconf.fatal,
            evidence: [{ ref: 'postconf', text: `fatal: ${postconf.fatal}` }],
            affects: [mainCf.path, mainCf.path.replace(/main\.cf$/, 'master.cf')],
          },
        ],
})

const duplicate = check({
  id: 'duplicate-parameter',
  title: 'a parameter is set twice, and the first value is dead',
  severity: 'error',
  symptom: 'postconf: warning: main.cf, line 43: overriding earlier entry; an edit has no effect',
  cause: 'the last definition of a name counts; the earlier one was forgotten, or an installer added its own',
  look: ['postconf -n >/dev/null', 'grep -n NAME /etc/postfix/main.cf'],
  remedy: 'put what both say into one line, and take the other out',
  autofix: 'confirm',
  needs: ['mainCf'],
  judge: ({ mainCf }) =>
    duplicates(mainCf).map(({ name, first, last, same }) => ({
      severity: same
        ? ('info' as const)
        : /^smtpd_.*_restrictions$/.test(name)
          ? ('error' as const)
          : ('warning' as const),
      detail: same
        ? `${name} is set twice to the same value`
        : `${name} is set on lines ${first.slice(0, 5).join(', ')}${first.length > 5 ? ', …' : ''} and ${last}; line ${last} counts`,
      evidence: [...first.slice(-3), last].map((line) => lineOf(mainCf, line)),
      affects: [mainCf.path],
      remedy: `take ${first.length === 1 ? `line ${first[0]}` : 'the earlier lines'} out, after you have put what is missing into line ${last}`,
      repairs: commentOut(mainCf, name),
    })),
})

/** None while Postfix stops on the file: what is there twice may be a template's two branches. */
function duplicates({ cf }: Main) {
  if (cf.problems.some(({ fatal }) => fatal)) return []
  const seen = new Map<string, { lines: number[]; values: Set<string> }>()
  for (const { name, line, value } of cf.definitions) {
    const entry = seen.get(name) ?? { lines: [], values: new Set() }
    entry.lines.push(line)
    entry.values.add(value)
    seen.set(name, entry)
  }
  return [...seen].flatMap(([name, { lines, values }]) =>
    lines.length < 2
      ? []
      : [{ name, first: lines.slice(0, -1), last: lines.at(-1) ?? 0, same: values.size === 1 }],
  )
}

/** The dead definitions become comments: nothing that counts changes. */
function commentOut({ path, cf, text }: Main, name: string) {
  let dead: ReadonlySet<number> | undefined
  // worked out only when the repair is made: there may be very many
  const deadLines = () => {
    const definitions = cf.definitions.filter((each) => each.name === name).slice(0, -1)
    return new Set(
      definitions.flatMap(({ logical }) => logical.pieces.map(({ start }) => lineNumber(text, start))),
    )
  }
  return editLines(path, `comment the dead ${name} out`, (line, number) => {
    dead ??= deadLines()
    return dead.has(number) ? `# ${line}` : line
  })
}

function lineNumber(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line += 1
  return line
}

const swallowed = check({
  id: 'leading-whitespace-swallowed',
  title: 'an indented setting became part of the parameter above it',
  severity: 'error',
  symptom: 'a setting has no effect, and the one above it has strange words in it',
  cause: 'a line that starts with a blank continues the one before, whatever it looks like',
  look: ['postconf -n'],
  remedy: 'take the blanks at the start of the line away',
  autofix: 'confirm',
  needs: ['mainCf', 'knownParameters'],
  judge: ({ mainCf, knownParameters }) => {
    const lines = mainCf.text.split('\n')
    const first = mainCf.cf.problems
      .filter(({ kind }) => kind === 'leading-whitespace')
      .map(({ line }) => line)
    const inner = mainCf.cf.definitions.flatMap(({ logical }) =>
      logical.pieces.slice(1).flatMap(({ start, end }) => {
        const name = /^[ \t]+([a-z][a-z0-9_]+)[ \t]*=(?!=)/.exec(mainCf.text.slice(start, end))?.[1]
        return name !== undefined && knownParameters.has(name) ? [lineNumber(mainCf.text, start)] : []
      }),
    )
    return [...first, ...inner].map((line) => ({
      detail: `line ${line} starts with a blank: ${first.includes(line) ? 'Postfix ignores it' : 'it is read as more of the line above'}`,
      evidence: [...(line > 1 ? [lineOf(mainCf, line - 1)] : []), lineOf(mainCf, line)],
      affects: [mainCf.path],
      repairs: /^[ \t]+[a-z][a-z0-9_]*[ \t]*=/.test(lines[line - 1] ?? '')
        ? editLines(mainCf.path, `line ${line} of ${mainCf.path} to the left`, (text, number) =>
            number === line ? text.trimStart() : text,
          )
        : [],
    }))
  },
})

const inlineComment = check({
  id: 'inline-comment-in-value',
  title: 'a comment behind a value is part of the value',
  severity: 'error',
  symptom: 'warning: unknown smtpd restriction: "#", and 451 4.3.5 Server configuration error',
  cause: 'Postfix knows comments only on lines of their own',
  look: ['postconf -n | grep " #"'],
  remedy: 'put the comment on a line of its own, above the setting',
  autofix: 'confirm',
  needs: ['mainCf'],
  judge: ({ mainCf }) =>
    mainCf.cf.definitions
      .filter(({ value }) => /(^|[\s,])#/.test(value))
      .map((definition) => {
        const { start } = definition.logical.pieces.find((piece) =>
          /[\s,=]#/.test(mainCf.text.slice(piece.start, piece.end)),
        ) ?? { start: 0 }
        const line = lineNumber(mainCf.text, start)
        return {
          severity: /_restrictions$|^smtpd_restriction_classes$/.test(definition.name)
            ? ('critical' as const)
            : ('warning' as const),
          detail: `the value of ${definition.name} holds "#": what follows it counts as well`,
          evidence: [lineOf(mainCf, line)],
          affects: [mainCf.path],
          repairs: editLines(mainCf.path, `move the comment out of ${definition.name}`, (text, number) => {
            const hash = /^(.*?[\s,=])(#.*)$/.exec(text)
            if (number !== line || hash === null) return text
            // a comment may stand between the lines of a folded value
            return `${hash[2]}\n${(hash[1] ?? '').trimEnd()}`
          }),
        }
      }),
})

const crlf = check({
  id: 'crlf-or-bom',
  title: 'main.cf was saved the way of another system',
  severity: 'error',
  symptom: 'values end in an invisible character; postconf shows names that begin with one',
  cause: 'an editor wrote line ends of Windows (CR LF), or a byte order mark at the start of the file',
  look: ['file /etc/postfix/main.cf', "grep -c $'\\r' /etc/postfix/main.cf"],
  remedy: 'save it with plain line feeds and without a mark',
  autofix: 'confirm',
  commands: ["sed -i -e 's/\\r$//' -e '1s/^\\xef\\xbb\\xbf//' /etc/postfix/main.cf"],
  needs: ['mainCf', 'masterCf'],
  judge: ({ mainCf, masterCf }) =>
    [mainCf, masterCf].flatMap((file) => {
      const mark = file.text.startsWith('\u00ef\u00bb\u00bf')
      const ends = (file.text.match(/\r\n/g) ?? []).length
      if (!mark && ends === 0) return []
      return [
        {
          // blanks at the end of a line are dropped, a carriage return among them
          severity: mark ? ('error' as const) : ('warning' as const),
          detail: `${file.path} ${mark ? 'begins with a byte order mark' : `has ${ends} lines that end in CR LF`}`,
          evidence: [{ ref: `${file.path}:1`, text: file.text.slice(0, 80).split('\n')[0] ?? '' }],
          affects: [file.path],
          repairs: [
            {
              kind: 'edit' as const,
              path: file.path,
              title: `plain line ends in ${file.path}`,
              edit: (text: string) => text.replace(/^\u00ef\u00bb\u00bf/, '').replace(/\r\n/g, '\n'),
            },
          ],
        },
      ]
    }),
})

export const MAIN_CF = [brokenContinuation, unreadable, duplicate, swallowed, inlineComment, crlf]
