import Redis from 'ioredis'
import { SessionService, type Store } from '../../../src'
import { KyselyStore } from '../../../src/kysely'
import { RedisStore } from '../../../src/redis'
import { createApp } from '../../support/app/app'
import { connectPostgres } from '../../support/backends/databases'
import type { ServerProcess } from '../../support/backends/server-process'

interface Data {
  upstream?: { token: number; isExpired: boolean }
}

/** How long the work may take in these tests, in milliseconds. */
const LEASE = 1_000

/**
 * A process of an app that refreshes a token at a provider, which it asks over HTTP. It prints its port when it listens, and runs
 * until it is killed.
 */
function main([kind, storePort, provider]: string[]): void {
  const app = createApp()
  const sessions = new SessionService<Data>(app, { store: storeOn(kind, Number(storePort)) })
  app.use(sessions.middleware())
  app.use(async (ctx) => {
    if (ctx.path === '/begin')
      return void (await sessions.update((data) => (data.upstream = { token: 0, isExpired: true }), ctx))
    const session = await sessions.once(
      'upstream',
      async (data) => {
        const response = await fetch(`${provider}/?token=${data.upstream?.token}`)
        if (!response.ok) throw new Error(await response.text())
        data.upstream = { token: Number(await response.text()), isExpired: false }
      },
      { needed: ({ upstream }) => upstream?.isExpired === true, lease: LEASE },
      ctx,
    )
    ctx.body = String(session?.upstream?.token)
  })
  const server = app.listen(0, '127.0.0.1', () =>
    process.stdout.write(`${(server.address() as { port: number }).port}\n`),
  )
}

function storeOn(kind: string, port: number): Store {
  if (kind === 'Redis') return new RedisStore(new Redis(port))
  return new KyselyStore(connectPostgres({ port } as ServerProcess).db)
}

main(process.argv.slice(2))
