// What the session middleware of @strapi/core 5 does: its defaults, the user's settings over them, and createSession().
import Koa from 'koa'
import { createSession } from 'koa-session'
import { Browser, listen, print } from './world.mjs'

const DEFAULTS = {
  key: 'koa.sess',
  maxAge: 86400000,
  autoCommit: true,
  overwrite: true,
  httpOnly: true,
  signed: true,
  rolling: false,
  renew: false,
  secure: process.env.NODE_ENV === 'production',
  sameSite: undefined,
}

async function main() {
  const app = new Koa()
  app.keys = ['a long random secret', 'an older one']
  // `enabled` is an option of Strapi's own middleware that people write beside the session's.
  app.use(createSession({ ...DEFAULTS, ...{ rolling: true, enabled: true } }, app))
  app.use(createSession({ ...DEFAULTS }, app))
  app.use((ctx) => {
    if (ctx.path === '/in') ctx.session.user = 'ann'
    if (ctx.path === '/out') ctx.session = null
    ctx.body = ctx.session?.user ?? 'nobody'
  })
  const { url } = await listen(app.callback())
  const browser = new Browser()
  const pages = []
  for (const path of ['/', '/in', '/', '/out', '/']) pages.push((await browser.open(url + path)).text)
  print(pages)
}

void main()
