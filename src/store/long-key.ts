/** LMDB's limit is 1978 bytes, and a server's memory is dear; senders may be as long as a client likes. */
export const LONGEST_KEY = 480
/** Of a longer key so much stays legible: a kind and a network. */
const LEGIBLE = 48

/** What a key may be that comes from outside: of a kind that is known, one character a byte. LMDB refuses an empty one. */
export const KEY_FROM_OUTSIDE = /^[tceo][\u0000-\u00ff]{1,16000}$/

export function isLong(key: string): boolean {
  return key.length > LONGEST_KEY
}

/** The same key in at most so many bytes, one character each: the end of a longer one becomes its hash. */
export function shortened(key: string): string {
  if (!isLong(key)) return key
  // loaded by the first such key: it takes 3 ms, and most servers never see one
  const { createHash } = process.getBuiltinModule('node:crypto')
  const hash = createHash('sha256').update(key, 'latin1').digest('hex')
  return `${key.slice(0, LEGIBLE).split('\n')[0]}\n#${hash}`
}
