// grant-koa keeps what it has to remember between two redirects in ctx.session.
import grant from 'grant-koa'
import Koa from 'koa'
import session from 'koa-session'
import { Browser, listen, print, startProvider } from './world.mjs'

async function main() {
  const app = new Koa()
  app.keys = ['a long random secret']
  const { url } = await listen((request, response) => app.callback()(request, response))
  const provider = await startProvider()
  app.use(session(app))
  app.use(
    grant({
      defaults: { origin: url, transport: 'session', state: true, response: ['tokens', 'profile'] },
      fake: { key: 'shop', secret: 'secret', callback: '/hello', ...provider },
    }),
  )
  app.use((ctx) => {
    ctx.body = ctx.session.grant?.response ?? 'nobody'
  })
  const browser = new Browser()
  const before = await browser.open(`${url}/hello`)
  const { text } = await browser.follow(`${url}/connect/fake`)
  print({ before: before.text, profile: JSON.parse(text).profile, cookies: Array.from(browser.cookies.keys()) })
}

void main()
