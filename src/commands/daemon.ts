import { Command } from '@oclif/core'
import { HELP } from '../daemon/help.js'

/** Help wraps lines and takes their indentation away: one option a line, without columns. */
const OPTIONS = HELP.replace(/^usage:.*\n\n/, '').replace(/^ +(-.*?) {2,}(?=[^\s-])/gm, '$1: ')

/** The arguments are the daemon's own (postgrey's), so none of the flags that other commands share apply. */
export default class Daemon extends Command {
  static override summary = 'run the greylisting policy daemon in the foreground'
  static override description =
    `Services start dist/daemon/main.js themselves, with the same options; this is for trying them.\n\n${OPTIONS}`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --inet=10023 --store=memory:',
    '<%= config.bin %> <%= command.id %> --check --inet=10023',
  ]
  static override strict = false

  async run(): Promise<void> {
    const { runDaemon } = await import('../daemon/main.js')
    process.exitCode = await runDaemon(this.argv)
  }
}
