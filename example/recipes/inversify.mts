// inversify 8 is for ES modules alone, and so is this.
import 'reflect-metadata'
import { randomUUID } from 'node:crypto'
import { Container, inject, injectable } from 'inversify'
import Koa from 'koa'
import { SessionService, type SessionRecord, type Store } from 'koa-session-service'

@injectable()
class Database {
  readonly rows = new Map<string, string>()
}

/** A store that the container builds, with its own dependencies. */
@injectable()
class DatabaseSessions implements Store {
  constructor(@inject(Database) private readonly database: Database) {}

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
  constructor(@inject(SessionService) private readonly sessions: SessionService<{ visits?: number }>) {}
  count = () => this.sessions.update((session) => (session.visits = (session.visits ?? 0) + 1))
}

export function createApp(): Koa {
  const inversify = new Container()
  inversify.bind(Database).toSelf().inSingletonScope()
  inversify.bind(DatabaseSessions).toSelf()
  inversify.bind(Visits).toSelf()
  const app = new Koa()
  app.keys = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]
  const sessions = new SessionService(app, {
    store: DatabaseSessions,
    container: { get: (type) => inversify.get(type) },
    asyncLocalStorage: true,
  })
  inversify.bind(SessionService).toConstantValue(sessions)
  app.use(sessions.middleware())
  app.use(async (ctx) => (ctx.body = { visits: (await inversify.get(Visits).count())?.visits }))
  return app
}

if (process.argv[1] === import.meta.filename) createApp().listen(3000, '127.0.0.1')
