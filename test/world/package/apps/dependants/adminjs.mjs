// What buildAuthenticatedRouter() of @adminjs/koa 4 does with its session, in the order of its source.
import Koa from 'koa'
import session from 'koa-session'
import { Browser, listen, print } from './world.mjs'

const ROOT = '/admin'

function build(app, auth) {
  app.use(auth.sessionOptions ? session(auth.sessionOptions, app) : session(app))
  app.use(async (ctx, next) => {
    if (ctx.session == null) throw new Error('Invalid state, no session object in context')
    if (ctx.path === `${ROOT}/login` && ctx.method === 'GET') return (ctx.body = 'please sign in')
    if (ctx.path === `${ROOT}/login`) {
      const adminUser = await auth.authenticate(ctx.query.email, ctx.query.password, ctx)
      if (!adminUser) return (ctx.body = 'wrong')
      ctx.session.adminUser = adminUser
      ctx.session.save()
      return ctx.redirect(ctx.session.redirectTo ?? ROOT)
    }
    if (ctx.path === `${ROOT}/logout`) {
      ctx.session = null
      return ctx.redirect(`${ROOT}/login`)
    }
    if (ctx.session.adminUser) return next()
    const [redirectTo] = ctx.request.originalUrl.split('/actions')
    ctx.session.redirectTo = redirectTo.includes(`${ROOT}/api`) ? ROOT : redirectTo
    ctx.redirect(`${ROOT}/login`)
  })
}

async function visit(sessionOptions) {
  const app = new Koa()
  app.keys = ['a long random secret']
  build(app, {
    sessionOptions,
    authenticate: async (email, password) => (password === 'wonderland' ? { email } : null),
  })
  app.use((ctx) => {
    ctx.body = `${ctx.path} for ${ctx.session.adminUser.email}`
  })
  const { url } = await listen(app.callback())
  const browser = new Browser()
  const pages = [(await browser.follow(`${url}${ROOT}/pages/5/actions/show`)).text]
  const { location } = await browser.open(`${url}${ROOT}/login?email=ann&password=wonderland`, { method: 'POST' })
  pages.push((await browser.follow(url + location)).text)
  for (const path of ['/logout', '/pages/5']) pages.push((await browser.follow(`${url}${ROOT}${path}`)).text)
  return pages
}

async function main() {
  print([await visit(undefined), await visit({ maxAge: 'session', renew: true })])
}

void main()
