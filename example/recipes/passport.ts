import { randomUUID } from 'node:crypto'
import Koa from 'koa'
import bodyParser from 'koa-bodyparser'
import { KoaPassport } from 'koa-passport'
import session, { MemoryStore } from 'koa-session-service'
import { Strategy } from 'passport-local'

// koa-passport signs visitors in. It keeps what `serializeUser` says in `session.passport.user`, which makes it the owner.

interface Visitor {
  passport?: { user?: string }
}

const USERS = new Map([['ada', 'lovelace']])

export function createApp(): Koa {
  const app = new Koa()
  app.keys = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]
  const passport = new KoaPassport()
  passport.serializeUser((user, done) => done(null, user))
  passport.deserializeUser((name: string, done) => done(null, USERS.has(name) ? { name } : false))
  // Compare a hash of the password in your own.
  passport.use(new Strategy((name, password, done) => done(null, USERS.get(name) === password ? name : false)))

  const owner = ({ passport }: Visitor) => passport?.user
  app.use(session<Visitor>({ store: new MemoryStore(), sameSite: 'lax', owner }, app))
  app.use(bodyParser())
  app.use(passport.initialize())
  app.use(passport.session())
  app.use(async function routes(ctx, next) {
    const route = `${ctx.method} ${ctx.path}`
    if (route === 'POST /sign-in') return passport.authenticate('local', { successRedirect: '/' })(ctx, next)
    if (route === 'POST /sign-out') await ctx.logout()
    ctx.body = ctx.isAuthenticated() ? ctx.state.user : { name: 'nobody' }
  })
  return app
}

if (require.main === module) createApp().listen(3000, '127.0.0.1')
