import { Args, Command } from '@oclif/core'
import { printOut } from '../ui/print.js'
import { completion, SHELLS, type Shell } from '../ui/usage/completion.js'
import { type CommandSource, usages } from '../ui/usage/model.js'

export default class Completion extends Command {
  static override summary = 'print the completion script for a shell'
  static override description =
    `The Debian package brings them. For one shell that runs: source <(greyctl completion bash); for fish:
greyctl completion fish | source.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> bash > /etc/bash_completion.d/greyctl',
    '<%= config.bin %> <%= command.id %> zsh > /usr/local/share/zsh/site-functions/_greyctl',
    '<%= config.bin %> <%= command.id %> fish > ~/.config/fish/completions/greyctl.fish',
  ]
  static override args = {
    shell: Args.string({
      ignoreStdin: true,
      description: 'bash, zsh or fish',
      options: [...SHELLS],
      required: true,
    }),
  }

  async run(): Promise<void> {
    const { args } = await this.parse(Completion)
    const commands: Record<string, CommandSource> = Object.fromEntries(
      this.config.commands.map((command) => [command.id, command]),
    )
    printOut(completion(args.shell as Shell, usages(commands)).trimEnd())
  }
}
