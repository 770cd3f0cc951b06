import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { splitLines } from '../../src/maillog/lines.js'

async function* each(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

async function linesOf(chunks: readonly Uint8Array[], longest?: number): Promise<string[]> {
  const lines: string[] = []
  for await (const batch of splitLines(each(chunks), longest)) lines.push(...batch)
  return lines
}

/** The same bytes, cut at these places. */
function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b)
  return [0, ...at].map((start, index) => bytes.subarray(start, at[index] ?? bytes.length))
}

const logBytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 12 }),
      fc.constantFrom(Buffer.from('\n'), Buffer.from('\r\n'), Buffer.from('ä€😀')),
    ),
    { maxLength: 30 },
  )
  .map((parts) => Buffer.concat(parts.map((part) => Buffer.from(part))))

describe('splitLines', () => {
  it('takes line ends off, keeps empty lines, and gives the last line without one', async () => {
    expect(await linesOf([Buffer.from('a\r\n\nb\nc')])).toEqual(['a', '', 'b', 'c'])
    expect(await linesOf([])).toEqual([])
    expect(await linesOf([Buffer.from('\n')])).toEqual([''])
  })

  it('gives the same lines however the bytes were cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        logBytes,
        fc.array(fc.nat(), { maxLength: 12 }),
        fc.integer({ min: 1, max: 40 }),
        async (bytes, places, longest) => {
          expect(await linesOf(cut(bytes, places), longest)).toEqual(await linesOf([bytes], longest))
        },
      ),
    )
  })

  it('gives as many lines as there are line ends, and none longer than asked', async () => {
    await fc.assert(
      fc.asyncProperty(logBytes, fc.integer({ min: 1, max: 9 }), async (bytes, longest) => {
        const lines = await linesOf([bytes], longest)
        const ends = bytes.filter((byte) => byte === 10).length
        const open = bytes.length > 0 && bytes.at(-1) !== 10 ? 1 : 0
        expect(lines).toHaveLength(ends + open)
        for (const line of lines) expect(line.length).toBeLessThanOrEqual(longest)
      }),
    )
  })

  it('holds no more of an endless line than it keeps', async () => {
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let count = 0; count < 2000; count += 1) yield Buffer.alloc(100_000, 0x61)
      yield Buffer.from('\nnext\n')
    }
    const lines: string[] = []
    const before = process.memoryUsage().arrayBuffers
    let most = 0
    for await (const batch of splitLines(endless())) {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before)
      lines.push(...batch)
    }
    expect(lines).toEqual(['a'.repeat(64 * 1024), 'next'])
    expect(most).toBeLessThan(120_000_000)
  })
})
