/** The limit: a bare Node server that reads nothing and answers every request with the same constant. Says its port. */
import { createServer } from 'node:net'

const ANSWER = Buffer.from('action=DUNNO\n\n')
const LINE_FEED = 10

const server = createServer({ noDelay: true }, (socket) => {
  socket.on('data', (chunk) => {
    if (chunk.at(-1) === LINE_FEED && chunk.at(-2) === LINE_FEED) socket.write(ANSWER)
  })
  socket.on('error', () => socket.destroy())
})
server.listen(Number(process.argv[2]), '127.0.0.1')
