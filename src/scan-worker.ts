import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import type { ScanAnswer, ScanData, ScanOrder } from './maillog/scan-thread.js'
import { LineScanner } from './maillog/scanner.js'

// The thread that looks for the lines that may matter, ahead of the one that reads them (maillog/scan-thread.ts).
if (!isMainThread) {
  const { texts, places, since } = workerData as ScanData
  const scanner = new LineScanner(since)
  const rooms = texts.map(({ buffer }) => Buffer.from(buffer))
  parentPort?.on('message', ({ slot, from, length }: ScanOrder) => {
    const room = rooms[slot] as Buffer
    const scanned = scanner.scan(room.subarray(from, from + length), places[slot] as Int32Array)
    parentPort?.postMessage({ slot, scanned } satisfies ScanAnswer)
  })
  parentPort?.postMessage('ready')
}
