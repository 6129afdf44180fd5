import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type Koa from 'koa'
import type { Context } from 'koa'
import { session, type SessionOptions } from 'koa-session-service'
import type { Browser, Page } from 'playwright-core'
import {
  CHROMIUM,
  ELSEWHERE,
  hasOpenssl,
  HOME,
  launch,
  serveSecurely,
  type SecureSite,
} from '../../support/app/chromium'
import { describeWith } from '../../support/backends/require-server'
import { createApp } from '../../support/app/app'
import { debug, printed } from './lines'
import { KEYS, SECRET } from './set-ups'

jest.mock('../../../src/base/debug', () => ({ debug: jest.requireActual<{ debug: typeof debug }>('./lines').debug }))

/** Without what a browser asks for by itself. */
const PAGE = '<link rel="icon" href="data:,">'

/** Counts, and answers a page; in front of the session, pages that need none. */
function shop(options: SessionOptions, pages: Record<string, () => string> = {}): Koa {
  const app = createApp()
  app.keys = KEYS
  app.use(async (ctx, next) => {
    if (!(ctx.path in pages)) return next()
    ctx.type = 'html'
    ctx.body = PAGE + pages[ctx.path]()
  })
  app.use(session(options, app))
  app.use((ctx: Context) => {
    ctx.session.views = Number(ctx.session.views ?? 0) + 1
    ctx.session.secret = SECRET
    ctx.type = 'html'
    ctx.body = `${PAGE}<pre>${String(ctx.session.views)}</pre>`
  })
  return app
}

