// koa-passport on a session of koa-session, as its own example has it.
import Koa from 'koa'
import passport from 'koa-passport'
import session from 'koa-session'
import { Strategy } from 'passport-local'
import { Browser, listen, print } from './world.mjs'

async function main() {
  const app = new Koa()
  app.keys = ['a long random secret']
  passport.serializeUser((user, done) => done(null, user.name))
  passport.deserializeUser((name, done) => done(null, { name }))
  passport.use(new Strategy((name, password, done) => done(null, password === 'wonderland' ? { name } : false)))
  app.use(session({}, app))
  app.use((ctx, next) => {
    ctx.request.body = Object.fromEntries(new URLSearchParams(ctx.querystring))
    return next()
  })
  app.use(passport.initialize())
  app.use(passport.session())
  app.use(async (ctx, next) => {
    if (ctx.path === '/login') return passport.authenticate('local', { successRedirect: '/' })(ctx, next)
    if (ctx.path === '/logout') await ctx.logout()
    ctx.body = ctx.isAuthenticated() ? ctx.state.user.name : 'nobody'
  })
  const { url } = await listen(app.callback())
  const browser = new Browser()
  const pages = []
  for (const path of ['/', '/login?username=ann&password=wonderland', '/', '/logout', '/']) {
    pages.push((await browser.follow(url + path)).text)
  }
  print(pages)
}

void main()
