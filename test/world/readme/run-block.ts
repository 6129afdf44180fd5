import { once } from 'node:events'
import type { Server } from 'node:http'
import type Koa from 'koa'
import { transpile } from './typescript'

const servers: Server[] = []
/** Channels are the process's own: who listens to one would be heard in the tests that follow. */
const CHANNELS = 'node:diagnostics_channel'
const unsubscribes: (() => void)[] = []

interface Subscribable {
  subscribe(subscriber: unknown): void
  unsubscribe(subscriber: unknown): unknown
}

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

/** What of the module a program listens with; what it subscribes to is known, a channel as a whole or one of its five. */
function recordedChannels(): object {
  const actual = jest.requireActual<typeof import('node:diagnostics_channel')>(CHANNELS)
  const recorded = (channel: unknown) => ({
    subscribe(subscriber: unknown) {
      const found = channel as Subscribable
      // A channel has other methods once somebody listens.
      unsubscribes.push(() => found.unsubscribe(subscriber))
      found.subscribe(subscriber)
    },
  })
  const tracingChannel = (name: string) => {
    const channel = actual.tracingChannel(name)
    const { start, end, asyncStart, asyncEnd, error } = channel
    const parts = Object.entries({ start, end, asyncStart, asyncEnd, error })
    return { ...recorded(channel), ...Object.fromEntries(parts.map(([part, each]) => [part, recorded(each)])) }
  }
  return { tracingChannel }
}

export function closePrograms(): void {
  for (const unsubscribe of unsubscribes.splice(0)) unsubscribe()
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
}
