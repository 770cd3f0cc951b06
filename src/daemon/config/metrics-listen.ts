export interface MetricsListen {
  readonly host: string
  readonly port: number
}

/** Who reads the metrics learns what mail a server gets: this machine alone. undefined for anything else. */
export function parseMetricsListen(text: string): MetricsListen | undefined {
  const found = /^(?:inet:)?(?:\[(::1)\]|(127(?:\.\d{1,3}){3}|localhost)):(\d{1,5})$/.exec(text)
  const host = found?.[1] ?? found?.[2]
  const port = Number(found?.[3])
  return host === undefined || port > 65_535 ? undefined : { host, port }
}
