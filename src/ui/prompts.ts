import { GreyctlError } from '../errors.js'
import type { Terminal } from './print.js'

/** Questions are asked on stderr, so that stdout stays the result's. */
async function inquirer() {
  const { default: library } = await import('inquirer')
  return library.createPromptModule({ output: process.stderr })
}

/** A question that cannot be asked is a usage error that names the flag. */
function mustBeInteractive(terminal: Terminal, question: string, flag: string): void {
  if (terminal.interactive) return
  throw new GreyctlError('usage', `cannot ask "${question}": this is no terminal`, {
    hints: [`run it again with ${flag}`],
  })
}

export async function askConfirm(terminal: Terminal, question: string, flag: string): Promise<boolean> {
  mustBeInteractive(terminal, question, flag)
  const prompt = await inquirer()
  const { answer } = await asked(() =>
    prompt([{ type: 'confirm', name: 'answer', message: question, default: false }]),
  )
  return answer === true
}

export interface NumberQuestion {
  readonly question: string
  readonly flag: string
  readonly fallback: number
  readonly min: number
  readonly max: number
}

export async function askNumber(terminal: Terminal, ask: NumberQuestion): Promise<number> {
  mustBeInteractive(terminal, ask.question, ask.flag)
  const prompt = await inquirer()
  const { answer } = await asked(() =>
    prompt([
      {
        type: 'number',
        name: 'answer',
        message: ask.question,
        default: ask.fallback,
        min: ask.min,
        max: ask.max,
        step: 1,
      },
    ]),
  )
  return Number(answer ?? ask.fallback)
}

export interface TextQuestion {
  readonly question: string
  readonly flag: string
  /** What is wrong with an answer, as one sentence; it is asked again then. */
  complaintAbout(answer: string): Promise<string | undefined>
}

/** Blanks around the answer are nobody's. */
export async function askText(terminal: Terminal, ask: TextQuestion): Promise<string> {
  mustBeInteractive(terminal, ask.question, ask.flag)
  const prompt = await inquirer()
  const { answer } = await asked(() =>
    prompt([
      {
        type: 'input',
        name: 'answer',
        message: ask.question,
        validate: async (text: string) => (await ask.complaintAbout(text.trim())) ?? true,
      },
    ]),
  )
  return String(answer).trim()
}

export interface ChoiceQuestion<Value extends string> {
  readonly question: string
  readonly flag: string
  /** The proposal first. */
  readonly choices: readonly { readonly value: Value; readonly name: string }[]
}

export async function askChoice<Value extends string>(
  terminal: Terminal,
  ask: ChoiceQuestion<Value>,
): Promise<Value> {
  mustBeInteractive(terminal, ask.question, ask.flag)
  const prompt = await inquirer()
  const { answer } = await asked(() =>
    prompt([
      { type: 'select', name: 'answer', message: ask.question, choices: [...ask.choices], loop: false },
    ]),
  )
  return answer as Value
}

/** Ctrl-C at a question: nothing has been changed yet. */
async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask()
  } catch (error) {
    if (error instanceof Error && error.name === 'ExitPromptError') {
      throw new GreyctlError('interrupted', 'stopped at a question; nothing was changed')
    }
    throw error
  }
}
