/**
 * Senders as they are known to retry: minutes and seconds after the first try, by a study of webmail providers (Pagani et
 * al., "Measuring the role of greylisting and nolisting in fighting spam", DSN 2016), and one pool larger than any of them (Microsoft 365).
 * The names are those that the providers' machines have; the addresses are of the benchmarking and documentation networks.
 */
const every = (from, step, count) => Array.from({ length: count }, (_, n) => from + n * step)
const at = (text) =>
  text.split(' ').map((time) => time.split(':').reduce((sum, part) => sum * 60 + Number(part), 0))

export const PROVIDERS = [
  provider(
    'gmail.com',
    7,
    (n) => `mail-lj1-f${170 + n}.google.com`,
    at('6:02 29:02 56:36 98:44 162:03 229:44 309:05 434:46'),
  ),
  provider(
    'yahoo.co.uk',
    1,
    () => 'sonic301-20.consmr.mail.ir2.yahoo.com',
    at('2:07 5:39 12:58 27:16 55:13 109:35 216:47 430:36'),
  ),
  provider('hotmail.com', 1, () => 'mail-am6eur05on2046.outbound.protection.outlook.com', [
    ...at('1:01 2:03 3:04 5:06 8:07 12:08 16:10'),
    ...every(1210, 240, 86),
  ]),
  provider(
    'qq.com',
    2,
    (n) => `out${n}.smtpbg.qq.com`,
    at('5:05 5:11 5:17 6:19 8:22 12:25 20:29 52:31 84:35 144:42 204:56'),
  ),
  provider(
    'mail.ru',
    7,
    (n) => `f${240 + n}.i.mail.ru`,
    at('1:18 19:15 49:14 79:49 113:20 154:18 187:53 235:20 271:03 305:50 340:38 373:45'),
  ),
  provider('yandex.com', 1, () => 'forward500a.mail.yandex.net', [
    ...at('1:05 2:58 6:53 14:55 30:28 45:41 61:01'),
    ...every(4591, 930, 20),
  ]),
  provider(
    'mail.com',
    2,
    (n) => `mout${n}.mail.com`,
    at('5:02 12:37 23:59 41:03 66:38 105:01 162:35 248:56 378:28'),
  ),
  provider(
    'gmx.com',
    3,
    (n) => `mout${n}.gmx.net`,
    at('5:01 12:33 23:50 40:46 66:09 104:14 161:22 247:04 375:36'),
  ),
  provider('aol.com', 1, () => 'omr-m5.mx.aol.com', at('5:32 11:32 21:32 31:32')),
  provider(
    'india.com',
    1,
    () => 'smtp3.india.com',
    at('6:21 16:21 36:21 76:21 146:22 216:21 286:21 356:21 426:21'),
  ),
  provider(
    'company.example',
    15,
    (n) => `mail-db5eur01on00${40 + n}.outbound.protection.outlook.com`,
    every(600, 1800, 40),
  ),
]

/** Machines without names: known by the sender's domain alone. */
export const UNNAMED = provider('unnamed.example', 5, () => 'unknown', every(300, 1800, 40))

function provider(domain, machines, name, retries) {
  return { domain, retries, machines, name }
}

/** The machines of a provider, each in a network of its own. */
export function machinesOf({ machines, name }, index) {
  return Array.from({ length: machines }, (_, n) => ({
    address: `198.18.${index * 16 + n}.25`,
    name: name(n),
  }))
}

/** As dnsmasq wants it: strings of 255 characters at most, which make one text. */
export function spfOf(provider, index) {
  const networks = machinesOf(provider, index).map(({ address }) => `ip4:${address}/28`)
  return spfRecord(networks)
}

/** Strings of a TXT record, as dnsmasq takes them. */
export function spfRecord(terms) {
  return `v=spf1 ${terms.join(' ')} -all`
    .match(/.{1,250}/g)
    .map((part) => `"${part}"`)
    .join(',')
}
