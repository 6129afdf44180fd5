import { once } from 'node:events'
import type { Server } from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import type Koa from 'koa'

const environment = process.env
let server: Server | undefined
/** When it listens, or cannot. */
let settled: Promise<void> | undefined

afterEach(async () => {
  if (server) await new Promise((resolve) => server?.close(resolve))
  server = settled = undefined
  process.env = environment
  process.exitCode = undefined
  jest.restoreAllMocks()
})

/** Starts the shop as `npm start` does, and answers what it prints once it listens. */
async function start(variables: NodeJS.ProcessEnv): Promise<string> {
  jest.resetModules()
  const { prototype } = jest.requireActual<typeof Koa>('koa')
  const listen = prototype.listen
  jest.spyOn(prototype, 'listen').mockImplementation(function (this: Koa, ...call: unknown[]) {
    const opened = (server = Reflect.apply(listen, this, call) as Server)
    settled = new Promise((resolve) => opened.once('listening', resolve).once('error', () => resolve()))
    return opened
  })
  const outputs = [jest.spyOn(console, 'log'), jest.spyOn(console, 'error')]
  for (const output of outputs) output.mockImplementation(() => undefined)
  process.env = variables
  jest.requireActual('../../../example/shop/main')
  await new Promise((resolve) => setImmediate(resolve))
  await settled
  return outputs.flatMap(({ mock }) => mock.calls.flat()).join('\n')
}

test('the shop prints its address, on this machine alone, and where sessions rest', async () => {
  const printed = await start({ PORT: '0', SESSIONS: 'memory', SESSION_KEYS: 'a key' })

  const { port } = server?.address() as { port: number }
  expect(printed).toBe(`The tea shop is open at http://127.0.0.1:${port} (SESSIONS=memory)`)
  expect(server?.address()).toMatchObject({ address: '127.0.0.1' })
})

test('the shop says that SESSION_KEYS is not set where it has made its own keys', async () => {
  const printed = await start({ PORT: '0' })

  expect(printed).toMatch(/^SESSION_KEYS is not set/)
})

test.each(['memory', 'sqlite'])(
  'the shop says in a line that its port is taken, with SESSIONS=%s',
  async (SESSIONS) => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo

    const printed = await start({ PORT: String(port), SESSIONS, SQLITE_FILE: ':memory:', SESSION_KEYS: 'a key' })
    expect(printed).toBe(`PORT=${port} is taken. Choose another one.`)
    expect(process.exitCode).toBe(1)
    await new Promise((resolve) => other.close(resolve))
  },
)

test('the shop says what is wrong with its environment, and does not open', async () => {
  const printed = await start({ PORT: '0', SESSIONS: 'pigeon' })

  expect(printed).toMatch(/^SESSIONS=pigeon is not known\. It takes one of: cookie, sealed, memory\b.*$/)
  expect(process.exitCode).toBe(1)
  expect(server).toBeUndefined()
})
