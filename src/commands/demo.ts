import { Flags } from '@oclif/core'
import { GreyctlCommand, interruption } from '../base-command.js'
import { play } from '../demo/play.js'
import { GreyctlError } from '../errors.js'
import { programRoot } from '../setup/program.js'
import { isSound, renderEnd, renderEvent, renderOpening, storyDocument } from '../ui/demo.js'
import { printOut } from '../ui/print.js'

/** Seconds between two moments at speed 1: a reader's pace, and the whole in less than 20 s. */
const PACE = 0.45

export default class Demo extends GreyctlCommand {
  static override summary =
    'a day of greylisting in a quarter of a minute, without root and without a mail server'
  static override description =
    `Starts the real daemon on a store of its own in /tmp, lets good senders and bad ones ask it on a clock that runs ahead,
kills it once with -9, tells each mail's story as it unfolds, and removes everything again. Nobody outside is asked, and
nothing on this machine is changed. Exits 0 when every answer was as it should be, else 1.`
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --speed 3',
    '<%= config.bin %> <%= command.id %> --json',
  ]
  static override flags = {
    speed: Flags.string({
      description: 'how fast the story is told; 0: without pauses (default: 1 on a terminal, else 0)',
      helpValue: 'N',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Demo)
    const pause = this.pause(flags.speed)
    const host = await this.host({})
    const terminal = this.terminal
    const say = (text: string) => {
      if (!this.wantsJson) printOut(text)
    }
    say(renderOpening(terminal))
    const story = await play(host, {
      root: await programRoot(host),
      pause,
      tell: (event) => say(renderEvent(event, terminal)),
      signal: interruption(),
    })
    this.finish({
      text: renderEnd(story, terminal),
      json: storyDocument(story),
      exitCode: isSound(story.summary) ? 0 : 1,
    })
  }

  /** Seconds. */
  private pause(speed: string | undefined): number {
    const usual = process.stdout.isTTY && !this.wantsJson ? 1 : 0
    const told = speed === undefined ? usual : Number(speed.trim() || Number.NaN)
    if (Number.isFinite(told) && told >= 0) return told === 0 ? 0 : PACE / told
    throw new GreyctlError('usage', `--speed ${speed}: must be a number from 0 on`)
  }
}
