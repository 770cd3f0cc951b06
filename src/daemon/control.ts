import { createServer, type Server, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import * as v from 'valibot'
import type { Policy } from '../greylist/policy.js'
import { isExpired } from '../greylist/record.js'
import {
  CONTROL_BATCH,
  type Configuration,
  type ControlAnswer,
  type ControlRequest,
  controlPath,
  encodeLine,
} from '../store/control.js'
import { KEY_FROM_OUTSIDE } from '../store/long-key.js'
import { joined } from '../store/merge.js'
import type { Store } from '../store/store.js'
import type { Engine } from './engine.js'
import type { Log } from './log.js'
import { bindUnixSocket, openUnixSocket, removeStaleSocket } from './unix-socket.js'

export interface ControlParts {
  readonly store: Store
  readonly engine: Pick<Engine, 'change'>
  readonly policy: () => Policy
  readonly configuration: () => Configuration
  /** Milliseconds since the epoch. */
  readonly clock: () => number
  readonly log: Log
}

/** A few administrators, or one who is impatient. */
const MOST_CONNECTIONS = 8

const number = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 32 - 1))
const record = v.object({ first: number, last: number, count: number })
const key = v.pipe(v.string(), v.regex(KEY_FROM_OUTSIDE))
const REQUEST = v.variant('do', [
  v.object({ do: v.literal('settle') }),
  v.object({ do: v.literal('shared') }),
  v.object({ do: v.literal('configuration') }),
  v.object({
    do: v.literal('merge'),
    entries: v.pipe(v.array(v.tuple([key, record])), v.maxLength(CONTROL_BATCH)),
  }),
  v.object({ do: v.literal('remove'), keys: v.pipe(v.array(key), v.maxLength(CONTROL_BATCH)) }),
])

/**
 * Lets the command line change the store (store/control.ts). Only the daemon's user and root reach the socket: it lies in
 * the store's directory, and has mode 0600. Without it mail goes on as ever, so what goes wrong is a warning.
 * Returns how to close it.
 */
export async function serveControl(directory: string, parts: ControlParts): Promise<() => void> {
  const path = controlPath(directory)
  const server = createServer((socket) => attend(socket, parts))
  server.maxConnections = MOST_CONNECTIONS
  try {
    await removeStaleSocket(path)
    await listening(server, path)
    openUnixSocket({ kind: 'unix', path, mode: 0o600 })
  } catch (error) {
    parts.log.line(`warning: greyctl store cannot ask this daemon: ${(error as Error).message}`)
  }
  // a file's removal comes with it
  return () => server.close()
}

function listening(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    bindUnixSocket(server, { path }, resolve)
  })
}

function attend(socket: Socket, parts: ControlParts): void {
  socket.on('error', () => socket.destroy())
  // one after the other: an answer tells that everything before it is done
  let before: Promise<unknown> = Promise.resolve()
  createInterface({ input: socket }).on('line', (line) => {
    before = before
      .then(() => answer(line, parts))
      .then((text) => {
        if (!socket.destroyed) socket.write(encodeLine(text))
      })
  })
}

/** Never rejects. */
async function answer(line: string, parts: ControlParts): Promise<ControlAnswer> {
  try {
    const request: ControlRequest = v.parse(REQUEST, JSON.parse(line))
    if (request.do === 'configuration') return { ok: true, configuration: parts.configuration() }
    await obey(request, parts)
    return { ok: true }
  } catch (error) {
    return { error: error instanceof v.ValiError ? 'a request of another version' : (error as Error).message }
  }
}

async function obey(
  request: Exclude<ControlRequest, { do: 'configuration' }>,
  { store, engine, policy, clock }: ControlParts,
): Promise<void> {
  if (request.do === 'settle') {
    await store.stats()
  } else if (request.do === 'shared') {
    const { shared } = await store.stats()
    if (shared?.up !== true) throw new Error(shared?.trouble ?? 'this daemon shares its store with nobody')
  } else if (request.do === 'remove') {
    await engine.change(request.keys, () => undefined)
  } else {
    const incoming = new Map(request.entries)
    const now = Math.floor(clock() / 1000)
    await engine.change([...incoming.keys()], (name, known) => {
      const before = known && isExpired(name.charAt(0), known, policy(), now) ? undefined : known
      const record = incoming.get(name)
      return record && joined(before, record)
    })
  }
}
