import type { Story } from '../../../src/maillog/life.js'
import type { Case } from '../cases.js'
import { greylister, NOW } from '../scene.js'

const HOUR = 3600
const DAY = 24 * HOUR

/** A mail that was put off once, seven hours ago, and never seen again; ten seconds a try. */
function story(changes: Partial<Story> = {}): Story {
  const deferrals = changes.deferrals ?? 1
  const deferredAt = changes.deferredAt ?? NOW - 7 * HOUR
  return {
    client: { name: 'mail.shop.example.net', address: '198.51.100.9' },
    sender: 'orders@example.net',
    recipient: 'a@example.test',
    deferrals,
    deferredAt,
    lastDeferredAt: deferredAt + 10 * (deferrals - 1),
    passed: false,
    passedAt: undefined,
    delay: undefined,
    elsewhereAt: undefined,
    series: { count: deferrals, seconds: 10 * (deferrals - 1) },
    lastRef: { source: '/var/log/mail.log', line: 7 },
    ...changes,
  }
}

const mails = (...stories: readonly Story[]) => ({ mails: { stories, until: NOW } })
const passed = (delay: number, changes: Partial<Story> = {}) =>
  story({ passed: true, delay, passedAt: NOW - 7 * HOUR + delay, ...changes })
const from = (host: number, changes: Partial<Story> = {}) =>
  story({ client: { name: `o${host}.mailer.example.org`, address: `203.0.${host}.5` }, ...changes })
const several = (count: number, make: (at: number) => Story) =>
  Array.from({ length: count }, (_, at) => make(at))
const code = (delay: number) => passed(delay, { sender: 'no-reply@example.org' })
const to = (at: number) => story({ recipient: `user${at}@example.test` })
const twoDays = { deferrals: 2, deferredAt: NOW - 3 * DAY }

const MX = { name: 'mx.example.test', addresses: ['192.0.2.25'], ours: true }
const OTHER = { name: 'mx2.example.net', addresses: ['198.51.100.2'], ours: false }
const records = (...hosts: readonly (typeof MX)[]) => ({ exchangers: [{ domain: 'example.test', hosts }] })

export const SENDER_CASES: Readonly<Record<string, readonly Case[]>> = {
  'sender-pool-never-same-ip': [
    {
      broken: mails(from(1), from(2), from(3)),
      healthy: mails(from(1), from(2), from(3, { passed: true, delay: 70, passedAt: NOW - 7 * HOUR + 70 })),
      says: 'example.org tried a mail from 3 networks; none came in',
    },
    {
      broken: mails(from(1), from(2), from(3, { passed: true, delay: 9 * HOUR, passedAt: NOW + 2 * HOUR })),
      // what was tried a minute ago may be on its way
      healthy: mails(...[1, 2, 3].map((host) => from(host, { deferredAt: NOW - 60 }))),
    },
    {
      broken: mails(from(1), from(2), from(3)),
      // addresses without a name are no organisation's
      healthy: mails(
        ...[1, 2, 3].map((host) => from(host, { client: { name: 'unknown', address: `203.0.${host}.5` } })),
      ),
    },
  ],
  'otp-mails-expire': [
    {
      broken: mails(code(400), code(900), code(1200)),
      healthy: mails(code(70), code(80), code(400)),
      says: '3 mails of such addresses waited more than 5 minutes, one of them 20',
    },
    {
      broken: mails(code(400), code(900), code(1200)),
      healthy: mails(...several(5, () => passed(900))),
    },
  ],
  'retry-outside-window': [
    {
      broken: mails(story({ ...twoDays, lastDeferredAt: NOW - 600, series: { count: 1, seconds: 0 } })),
      healthy: mails(
        story({ ...twoDays, lastDeferredAt: NOW - 2 * DAY, series: { count: 2, seconds: DAY } }),
      ),
      says: 'one mail came back after more than two days',
    },
  ],
  'never-retried': [
    {
      broken: mails(...several(20, to)),
      healthy: mails(...several(20, to), passed(70)),
      says: '20 mails',
    },
    { broken: mails(...several(25, to)), healthy: mails(...several(19, to)) },
  ],
  'early-retry-flood': [
    {
      broken: mails(story({ deferrals: 40 })),
      healthy: mails(story({ deferrals: 40, series: { count: 40, seconds: 9 * HOUR } })),
      says: 'mail.shop.example.net[198.51.100.9] tried 40 times in 390 s',
    },
  ],
  'sender-treats-450-as-permanent': [
    { broken: mails(to(1), to(2)), healthy: mails(to(1)), says: 'tried 2 mails once each' },
    { broken: mails(to(1), to(2)), healthy: mails(to(1), to(2), passed(70)) },
    {
      broken: mails(to(1), to(2)),
      // nothing ties the host to the sender
      healthy: mails(
        ...several(2, (at) => story({ sender: 'a@example.com', recipient: `user${at}@example.test` })),
      ),
    },
  ],
  'backup-mx-not-greylisting': [
    {
      broken: records(MX, OTHER),
      healthy: records(MX),
      says: 'mx2.example.net takes mail for example.test too',
    },
    {
      broken: records(MX, { ...OTHER, addresses: ['127.0.0.9'] }),
      // behind a front none of them is this host
      healthy: records(OTHER),
      says: 'is in mynetworks',
    },
    {
      broken: records(MX, OTHER),
      healthy: {
        ...records(MX, OTHER),
        greylisters: [greylister({ written: '--store=valkey://192.0.2.9:6379' })],
      },
    },
  ],
}
