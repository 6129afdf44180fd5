import Redis from 'ioredis'
import { createSessionTable } from 'koa-session-service/kysely'
import type { TestDatabase } from './databases'
import { startRedisNode } from './redis-cluster'
import type { ServerProcess } from './server-process'

/** A Redis for the tests of a `describe`; `take` gets a client of it before them. */
export function useRedis(take: (client: Redis, server: ServerProcess) => void, options: string[] = []): void {
  let client: Redis | undefined
  let server: ServerProcess | undefined

  beforeAll(async () => {
    server = await startRedisNode(options)
    client = new Redis(server.port)
    take(client, server)
  })
  afterAll(async () => {
    client?.disconnect()
    await server?.stop()
  })
}

/** A database with the table of sessions for the tests of a `describe`; `take` gets it before them. */
export function useDatabase(open: () => Promise<TestDatabase>, take: (database: TestDatabase) => unknown): void {
  let database: TestDatabase | undefined

  beforeAll(async () => {
    database = await open()
    await createSessionTable(database.db)
    await take(database)
  })
  afterAll(async () => {
    await database?.stop()
    await database?.server?.stop()
  })
}
