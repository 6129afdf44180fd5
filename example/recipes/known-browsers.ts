import { createHash, createHmac, randomUUID } from 'node:crypto'
import Koa, { type Context } from 'koa'
import { MemoryStore, SessionService } from 'koa-session-service'
import { Kysely, SqliteDialect } from 'kysely'
import Database from 'libsql'

// A mail about a sign-in from a browser that the account has not used before. A browser is known by a cookie of its own, which
// outlives its sessions; the application's database has a hash of it, for each account that signs in there.
const [MOST, YEAR] = [20, 365 * 24 * 60 * 60 * 1000]
const KEYS = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]
const secretOf = (text: string): string => createHmac('sha256', KEYS[0]).update(text).digest('base64url')
const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('base64url')

export async function createApp(mail: (owner: string) => void = (owner) => console.log(`mail to ${owner}`)) {
  const app = Object.assign(new Koa(), { keys: KEYS })
  const sessions = new SessionService<{ user?: string }>(app, { store: new MemoryStore(), owner: ({ user }) => user })
  const dialect = new SqliteDialect({ database: new Database(process.env.DATABASE ?? ':memory:') })
  const db = new Kysely<{ browser: { owner: string; hash: string; seen: number } }>({ dialect })
  const table = db.schema.createTable('browser').ifNotExists().addColumn('owner', 'text').addColumn('hash', 'text')
  await table.addColumn('seen', 'integer').addPrimaryKeyConstraint('browser_key', ['owner', 'hash']).execute()
  /** A browser that is new to the account gets another cookie: one that somebody has planted is worth nothing after it. */
  async function isNewBrowser(ctx: Context, owner: string): Promise<boolean> {
    const [before, seen] = [hashOf(ctx.cookies.get('browser') ?? ''), Date.now()]
    const known = db.updateTable('browser').set({ seen }).where('owner', '=', owner).where('hash', '=', before)
    if ((await known.executeTakeFirst()).numUpdatedRows > 0n) return false
    // One for a form sent twice where a session was there before it: a page with a token against forged forms has begun one.
    const secret = secretOf(`${owner} ${sessions.id(ctx)}`)
    const hash = hashOf(secret)
    await db.updateTable('browser').set({ hash }).where('hash', '=', before).execute()
    const row = db.insertInto('browser').values({ owner, hash, seen })
    const { numInsertedOrUpdatedRows } = await row.onConflict((taken) => taken.doNothing()).executeTakeFirst()
    const own = db.selectFrom('browser').select('hash').where('owner', '=', owner).orderBy('seen', 'desc').limit(MOST)
    await db.deleteFrom('browser').where('owner', '=', owner).where('hash', 'not in', own).execute()
    ctx.cookies.set('browser', secret, { maxAge: YEAR, sameSite: 'lax' })
    return numInsertedOrUpdatedRows === 1n
  }
  app.use(sessions.middleware())
  app.use(async function routes(ctx) {
    if (ctx.path === '/sign-in') {
      const user = String(ctx.query.user) // Check the password here.
      await sessions.update((data) => (data.user = user), ctx)
      if (await isNewBrowser(ctx, user)) mail(user)
    }
    const user = (await sessions.load(ctx))?.user
    if (ctx.path === '/new-password' && user) {
      await sessions.revokeAll({ owner: user }, ctx)
      await db.deleteFrom('browser').where('owner', '=', user).execute()
    }
    if (ctx.path === '/sign-out') await sessions.destroy(ctx)
    ctx.body = { user }
  })
  return { app, db }
}
if (require.main === module) void createApp().then(({ app }) => app.listen(3000, '127.0.0.1'))
