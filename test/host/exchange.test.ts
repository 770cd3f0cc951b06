import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { exchange } from '../../src/host/sockets.js'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function serve(act: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    act(socket)
  })
  servers.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `inet:127.0.0.1:${(server.address() as AddressInfo).port}`
}

const ask = (endpoint: string, timeout = 5) => exchange(endpoint, 'question\n\n', { until: '\n\n', timeout })

describe('a question to a server', () => {
  it('is answered, in however many pieces', async () => {
    const endpoint = await serve((socket) =>
      socket.once('data', (data) => {
        expect(String(data)).toBe('question\n\n')
        socket.write('action=DU')
        setTimeout(() => socket.write('NNO\n\n'), 10)
      }),
    )
    expect(await ask(endpoint)).toMatchObject({ outcome: 'answered', answer: 'action=DUNNO\n\n' })
  })

  it('says when the server hangs up', async () => {
    const endpoint = await serve((socket) => socket.end('half'))
    expect(await ask(endpoint)).toMatchObject({ outcome: 'closed', answer: 'half' })
  })

  it('says when nothing comes, and ends', async () => {
    const endpoint = await serve(() => {})
    expect(await ask(endpoint, 0.05)).toMatchObject({ outcome: 'silent', answer: '' })
  })

  it('does not read without end', async () => {
    const endpoint = await serve((socket) => {
      const more = () => {
        if (!socket.destroyed) socket.write('x'.repeat(10_000), more)
      }
      more()
    })
    const { outcome, answer } = await ask(endpoint)
    expect(outcome).toBe('closed')
    expect(answer.length).toBeLessThan(1_000_000)
  })

  it.each([
    ['inet:127.0.0.1:1', 'ECONNREFUSED'],
    ['unix:/nowhere/socket', 'ENOENT'],
  ])('says why %s cannot be reached', async (endpoint, error) => {
    expect(await ask(endpoint)).toMatchObject({ outcome: 'no-connection', error })
  })
})
