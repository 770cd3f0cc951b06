import type { Host } from '../host/host.js'

const FILE = '/etc/rsyslog.conf'
const DIRECTORY = '/etc/rsyslog.d'
/** A list of selectors and what becomes of them, on one line (rsyslog.conf(5)); or a filter by the program's name. */
const RULE =
  /^\s*(?:(?<selectors>[\w*]+(?:,[\w*]+)*\.[=!]*[\w*]+(?:;[\w*,]+\.[=!]*[\w*]+)*)|:(?:programname|syslogtag)\s*,\s*(?:startswith|isequal|contains)\s*,\s*"postfix[^"]*"|if\s+\$(?:programname|syslogtag|syslogfacility-text)\s+\S+\s+'(?:postfix[^']*|mail)'\s+then)\s+(?<action>.*)$/
/** A path, with - where each line is not waited for; or omfile's parameter. */
const TARGET = /^-?(?<path>\/[^\s;]+)|\bfile\s*=\s*"(?<file>\/[^"]+)"/i
/** What Postfix and greylisters log of mail is of this priority. */
const ORDINARY = /^(?:[=]?(?:\*|info)|debug|notice)$/

/**
 * Where rsyslog is told to write mail, in the order of its files; nothing where it is not installed, or told in ways that are not
 * read here (templates with names made of the message, rules over several lines).
 */
export async function rsyslogMailLogs(host: Host): Promise<readonly string[]> {
  const names = ((await host.list(DIRECTORY).catch(() => undefined)) ?? []).filter((name) =>
    name.endsWith('.conf'),
  )
  const files = [FILE, ...names.toSorted().map((name) => `${DIRECTORY}/${name}`)]
  const texts = await Promise.all(files.map((file) => host.read(file).catch(() => undefined)))
  return texts.flatMap((text) =>
    (text?.toString('utf8') ?? '').split('\n').flatMap((line) => mailLogOf(line) ?? []),
  )
}

function mailLogOf(line: string): string | undefined {
  const { selectors, action = '' } = RULE.exec(line.slice(0, 4096))?.groups ?? {}
  if (selectors !== undefined && !selects(selectors)) return undefined
  const { path, file } = TARGET.exec(action)?.groups ?? {}
  return path ?? file
}

/** Mail by its name: what takes everything is the system log, which is read as one. */
function selects(selectors: string): boolean {
  return selectors.split(';').some((selector) => {
    const [facilities = '', priority = ''] = selector.split('.')
    return facilities.split(',').includes('mail') && ORDINARY.test(priority)
  })
}
