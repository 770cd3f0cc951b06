import { Flags } from '@oclif/core'
import { GreyctlCommand } from '../base-command.js'
import { probe } from '../postfix/probe.js'
import { assertPostfix, assertRoot } from '../setup/checks.js'
import { renderProbe } from '../ui/probe.js'

export default class Probe extends GreyctlCommand {
  static override summary = "ask Postfix's own smtpd what it would say to a mail, without sending one"
  static override description =
    `Runs smtpd by hand in its stand-alone mode: every restriction is evaluated for real, policy services, tables
and DNS included; the dialogue stops before DATA. The greylister remembers the try as it would any other.
Exits 0 for accepted, 1 for deferred, refused or an error.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> --client 203.0.113.99 --from a@example.org --to me@example.com',
    '<%= config.bin %> <%= command.id %> --client 2001:db8::5 --name mail.example.org --from "" --to me@example.com --json',
  ]
  static override flags = {
    client: Flags.string({ description: "the client's address", required: true, helpValue: 'ADDR' }),
    name: Flags.string({
      description: "the client's verified host name (default: unknown)",
      helpValue: 'HOST',
    }),
    helo: Flags.string({ description: 'the name it says EHLO with', helpValue: 'NAME' }),
    from: Flags.string({
      description: 'envelope sender; empty for a bounce',
      required: true,
      helpValue: 'SENDER',
    }),
    to: Flags.string({ description: 'envelope recipient', required: true, helpValue: 'RECIPIENT' }),
    candidate: Flags.string({ description: 'ask about the configuration in DIR instead', helpValue: 'DIR' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Probe)
    const host = await this.host(flags)
    assertRoot(host, 'probe')
    await assertPostfix(host)
    const result = await probe(host, {
      configDir: flags.candidate ?? this.configDir(flags),
      client: {
        address: flags.client,
        ...(flags.name === undefined ? {} : { name: flags.name }),
        ...(flags.helo === undefined ? {} : { helo: flags.helo }),
      },
      sender: flags.from,
      recipient: flags.to,
    })
    const { dialogue, verdict } = result
    this.finish({
      text: renderProbe(result, this.terminal.style),
      json: { dialogue, verdict },
      exitCode: verdict === 'accepted' ? 0 : 1,
    })
  }
}
