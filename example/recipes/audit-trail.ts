import { randomUUID } from 'node:crypto'
import Koa from 'koa'
import { Kysely, SqliteDialect } from 'kysely'
import { MemoryStore, SessionService } from 'koa-session-service'
import Database from 'libsql'

// An audit trail in the application's own database: who has signed in, from where, and how each session ended.
// Each end is told once among all processes, so every line is there once, however many of them listen.

/** `session` is the same text for all that happens to one session; it opens nothing. */
const COLUMNS = ['at', 'what', 'account', 'session', 'detail'] as const
type Line = Record<(typeof COLUMNS)[number], string | null>

export function createApp(file = ':memory:') {
  const app = new Koa()
  app.keys = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]

  const db = new Kysely<{ audit: Line }>({ dialect: new SqliteDialect({ database: new Database(file) }) })
  const table = db.schema.createTable('audit').ifNotExists()
  const ready = COLUMNS.reduce((made, name) => made.addColumn(name, 'text'), table).execute()
  // A listener cannot hold up its request, and an error of it would end the process: what could not be written is told.
  async function note(line: Omit<Line, 'at'>): Promise<void> {
    await ready
    await db
      .insertInto('audit')
      .values({ at: new Date().toISOString(), ...line })
      .execute()
  }
  const tell = (error: unknown): boolean => app.emit('error', error)

  const owner = ({ user }: { user?: string }): string | undefined => user
  const sessions = new SessionService<{ user?: string }>(app, { store: new MemoryStore(), owner, maxPerOwner: 3 })
  sessions.on('signedIn', ({ owner: account, session, ctx }) => {
    note({ what: 'signed in', account, session, detail: ctx.ip }).catch(tell)
  })
  sessions.on('ended', ({ reason, owner: account = null, session = null, key: detail = null }) => {
    note({ what: `ended: ${reason}`, account, session, detail }).catch(tell)
  })

  app.use(sessions.middleware())
  app.use(async function serve(ctx) {
    // Check the password, and who may read the trail, here.
    if (ctx.path === '/sign-in') await sessions.update((data) => (data.user = String(ctx.query.user)), ctx)
    if (ctx.path === '/sign-out') await sessions.destroy(ctx)
    if (ctx.path === '/sign-out-everywhere') await sessions.revokeAll(ctx)
    ctx.body = ctx.path === '/audit' ? await db.selectFrom('audit').selectAll().execute() : 'done'
  })
  return { app, ready }
}

if (require.main === module) createApp('audit.db').app.listen(3000, '127.0.0.1')
