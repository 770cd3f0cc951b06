import { parse } from 'tldts'

/** A name under which anybody can have one: a public suffix, of a registry or of a service that lets out names below its own. */
export function isBroadName(name: string): boolean {
  const text = name.toLowerCase().replace(/^\.+|\.+$/g, '')
  const { domain, publicSuffix, isIcann, isPrivate } = parse(text, {
    allowPrivateDomains: true,
    validateHostname: true,
  })
  return domain === null && publicSuffix === text && (isIcann === true || isPrivate === true)
}
