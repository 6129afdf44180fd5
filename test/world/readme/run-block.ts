import { once } from 'node:events'
import type { Server } from 'node:http'
import type Koa from 'koa'
import { transpile } from './typescript'

const servers: Server[] = []
/** Channels are the process's own: who listens to one would be heard in the tests that follow. */
const CHANNELS = 'node:diagnostics_channel'
const unsubscribes: (() => void)[] = []

/**
 * Runs a program that ends with `app.listen(3000)`, on a free port of this machine alone.
 *
 * @param compile makes it JavaScript, as this package's users are told to
 */
export async function run(code: string, compile = transpile): Promise<Server> {
  // Every program is on its own, with fresh copies of what it loads.
  jest.resetModules()
  const { prototype } = jest.requireActual<typeof Koa>('koa')
  const { listen } = prototype
  let server: Server | undefined
  jest.spyOn(prototype, 'listen').mockImplementation(function (this: Koa) {
    return (server = Reflect.apply(listen, this, [0, '127.0.0.1']) as Server)
  } as typeof listen)
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the README's own code
  const evaluate = new Function('require', 'exports', compile(code)) as (
    require: (name: string) => unknown,
    exports: object,
  ) => void
  evaluate((name) => (name === CHANNELS ? recordedChannels() : jest.requireActual(name)), {})
  jest.restoreAllMocks()
  if (!server) throw new Error('The program did not listen.')
  servers.push(server)
  await once(server, 'listening')
  return server
}

/** The module as it is, but for that what is subscribed to is known. */
function recordedChannels(): object {
  const actual = jest.requireActual<typeof import('node:diagnostics_channel')>(CHANNELS)
  const tracingChannel = (name: string) => {
    const channel = actual.tracingChannel(name)
    const subscribe = channel.subscribe.bind(channel)
    channel.subscribe = (subscribers) => {
      unsubscribes.push(() => channel.unsubscribe(subscribers))
      subscribe(subscribers)
    }
    return channel
  }
  return { ...actual, tracingChannel }
}

export function closePrograms(): void {
  for (const unsubscribe of unsubscribes.splice(0)) unsubscribe()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
}
