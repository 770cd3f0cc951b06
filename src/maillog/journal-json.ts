import type { Envelope } from './envelope.js'

const decoder = new TextDecoder()

/**
 * One object of `journalctl -o json` (systemd.journal-fields(7)): numbers are strings, and a field that is not
 * printable UTF-8 is an array of bytes. undefined for anything else.
 */
export function journalEnvelope(line: string): Envelope | undefined {
  const entry = objectOf(line)
  if (entry === undefined) return undefined
  const body = fieldText(entry.MESSAGE)
  if (body === undefined) return undefined
  const micros = Number(fieldText(entry.__REALTIME_TIMESTAMP) ?? fieldText(entry._SOURCE_REALTIME_TIMESTAMP))
  return {
    at: Number.isFinite(micros) ? micros / 1e6 : undefined,
    program: fieldText(entry.SYSLOG_IDENTIFIER) ?? fieldText(entry._COMM) ?? '',
    body,
  }
}

function objectOf(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined
  } catch {
    return undefined
  }
}

function fieldText(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (!Array.isArray(value) || !value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255))
    return undefined
  return decoder.decode(Uint8Array.from(value as number[]))
}
