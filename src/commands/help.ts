import { Args, Command, loadHelpClass } from '@oclif/core'

/** `greyctl help install` is `greyctl install --help`. oclif has this as a plugin, which each start would look for. */
export default class Help extends Command {
  static override summary = 'what greyctl can do, or how one command is used'
  static override args = {
    command: Args.string({ ignoreStdin: true, description: 'the command, of one word or more' }),
  }
  static override examples = ['<%= config.bin %> help', '<%= config.bin %> help store show']
  static override strict = false

  async run(): Promise<void> {
    const HelpClass = await loadHelpClass(this.config)
    await new HelpClass(this.config, this.config.pjson.oclif.helpOptions).showHelp(this.argv)
  }
}
