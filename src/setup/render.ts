import { formatAddress, type GivenFlags, type InstallChoices, type SharedStore } from './choices.js'
import { SERVICE_PROGRAM } from './names.js'
import type { Program } from './program.js'

/** Text for a file on the server: every `{name}` of the template replaced. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{([a-z_]+)\}/g, (whole, name: string) => values[name] ?? whole)
}

/** The daemon's options, as GREYCTL_OPTS holds them. */
export function daemonOptions(choices: InstallChoices): string {
  const { listen } = choices
  const where = listen.kind === 'inet' ? `--inet=${formatAddress(listen)}` : `--unix=${listen.path}`
  const learn = choices.learn ? ['--learn'] : []
  const store = choices.store === undefined ? [] : [`--store=${choices.store.location}`]
  return [where, `--delay=${choices.delay}`, ...learn, ...store].join(' ')
}

export function renderDefaults(program: Program, choices: InstallChoices): string {
  return fill(program.templates.default, { options: daemonOptions(choices) })
}

/**
 * New options in a file that the administrator may have edited: the words that say where to listen, the delay
 * --learn and --store change, every other word and line stays.
 */
export function updateDefaults(text: string, choices: InstallChoices): string {
  const ours = /^(?:--(?:inet|unix|delay|store)=\S*|--learn)$/
  return text.replace(
    /^(\s*GREYCTL_OPTS=)(["']?)(.*?)\2[ \t]*$/m,
    (_, name: string, quote: string, value: string) => {
      const kept = value.split(/\s+/).filter((word) => word !== '' && !ours.test(word))
      return `${name}${quote || '"'}${[daemonOptions(choices), ...kept].join(' ')}${quote || '"'}`
    },
  )
}

/** The words of GREYCTL_OPTS, as systemd splits them: there is no quoting inside. */
export function daemonWords(text: string): readonly string[] {
  const value = /^\s*GREYCTL_OPTS=(["']?)(.*?)\1[ \t]*$/m.exec(text)?.[2] ?? ''
  return value.split(/\s+/).filter((word) => word !== '')
}

/** What the options in /etc/default/greyctl say now, an administrator's edits included. */
export function readDefaults(text: string): GivenFlags & { readonly store?: SharedStore } {
  const words = daemonWords(text)
  const option = (name: string) => words.find((word) => word.startsWith(`--${name}=`))?.slice(name.length + 3)
  const inet = option('inet')
  const unix = option('unix')
  const store = option('store')
  const delay = Number(option('delay') ?? Number.NaN)
  const listen =
    inet === undefined ? unix && `unix:${unix}` : `inet:${/^\d+$/.test(inet) ? `127.0.0.1:${inet}` : inet}`
  return {
    ...(listen ? { listen } : {}),
    ...(Number.isInteger(delay) ? { delay } : {}),
    learn: words.includes('--learn'),
    ...(store === undefined ? {} : { store: { location: store } }),
  }
}

/** A program below /usr or /opt is started where it lies; a checkout anywhere else is shown to the service at a fixed place. */
export function renderService(program: Program): string {
  const packaged = /^\/(usr|opt)\//.test(program.root)
  return fill(program.templates['greyctl.service'], {
    node: program.node,
    program: packaged ? program.root : SERVICE_PROGRAM,
    bind: packaged ? '' : `BindReadOnlyPaths=${program.root}:${SERVICE_PROGRAM}`,
  })
}

export function renderSocket(program: Program, choices: InstallChoices): string {
  const { listen } = choices
  return fill(program.templates['greyctl.socket'], {
    address: listen.kind === 'inet' ? formatAddress(listen) : listen.path,
    // smtpd connects as Postfix's user; the directory decides who else can reach the socket.
    socket_mode: listen.kind === 'inet' ? '' : 'SocketMode=0666',
  })
}

export function renderInit(program: Program, init: 'openrc' | 'sysv'): string {
  return fill(program.templates[init === 'openrc' ? 'openrc' : 'init'], {
    node: program.node,
    program: program.root,
  })
}
