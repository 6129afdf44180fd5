import { once } from 'node:events'
import { Agent, createServer, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import session, { MemoryStore } from 'koa-session-service'
import { createApp } from '../../support/app/app'
import { debug, printed } from './lines'

jest.mock('../../../src/base/debug', () => ({ debug: jest.requireActual<{ debug: typeof debug }>('./lines').debug }))

let server: Server
const agents: Agent[] = []

beforeEach(async () => {
  printed.length = 0
  const app = createApp()
  app.use(session({ store: new MemoryStore() }, app))
  app.use((ctx) => void (ctx.body = String((ctx.session.views = 1))))
  server = createServer(app.callback() as never).listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterEach(() => {
  for (const agent of agents.splice(0)) agent.destroy()
  server.closeAllConnections()
  server.close()
})

function connections(maxSockets: number): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets })
  agents.push(agent)
  return agent
}

/** A request without a cookie. */
async function come(agent: Agent, headers: Record<string, string> = {}): Promise<void> {
  const { port } = server.address() as AddressInfo
  const sent = request({ agent, host: '127.0.0.1', port, headers: { 'user-agent': 'a browser', ...headers } }).end()
  const [response] = (await once(sent, 'response')) as [NodeJS.ReadableStream]
  response.resume()
  await once(response, 'end')
}

/** How often the client was told that it has not sent its cookie back. */
async function blamed(count: number): Promise<number> {
  const lines = (): string[] => printed.filter((text) => text.includes(' | told: set '))
  while (lines().length < count) await new Promise((resolve) => setTimeout(resolve, 5))
  return lines().filter((line) => line.includes(' hint: not-sent-back: ')).length
}

it('R120: a client that has had its cookie over the same connection, and brings none, is told so at once', async () => {
  const agent = connections(1)
  for (let requests = 0; requests < 3; requests++) await come(agent)
  expect(await blamed(3)).toBe(2)
})

it.each([
  ['X-Forwarded-For', { 'x-forwarded-for': '192.0.2.1' }],
  ['Forwarded', { forwarded: 'for=192.0.2.1' }],
  ['Via', { via: '1.1 proxy' }],
])('R120: a connection that a proxy shares among clients says nothing of a cookie: %s', async (_what, headers) => {
  const agent = connections(1)
  for (let requests = 0; requests < 3; requests++) await come(agent, headers)
  expect(await blamed(3)).toBe(0)
})

it('R120: a new visitor who sends a form twice is not told of a cookie', async () => {
  await Promise.all([come(connections(1)), come(connections(1))])
  expect(await blamed(2)).toBe(0)
})

it('R120: a page that fetches more at once than it has connections for is not told of a cookie', async () => {
  const agent = connections(3)
  await Promise.all(Array.from({ length: 12 }, () => come(agent)))
  expect(await blamed(12)).toBe(0)
})

it('R120: a new visitor who opens one page after the other over other connections is not told of a cookie', async () => {
  for (let tabs = 0; tabs < 3; tabs++) await come(connections(1))
  expect(await blamed(3)).toBe(0)
})
