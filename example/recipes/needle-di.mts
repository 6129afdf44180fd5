// Needle DI is for ES modules alone, and so is this.
import { randomUUID } from 'node:crypto'
import { Container, inject } from '@needle-di/core'
import Koa from 'koa'
import { type Class, SessionService, type SessionRecord, type Store } from 'koa-session-service'

class Database {
  readonly rows = new Map<string, string>()
}

/** A store that the container builds, with its own dependencies. */
class DatabaseSessions implements Store {
  readonly #rows = inject(Database).rows

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
  readonly #sessions = inject<SessionService<{ visits?: number }>>(SessionService)
  count = () => this.#sessions.update((session) => (session.visits = (session.visits ?? 0) + 1))
}

export function createApp(): Koa {
  const needle = new Container().bindAll(Database, DatabaseSessions, Visits)
  const app = new Koa()
  app.keys = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]
  const sessions = new SessionService(app, {
    store: DatabaseSessions,
    container: { get: <T,>(type: Class<T>) => needle.get<T>(type) },
    asyncLocalStorage: true,
  })
  needle.bind({ provide: SessionService, useValue: sessions })
  app.use(sessions.middleware())
  app.use(async (ctx) => (ctx.body = { visits: (await needle.get(Visits).count())?.visits }))
  return app
}

if (process.argv[1] === import.meta.filename) createApp().listen(3000, '127.0.0.1')