describeWith('chromium with openssl', CHROMIUM !== undefined && hasOpenssl)('what a browser alone gets wrong', () => {
  let secure: SecureSite
  let plain: Server
  let browser: Browser
  let page: Page

  /** Serves the same app over HTTPS and over plain HTTP. */
  async function serve(app: Koa): Promise<void> {
    printed.length = 0
    secure = await serveSecurely(app)
    plain = createServer(app.callback() as never)
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve))
    browser = await launch(secure, { binds: false })
    page = await browser.newPage()
  }

  function plainUrl(path: string): string {
    return `http://${ELSEWHERE}:${(plain.address() as AddressInfo).port}${path}`
  }

  /** The line about the last request for a path, once there are as many. */
  async function lastLine(path: string, count: number, method = 'GET'): Promise<string> {
    const lines = (): string[] => printed.filter((text) => new RegExp(`^${method} [^ ]+\\d${path} 200 \\| `).test(text))
    while (lines().length < count) await new Promise((resolve) => setTimeout(resolve, 10))
    return lines()[count - 1]
  }

  afterEach(async () => {
    await browser.close()
    plain.closeAllConnections()
    plain.close()
    await secure.close()
  })

  it('R120: a session that works in a browser has no hint, from the first page to a reload', async () => {
    await serve(shop({ sameSite: 'lax' }))
    for (let visit = 0; visit < 3; visit++) await page.goto(secure.url('/'))
    expect(await page.locator('pre').innerText()).toBe('3')
    await lastLine('/', 3)
    expect(printed.filter((line) => line.includes('hint:'))).toEqual([])
  })

  it('R120: the line names a Domain that is of another host', async () => {
    await serve(shop({ domain: 'shop.example' }))
    for (let visit = 0; visit < 2; visit++) await page.goto(plainUrl('/'))
    expect(await page.locator('pre').innerText()).toBe('1')
    const line = await lastLine('/', 2)
    expect(line).toContain('koa.sess: no-cookie')
    expect(line).toMatch(/domain=shop\.example.*hint: other-domain: The Domain of the cookie is not the host/)
  })

  it('R120: the line names a Path that the next page is not under', async () => {
    await serve(shop({ path: '/cart' }))
    for (const path of ['/cart/add', '/']) await page.goto(plainUrl(path))
    expect(await lastLine('/', 1)).toMatch(/no-cookie.*hint: other-path: The last response set the cookie for a Path/)
  })

  it('R120: the line names a Secure cookie that a page of the same host lacks over plain HTTP', async () => {
    await serve(shop({ secure: 'auto' }))
    await page.goto(secure.url('/', ELSEWHERE))
    await page.goto(plainUrl('/plain'))
    expect(await lastLine('/plain', 1)).toMatch(
      /^GET http:.*no-cookie.*hint: secure-lost: The last response set the cookie with Secure, and this request came over plain HTTP/,
    )
  })

  it.each([
    ['SameSite=Lax', { sameSite: 'lax' }],
    ['no SameSite', {}],
  ] as [string, SessionOptions][])(
    'R120: the line names SameSite where a frame of another site lacks a cookie with %s',
    async (_name, options) => {
      const frame = (): string => `<iframe src="${secure.url('/framed', ELSEWHERE)}"></iframe>`
      await serve(shop({ secure: true, ...options }, { '/host': frame }))
      for (let visit = 0; visit < 2; visit++) await page.goto(secure.url('/host', HOME))
      const line = await lastLine('/framed', 2)
      expect(line).toContain('koa.sess: no-cookie')
      expect(line).toMatch(/hint: same-site: SameSite keeps the cookie from this request/)
    },
  )

  it('R120: the line names SameSite where a form of another site lacks the cookie', async () => {
    const form = (): string => `<form method="post" action="${secure.url('/paid', ELSEWHERE)}"></form>`
    await serve(shop({ secure: true, sameSite: 'lax' }, { '/bank': form }))
    for (let visit = 0; visit < 2; visit++) await page.goto(secure.url('/', ELSEWHERE))
    await page.goto(secure.url('/bank', HOME))
    await page.evaluate('document.forms[0].submit()')
    const line = await lastLine('/paid', 1, 'POST')
    expect(line).toContain('koa.sess: no-cookie')
    expect(line).toMatch(/hint: same-site: .*sameSite: 'none'/)
  })

  it("R120: the line names SameSite=Strict, and 'lax' as its cure, where a link of another site lacks the cookie", async () => {
    const link = (): string => `<a href="${secure.url('/linked', ELSEWHERE)}">to the shop</a>`
    await serve(shop({ secure: true, sameSite: 'strict' }, { '/news': link }))
    for (let visit = 0; visit < 2; visit++) await page.goto(secure.url('/', ELSEWHERE))
    await page.goto(secure.url('/news', HOME))
    await page.click('a')
    const line = await lastLine('/linked', 1)
    expect(line).toContain('koa.sess: no-cookie')
    expect(line).toMatch(/hint: same-site: .*a link to this one.*sameSite: 'lax'\.$/)
  })

  it('R120: the line names SameSite where a link within a frame of another site lacks the cookie', async () => {
    const frame = (): string => `<iframe src="${secure.url('/framed', ELSEWHERE)}"></iframe>`
    await serve(shop({ secure: true, sameSite: 'lax' }, { '/host': frame }))
    await page.goto(secure.url('/host', HOME))
    await lastLine('/framed', 1)
    const framed = page.frames().find((each) => each.url().endsWith('/framed'))
    await framed?.evaluate("location.assign('/second')")
    const line = await lastLine('/second', 1)
    expect(line).toContain('koa.sess: no-cookie')
    expect(line).toMatch(/hint: same-site: .*sameSite: 'none', secure: true and partitioned: true/)
  })

  it('R120: the line names the other host name of a page that lacks the cookie', async () => {
    await serve(shop({ secure: true }))
    for (let visit = 0; visit < 2; visit++) await page.goto(secure.url('/', HOME))
    await page.goto(secure.url('/elsewhere', ELSEWHERE))
    expect(await lastLine('/elsewhere', 1)).toMatch(/no-cookie.*hint: other-host: .*Come by one name/)
  })

  it('R120: a partitioned cookie comes back in a frame of another site, and there is no hint', async () => {
    const frame = (): string => `<iframe src="${secure.url('/framed', ELSEWHERE)}"></iframe>`
    await serve(shop({ secure: true, sameSite: 'none', partitioned: true }, { '/host': frame }))
    for (let visit = 0; visit < 2; visit++) await page.goto(secure.url('/host', HOME))
    const line = await lastLine('/framed', 2)
    expect(line).toContain(' accepted')
    expect(line).not.toContain('hint:')
  })

  it('R120: the line names SameSite=None that has lost its Secure on the way', async () => {
    const app = createApp()
    app.use(async (ctx, next) => {
      await next()
      const lines = [ctx.response.get('Set-Cookie')].flat()
      ctx.set(
        'Set-Cookie',
        lines.map((line) => line.replace(/; secure/gi, '')),
      )
    })
    app.use(shop({ secure: true, sameSite: 'none' }).middleware[1])
    app.use(shop({}).middleware[2])
    await serve(app)
    for (let visit = 0; visit < 2; visit++) await page.goto(secure.url('/'))
    expect(await lastLine('/', 2)).toMatch(/no-cookie.*hint: same-site-none: SameSite=None without Secure/)
  })

  it('R120: the line names a fetch without its credentials', async () => {
    await serve(shop({}))
    await page.goto(plainUrl('/'))
    // Sooner, it might have been sent beside the page.
    await page.waitForTimeout(1500)
    await page.evaluate(() => fetch('/data', { credentials: 'omit' }).then((answer) => answer.text()))
    expect(await lastLine('/data', 1)).toMatch(/hint: not-sent-back: .*fetch without credentials/)
  })

  it('R120: the line names cookies of one name from two paths', async () => {
    let path = '/'
    await serve(shop({ path: () => path }))
    await page.goto(plainUrl('/cart'))
    path = '/cart'
    for (let visit = 0; visit < 2; visit++) await page.goto(plainUrl('/cart'))
    expect(await lastLine('/cart', 3)).toMatch(/hint: two-cookies: Several cookies of this name came/)
  })
})
