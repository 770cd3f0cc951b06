import { check } from '../check.js'
import { lineOf } from '../facts/text-file.js'

const postscreen = check({
  id: 'postscreen-in-front',
  title: 'postscreen puts every new client off, and the greylister does it again',
  severity: 'warning',
  symptom:
    '450 4.3.2 Service currently unavailable, then 450 Greylisted: mail comes hours late, from senders with many addresses a day',
  cause:
    'the deep protocol tests of postscreen end with a deferral: they greylist by themselves (POSTSCREEN_README)',
  look: ['postconf -n | grep postscreen_.*_enable'],
  remedy: 'switch the deep tests off, or greylisting',
  autofix: 'manual',
  needs: ['masterCf', 'fates', 'settings', 'mainCf'],
  judge: ({ masterCf, fates, settings, mainCf }) => {
    const front = masterCf.services.find(({ command, type }) => command === 'postscreen' && type === 'inet')
    if (front === undefined) return []
    const given = new Map(front.overrides.map(({ name, value, line }) => [name, { value, line }]))
    const on = DEEP_TESTS.filter((name) => /^yes$/i.test(given.get(name)?.value ?? settings.get(name)))
    // what counts is behind postscreen: the service that it hands clients to
    const asks = fates.some(
      ({ service, outside, others }) =>
        service.master.type === 'pass' && [...outside, ...others].some(({ greylister }) => greylister),
    )
    if (on.length === 0 || !asks) return []
    const lines = on.flatMap((name) => {
      const [override, own] = [given.get(name), mainCf.cf.get(name)]
      return override ? [lineOf(masterCf, override.line)] : own ? [lineOf(mainCf, own.line)] : []
    })
    const inMain = on.filter((name) => !given.has(name))
    return [
      {
        detail: `${on.join(', ')} ${on.length === 1 ? 'is' : 'are'} on, and a greylister is asked behind it`,
        evidence: [lineOf(masterCf, front.line), ...lines],
        commands: [
          ...inMain.map((name) => `postconf -X ${name}`),
          ...on
            .filter((name) => given.has(name))
            .map((name) => `postconf -PX ${front.name}/${front.type}/${name}`),
          'postfix reload',
        ],
      },
    ]
  },
})

/** Tests behind the greeting, which end with a deferral for who passes them (POSTSCREEN_README). */
const DEEP_TESTS = ['pipelining', 'non_smtp_command', 'bare_newline'].map(
  (name) => `postscreen_${name}_enable`,
)

