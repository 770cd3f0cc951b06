/** A program that writes Postfix's configuration and would overwrite a change made behind its back. */
export interface Manager {
  readonly name: string
  /** Where the change belongs instead. */
  readonly place: string
}

interface Sign extends Manager {
  /** Any of these being there tells it. */
  readonly paths?: readonly string[]
  /** In the comments of main.cf. */
  readonly comment?: RegExp
}

const SIGNS: readonly Sign[] = [
  {
    name: 'mailcow',
    paths: ['/opt/mailcow-dockerized/mailcow.conf'],
    comment: /mailcow/i,
    place:
      'data/conf/postfix/extra.cf of mailcow, on the Docker host; rspamd, which mailcow has, greylists too',
  },
  {
    name: 'docker-mailserver',
    paths: ['/etc/dms-settings', '/usr/local/bin/start-mailserver.sh'],
    comment: /docker-mailserver/i,
    place: 'config/postfix-main.cf beside its compose file; ENABLE_POSTGREY=1 switches its own postgrey on',
  },
  {
    name: 'Mail-in-a-Box',
    paths: ['/etc/mailinabox.conf'],
    place:
      'setup/mail-postfix.sh of Mail-in-a-Box, which brings postgrey itself and writes main.cf at each update',
  },
  {
    name: 'iRedMail',
    paths: ['/etc/iredmail-release', '/opt/iredapd'],
    place: 'iRedAPD, which greylists itself: /opt/iredapd/settings.py, tools/greylisting_admin.py',
  },
  {
    name: 'Plesk',
    paths: ['/usr/local/psa/version', '/etc/psa/psa.conf'],
    place: 'Plesk: Tools & Settings, Spam Filter, or plesk bin grey_listing',
  },
  {
    name: 'Froxlor',
    paths: ['/usr/share/froxlor', '/var/www/froxlor'],
    place: 'the configuration templates of Froxlor',
  },
  {
    name: 'ISPConfig',
    paths: ['/usr/local/ispconfig/server'],
    place: 'ISPConfig, which has greylisting as a setting of each mailbox and writes main.cf at each update',
  },
  {
    name: 'YunoHost',
    paths: ['/etc/yunohost/installed'],
    place: 'a hook of yunohost tools regen-conf postfix',
  },
  {
    name: 'Ansible',
    comment: /ansible[ _-]?managed|managed by ansible/i,
    place: 'the role or template that writes main.cf: docs/ansible.md has an example',
  },
  {
    name: 'Puppet',
    comment: /(managed|generated|maintained|controlled) by puppet|puppet[ -]managed/i,
    place: 'the manifest or template that writes main.cf',
  },
  {
    name: 'Chef',
    comment: /(managed|generated|maintained) by chef|chef[ -]managed/i,
    place: 'the cookbook that writes main.cf',
  },
  { name: 'Salt', comment: /managed by salt|salt[ -]managed/i, place: 'the state that writes main.cf' },
  {
    name: 'another program',
    comment:
      /(do not|don['’]t) (edit|modify|change) (this|me|by hand|manually)|(local )?changes will be (lost|overwritten)/i,
    place: 'what writes main.cf: a comment in it says that it is not to be edited',
  },
]

/** Paths whose presence tells a manager. */
export const MANAGER_PATHS: readonly string[] = SIGNS.flatMap(({ paths = [] }) => paths)

export interface FoundManager extends Manager {
  /** What tells it: a path, or words of a comment. */
  readonly sign: string
}

/** Who manages this configuration; undefined when nobody does, as far as one can tell. Pure. */
export function findManager(mainCf: string, present: ReadonlySet<string>): FoundManager | undefined {
  const comments = mainCf
    .split('\n')
    .filter((line) => /^\s*#/.test(line))
    .join('\n')
  for (const { name, place, paths = [], comment } of SIGNS) {
    const sign = paths.find((path) => present.has(path)) ?? comment?.exec(comments)?.[0]
    if (sign !== undefined) return { name, place, sign }
  }
  return undefined
}
