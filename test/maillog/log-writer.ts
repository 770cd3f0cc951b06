export interface Mail {
  readonly client?: string
  readonly sender?: string
  readonly recipient?: string
  readonly helo?: string
  readonly reply?: string
  readonly authenticated?: boolean
}

interface Line {
  readonly at: number
  readonly program: string
  readonly body: string
}

const START = Date.UTC(2026, 10, 23, 10)
const ALICE = {
  client: 'mail.example.org[192.0.2.10]',
  sender: 'alice@example.org',
  recipient: 'bob@mx.test',
  helo: 'mail.example.org',
  reply: '450 4.2.0 <bob@mx.test>: Recipient address rejected: Greylisted, see http://x.test/help.html',
}

/** Writes what Postfix and a greylister log, on a clock of its own: from 10:00 on 23 November 2026, UTC. */
export class LogWriter {
  private lines: Line[] = []
  private at = START
  private form: 'rfc3339' | 'rfc3164' | 'journal' = 'rfc3339'

  wait(seconds: number): this {
    this.at += seconds * 1000
    return this
  }

  line(program: string, body: string): this {
    this.lines.push({ at: this.at, program, body })
    return this
  }

  smtpd(body: string): this {
    return this.line('postfix/smtpd', body)
  }

  other(): this {
    return this.line('postfix/anvil', 'statistics: max connection count 1')
  }

  /** `decision` is the head of a line, up to the reason or the delay. */
  greylister(decision: string, mail: Mail = {}): this {
    const { client, sender, recipient } = { ...ALICE, ...mail }
    const [, name, address] = /^(.*)\[(.*)\]$/.exec(client) ?? []
    return this.line(
      'postgrey',
      `${decision}, client_name=${name}, client_address=${address}, sender=${sender}, recipient=${recipient}`,
    )
  }

  rejected(mail: Mail = {}): this {
    const { client, sender, recipient, helo, reply } = { ...ALICE, ...mail }
    return this.smtpd(
      `NOQUEUE: reject: RCPT from ${client}: ${reply}; from=<${sender}> to=<${recipient}> proto=ESMTP helo=<${helo}>`,
    )
  }

  accepted(queueId: string, mail: Mail = {}): this {
    const { client, sender, recipient } = { ...ALICE, ...mail }
    const how = mail.authenticated ? ', sasl_method=PLAIN, sasl_username=me' : ''
    return this.smtpd(`${queueId}: client=${client}${how}`)
      .line('postfix/cleanup', `${queueId}: message-id=<1@example.org>`)
      .line('postfix/qmgr', `${queueId}: from=<${sender}>, size=550, nrcpt=1 (queue active)`)
      .line(
        'postfix/local',
        `${queueId}: to=<${recipient}>, relay=local, delay=0.99, delays=0.1/0.01/0.01/0.87, dsn=2.0.0, status=sent (delivered to mailbox)`,
      )
      .line('postfix/qmgr', `${queueId}: removed`)
  }

  /** Without the other one's lines. */
  only(who: 'postfix' | 'greylister'): this {
    this.lines = this.lines.filter(({ program }) => program.startsWith('postfix/') === (who === 'postfix'))
    return this
  }

  append(other: LogWriter): this {
    const shift = this.at - START
    this.lines.push(...other.lines.map((line) => ({ ...line, at: line.at + shift })))
    this.at += other.at - START
    return this
  }

  traditional(): string {
    this.form = 'rfc3164'
    return this.toString()
  }

  journal(): string {
    this.form = 'journal'
    return this.toString()
  }

  toString(): string {
    return this.lines.map((line) => `${this.write(line)}\n`).join('')
  }

  private write({ at, program, body }: Line): string {
    if (this.form === 'journal')
      return JSON.stringify({
        __REALTIME_TIMESTAMP: `${at}000`,
        SYSLOG_IDENTIFIER: program,
        _PID: '12',
        MESSAGE: body,
      })
    const date = new Date(at)
    if (this.form === 'rfc3339') return `${date.toISOString()} mx ${program}[12]: ${body}`
    const day = String(date.getDate()).padStart(2, ' ')
    return `${date.toString().slice(4, 7)} ${day} ${date.toTimeString().slice(0, 8)} mx ${program}[12]: ${body}`
  }
}
