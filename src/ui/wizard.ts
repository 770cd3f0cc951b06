import { escapeText } from './escape.js'
import { printErr, type Terminal } from './print.js'
import { askChoice, askNumber, askText } from './prompts.js'

/** What the questions are asked about. */
export interface WizardView {
  readonly found: readonly { readonly what: string; readonly is: string }[]
  /** Another greylister that Postfix asks; undefined: none. */
  readonly other: 'postgrey' | 'sqlgrey' | undefined
  /** Where there is no package archive to take postgrey from. */
  readonly canPostgrey: boolean
  /** Seconds; the proposal. */
  readonly delay: number
  /** Whether a location names a server that can be used: what is wrong with it, or undefined. Absent: not asked for. */
  readonly complaintAboutStore?: (location: string) => Promise<string | undefined>
}

export interface WizardAnswers {
  readonly backend?: 'bundled' | 'postgrey' | undefined
  readonly selective?: boolean | undefined
  readonly delay?: number | undefined
  readonly replace?: boolean | undefined
  /** A location that nobody complained about, or `local`. */
  readonly store?: string | undefined
}

/** What flags decided; of the store it is enough that one did. */
type GivenAnswers = Omit<WizardAnswers, 'store'> & { readonly store?: unknown }

/**
 * The questions of `greyctl install`: what was found, then one question for each thing that no flag decided, the
 * proposal first. Arrows and Enter are all it takes; Enter alone takes the proposal. undefined: the administrator stops.
 */
export async function askInstall(
  terminal: Terminal,
  view: WizardView,
  given: GivenAnswers,
): Promise<WizardAnswers | undefined> {
  printErr(renderFound(view, terminal))
  const taking = await askTaking(terminal, view, given)
  if (taking === undefined) return undefined
  const known = { ...given, ...taking }
  const backend = known.backend ?? (view.canPostgrey ? await askBackend(terminal) : 'bundled')
  const selective = given.selective ?? (await askSelective(terminal))
  const delay =
    given.delay ??
    (await askNumber(terminal, {
      question: 'Seconds until a retry is accepted?',
      flag: '--delay SECONDS',
      fallback: view.delay,
      min: 1,
      max: 86_400,
    }))
  const { complaintAboutStore } = view
  const asks = complaintAboutStore !== undefined && backend === 'bundled' && given.store === undefined
  const store = asks ? await askStore(terminal, complaintAboutStore) : undefined
  return { ...taking, backend, selective, delay, store }
}

export function renderFound({ found }: WizardView, { style, width }: Terminal): string {
  const column = Math.max(...found.map(({ what }) => what.length))
  const rows = found.map(({ what, is }) => {
    const text = escapeText(is)
    const room = width - column - 5
    return `  ${style.dim(what.padEnd(column))}  ${text.length > room ? `${text.slice(0, room - 1)}…` : text}`
  })
  return [style.bold('This server:'), ...rows, ''].join('\n')
}

/** Greylisting twice delays mail twice: take its place, keep it as the backend, or stop. */
async function askTaking(
  terminal: Terminal,
  { other }: WizardView,
  given: GivenAnswers,
): Promise<WizardAnswers | undefined> {
  if (other === undefined || given.replace) return {}
  const keep = {
    value: 'keep',
    name: 'keep postgrey, and make its entry one that lets mail through when it is down',
  }
  const answer = await askChoice(terminal, {
    question: `Postfix asks ${other} already. What now?`,
    flag: '--replace',
    choices: [
      ...(other === 'postgrey' && given.backend !== 'bundled' ? [keep] : []),
      ...(given.backend === 'postgrey'
        ? []
        : [{ value: 'take', name: "let greyctl's own daemon take its place" }]),
      { value: 'stop', name: 'stop here and change nothing' },
    ],
  })
  if (answer === 'stop') return undefined
  return { replace: true, backend: answer === 'keep' ? 'postgrey' : 'bundled' }
}

function askBackend(terminal: Terminal): Promise<'bundled' | 'postgrey'> {
  return askChoice(terminal, {
    question: 'Which daemon?',
    flag: '--backend bundled|postgrey',
    choices: [
      {
        value: 'bundled',
        name: "greyctl's own: nothing to install, knows senders that retry from many addresses",
      },
      { value: 'postgrey', name: "Debian's postgrey: installs its package" },
    ],
  })
}

async function askSelective(terminal: Terminal): Promise<boolean> {
  const answer = await askChoice(terminal, {
    question: 'Who is asked to come back?',
    flag: '--selective (or --no-selective)',
    choices: [
      { value: 'all', name: 'every network that was not seen before: stops the most' },
      { value: 'some', name: "only what looks like a household's connection: mail servers never wait" },
    ],
  })
  return answer === 'some'
}

async function askStore(
  terminal: Terminal,
  complaintAbout: (location: string) => Promise<string | undefined>,
): Promise<string> {
  const answer = await askChoice(terminal, {
    question: 'Where does it remember?',
    flag: '--store local|valkey://HOST:PORT',
    choices: [
      { value: 'local', name: 'on this server' },
      { value: 'shared', name: 'on a Valkey or Redis server, together with other MX hosts' },
    ],
  })
  if (answer === 'local') return answer
  return askText(terminal, {
    question: 'Where is that server? (valkey://HOST:PORT, valkeys:// with TLS)',
    flag: '--store valkey://HOST:PORT',
    complaintAbout,
  })
}
