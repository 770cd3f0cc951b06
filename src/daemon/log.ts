import { spawn } from 'node:child_process'
import { write } from 'node:fs'
import { Lines } from './lines.js'

/** A write per line would halve the rate; nobody misses a log line for this long (milliseconds). */
const FLUSH_AFTER = 50
/** Bytes that wait at most: a reader that hangs costs lines, never mail or memory. */
export const MOST_WAITING = 4 * 1024 * 1024
/** Bytes that do not wait for the next write, when one ends. */
const MOST_AT_ONCE = 1024 * 1024

/** Takes bytes, calls back when they are written (or cannot be): they are used again then. Never throws, never blocks. */
export interface Sink {
  (bytes: Buffer, done: () => void): void
  close?(): void
}

export interface Log {
  /** A message, in the format of this log. */
  line(text: string): void
  /** A line that has its format already. */
  record(line: string): void
  /** As line, at most once a minute for each topic. */
  rarely(topic: string, text: string): void
  /** Resolves when everything is written, or after the time (milliseconds). */
  flush(timeout: number): Promise<void>
}

const RARELY = 60_000

/**
 * `format` is how a message becomes a line. Lines become bytes at once: as strings they kept what they were cut from
 * until the next write, to be copied by each collection of garbage meanwhile, and joined then (2.5 µs of a request's 20).
 */
export function createLog(sink: Sink, format: (message: string) => string = (message) => message): Log {
  const waiting = new Lines()
  let dropped = 0
  let writing = false
  let timer: NodeJS.Timeout | undefined
  let idle: (() => void)[] = []
  const last = new Map<string, number>()

  const pump = () => {
    timer = undefined
    if (writing) return
    if (waiting.size === 0) {
      for (const resolve of idle) resolve()
      idle = []
      return
    }
    if (dropped > 0) {
      waiting.add(format(`warning: ${dropped} log lines dropped: the log's reader is too slow`))
    }
    dropped = 0
    writing = true
    const { bytes, done } = waiting.take()
    sink(bytes, () => {
      done()
      writing = false
      // not at once: what came meanwhile is a handful of lines, and a write for each turn costs more than they do
      if (idle.length > 0 || waiting.size > MOST_AT_ONCE) pump()
      else if (waiting.size > 0) timer ??= setTimeout(pump, FLUSH_AFTER)
    })
  }
  const line = (text: string) => record(format(text))
  const record = (text: string) => {
    if (waiting.size > MOST_WAITING) {
      dropped += 1
      return
    }
    waiting.add(text)
    timer ??= setTimeout(pump, FLUSH_AFTER)
  }
  return {
    line,
    record,
    rarely(topic, text) {
      const now = performance.now()
      const before = last.get(topic)
      if (before !== undefined && now - before < RARELY) return
      last.set(topic, now)
      line(text)
    },
    flush(timeout) {
      return new Promise((resolve) => {
        idle.push(resolve)
        setTimeout(resolve, timeout).unref()
        clearTimeout(timer)
        pump()
      })
    },
  }
}

/** Standard error, by asynchronous writes: a full pipe must not hold the daemon. */
export function stderrSink(descriptor = 2): Sink {
  const send = (bytes: Buffer, done: () => void) => {
    write(descriptor, bytes, (error, count) => {
      if (error?.code === 'EAGAIN') setTimeout(send, 20, bytes, done)
      else if (error || count >= bytes.length) done()
      else send(bytes.subarray(count), done)
    })
  }
  return send
}

/** As postgrey's lines have it; not with logger's --id, which not every system's knows. */
const SYSLOG_TAG = `greyctl[${process.pid}]`

/** After a logger died, the next one is tried so much later (milliseconds). */
const RESTART_AFTER = 5000

/**
 * syslog, through a `logger` that reads lines: Node has no datagram sockets of the unix kind. While none can run (no
 * /dev/log), lines are dropped.
 */
export function syslogSink(facility: string, program = 'logger'): Sink {
  let child: ReturnType<typeof start> | undefined
  let retryAt = 0
  const start = () => {
    const made = spawn(program, ['-t', SYSLOG_TAG, '-p', `${facility}.info`], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    const gone = () => {
      if (child !== made) return
      child = undefined
      retryAt = performance.now() + RESTART_AFTER
    }
    made.on('error', gone)
    made.on('exit', gone)
    made.stdin.on('error', gone)
    made.unref()
    return made
  }
  const sink = (bytes: Buffer, done: () => void) => {
    if (child === undefined && performance.now() >= retryAt) child = start()
    if (child === undefined) {
      done()
      return
    }
    const current = child
    let finished = false
    const once = () => {
      if (finished) return
      finished = true
      current.removeListener('exit', once)
      current.removeListener('error', once)
      done()
    }
    current.once('exit', once)
    current.once('error', once)
    current.stdin.write(bytes, once)
  }
  return Object.assign(sink, { close: () => child?.stdin.end() })
}