const fail2ban = check({
  id: 'fail2ban-bans-greylisted',
  title: 'fail2ban bans senders because they were greylisted',
  severity: 'error',
  symptom: 'senders that come back are refused at the firewall; fail2ban.log: Ban for [postfix]',
  cause:
    'fail2ban’s filter takes "Service unavailable" behind "Recipient address rejected" for an attack, and the greylister answers with those words',
  look: ['fail2ban-client status postfix', 'postconf -n | grep check_policy_service'],
  remedy: 'let the reply begin with other words: --greylist-text="Greylisted, come back later"',
  autofix: 'manual',
  needs: ['fail2ban', 'log', 'greylisters'],
  judge: ({ fail2ban: { jail }, log, greylisters }) => {
    if (jail === undefined) return []
    const texts = greylisters
      .filter(({ written }) => /--greylist-text=["']?Service unavailable/i.test(written))
      .map(({ where }) => where)
    const seen =
      log.greylistReject && /address rejected: Service unavailable/i.test(log.greylistReject.text)
        ? [log.greylistReject]
        : []
    const shown = [...texts, ...seen]
    return shown.length === 0
      ? []
      : [
          {
            detail: 'the reply begins with "Service unavailable", and a jail for postfix is on',
            evidence: [jail, ...shown],
          },
        ]
  },
})

const permanent = check({
  id: 'mail-rejected-not-deferred',
  title: 'what should be put off is refused for good',
  severity: 'critical',
  symptom: '550 instead of 450 for first mails: senders give up at once, and people get bounces',
  cause: 'a setting turns deferrals into rejections, or the policy server’s default action refuses',
  look: ['postconf access_map_defer_code defer_code', 'postconf -n | grep default_action'],
  remedy: 'the codes of deferrals must begin with 4',
  autofix: 'manual',
  needs: ['settings', 'mainCf', 'policyUses'],
  judge: ({ settings, mainCf, policyUses }) => {
    const codes = ['access_map_defer_code', 'defer_code'].filter((name) => /^5/.test(settings.get(name)))
    const wrongCodes = codes.map((name) => ({
      detail: `${name} is ${settings.get(name)}`,
      evidence: [lineOf(mainCf, mainCf.cf.get(name)?.line ?? 1)],
      commands: [`postconf -X ${name}`, 'postfix reload'],
    }))
    const refusing = policyUses.filter(
      ({ defaultAction, greylister }) => greylister && /^(5\d\d|reject)\b/i.test(defaultAction),
    )
    return [
      ...wrongCodes,
      ...refusing.map(({ endpoint, defaultAction, entry, service }) => ({
        detail: `without an answer from ${endpoint.text} mail is refused: default_action=${defaultAction}`,
        evidence: [entry.where],
        affects: [endpoint.text, service.label],
      })),
    ]
  },
})

const softBounce = check({
  id: 'soft-bounce',
  title: 'refusals are turned into deferrals: soft_bounce is on',
  severity: 'warning',
  symptom: 'spam and mail to unknown users come back for days, with 450 in place of 550',
  cause: 'soft_bounce is meant for tests, and was left on',
  look: ['postconf soft_bounce'],
  remedy: 'take soft_bounce out',
  commands: ['postconf -X soft_bounce', 'postfix reload'],
  autofix: 'manual',
  needs: ['settings', 'mainCf'],
  judge: ({ settings, mainCf }) =>
    /^yes$/i.test(settings.get('soft_bounce'))
      ? [{ detail: 'soft_bounce = yes', evidence: [lineOf(mainCf, mainCf.cf.get('soft_bounce')?.line ?? 1)] }]
      : [],
})

const callout = check({
  id: 'callout-verification-loop',
  title: 'this server asks senders’ servers back, and greylisting puts such questions off',
  severity: 'info',
  symptom:
    '450 4.1.7 Sender address rejected: unverified address; two greylisting servers wait for each other',
  cause:
    'reject_unverified_sender tries a delivery to the sender’s server, which may greylist it, and others do the same here',
  look: ['postconf -n | grep unverified'],
  remedy: 'do without reject_unverified_sender where you greylist',
  autofix: 'manual',
  needs: ['services', 'policyUses'],
  judge: ({ services, policyUses }) =>
    services
      .filter(
        (service) =>
          service.role === 'mx' && policyUses.some((use) => use.service === service && use.greylister),
      )
      .flatMap((service) =>
        service.lists.flatMap(({ entries }) =>
          entries
            .filter(({ name, warnIfReject }) => name === 'reject_unverified_sender' && !warnIfReject)
            .map(({ where }) => ({
              detail: `${service.label} has reject_unverified_sender beside a greylister`,
              evidence: [where],
              affects: [service.label],
            })),
        ),
      ),
})

const YEARS = 4

const outdated = check({
  id: 'outdated-whitelist',
  title: 'the list of senders that never need to wait is years old',
  severity: 'info',
  symptom: 'mail of large providers, which retry from many addresses, comes hours late',
  cause: 'providers change their networks; the list was not brought up to date',
  look: ['ls -l /etc/postgrey/whitelist_clients'],
  remedy: 'bring the package up to date, or add what is missing to whitelist_clients.local',
  autofix: 'manual',
  needs: ['whitelists', 'clock', 'greylisters', 'processes'],
  judge: ({ whitelists, clock, processes }) =>
    whitelists
      .filter(({ path, owner }) => !path.endsWith('.local') && processes.some(({ name }) => name === owner))
      .filter(({ modified }) => clock.now - modified > YEARS * 365 * 86_400)
      .map(({ path, modified }) => ({
        detail: `${path} was written ${Math.floor((clock.now - modified) / (365 * 86_400))} years ago`,
        evidence: [{ ref: path, text: new Date(modified * 1000).toISOString().slice(0, 10) }],
        affects: [path],
      })),
})

export const DELIVERY = [permanent, fail2ban, postscreen, softBounce, callout, outdated]
