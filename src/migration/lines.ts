/** Lines without their ends, a character a byte; what follows the last line end is a line too. */
export async function* textLines(chunks: AsyncIterable<Buffer>): AsyncIterable<string> {
  let rest = ''
  for await (const chunk of chunks) {
    const lines = (rest + chunk.toString('latin1')).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
  if (rest !== '') yield rest
}
