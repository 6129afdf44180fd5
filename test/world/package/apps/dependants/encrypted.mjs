// koa-encrypted-session hands its own options on to koa-session, and makes the text of its cookies itself.
import Koa from 'koa'
import encryptedSession from 'koa-encrypted-session'
import { Browser, listen, print } from './world.mjs'

async function main() {
  const app = new Koa()
  app.keys = ['a long random secret']
  app.use(encryptedSession({ secretKey: Buffer.alloc(32, 7), key: 'enc', maxAge: 1000000 }, app))
  app.use((ctx) => {
    if (ctx.path === '/in') ctx.session.user = 'ann; "é" =,'
    if (ctx.path === '/out') ctx.session = null
    ctx.body = ctx.session?.user ?? 'nobody'
  })
  const { url } = await listen(app.callback())
  const browser = new Browser()
  const pages = []
  for (const path of ['/', '/in', '/']) pages.push((await browser.open(url + path)).text)
  const cookie = browser.cookies.get('enc')
  browser.cookies.set('enc', `x${cookie}`)
  for (const path of ['/', '/out']) pages.push((await browser.open(url + path)).text)
  print({
    pages,
    isReadable: Buffer.from(cookie, 'base64').includes('ann'),
    cookies: Array.from(browser.cookies.keys()),
  })
}

void main()
