import { randomUUID } from 'node:crypto'
import { asClass, asValue, createContainer } from 'awilix'
import Koa from 'koa'
import { SessionService, type SessionRecord, type Store } from 'koa-session-service'

class Database {
  readonly rows = new Map<string, string>()
}

/** A store that the container builds, with its own dependencies: awilix knows them by their names. */
class DatabaseSessions implements Store {
  readonly #rows: Map<string, string>
  constructor({ database }: { database: Database }) {
    this.#rows = database.rows
  }

  get(id: string) {
    return JSON.parse(this.#rows.get(id) ?? 'null') as SessionRecord | null
  }
  set(id: string, record: SessionRecord) {
    this.#rows.set(id, JSON.stringify(record))
  }
  destroy(id: string) {
    this.#rows.delete(id)
  }
}

class Visits {
  readonly #sessions: SessionService<{ visits?: number }>
  constructor({ sessions }: { sessions: SessionService<{ visits?: number }> }) {
    this.#sessions = sessions
  }
  count = () => this.#sessions.update((session) => (session.visits = (session.visits ?? 0) + 1))
}

export function createApp(): Koa {
  const awilix = createContainer({ strict: true })
  awilix.register({ database: asClass(Database).singleton(), visits: asClass(Visits) })
  const app = new Koa()
  app.keys = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]
  const sessions = new SessionService(app, {
    store: DatabaseSessions,
    container: { get: (type) => awilix.build(asClass(type)) },
    asyncLocalStorage: true,
  })
  awilix.register({ sessions: asValue(sessions) })
  app.use(sessions.middleware())
  app.use(async (ctx) => (ctx.body = { visits: (await awilix.resolve<Visits>('visits').count())?.visits }))
  return app
}

if (require.main === module) createApp().listen(3000, '127.0.0.1')
