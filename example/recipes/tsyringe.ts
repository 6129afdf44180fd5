import 'reflect-metadata'
import { randomUUID } from 'node:crypto'
import Koa from 'koa'
import { SessionService, type SessionRecord, type Store } from 'koa-session-service'
import { container as root, injectable, Lifecycle, scoped } from 'tsyringe'

@scoped(Lifecycle.ContainerScoped)
class Database {
  readonly rows = new Map<string, string>()
}

/** A store that the container builds, with its own dependencies. */
@injectable()
class DatabaseSessions implements Store {
  constructor(private readonly database: Database) {}

  get(id: string) {
    return JSON.parse(this.database.rows.get(id) ?? 'null') as SessionRecord | null
  }
  set(id: string, record: SessionRecord) {
    this.database.rows.set(id, JSON.stringify(record))
  }
  destroy(id: string) {
    this.database.rows.delete(id)
  }
}

@injectable()
class Visits {
  constructor(private readonly sessions: SessionService<{ visits?: number }>) {}
  count = () => this.sessions.update((session) => (session.visits = (session.visits ?? 0) + 1))
}

export function createApp(): Koa {
  const tsyringe = root.createChildContainer()
  const app = new Koa()
  app.keys = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]
  const sessions = new SessionService(app, {
    store: DatabaseSessions,
    container: { get: (type) => tsyringe.resolve(type) },
    asyncLocalStorage: true,
  })
  tsyringe.registerInstance(SessionService, sessions)
  app.use(sessions.middleware())
  app.use(async (ctx) => (ctx.body = { visits: (await tsyringe.resolve(Visits).count())?.visits }))
  return app
}

if (require.main === module) createApp().listen(3000, '127.0.0.1')
