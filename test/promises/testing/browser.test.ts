import { existsSync } from 'node:fs'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SessionService } from 'koa-session-service'
import { visit } from 'koa-session-service/testing'
import { chromium, type Browser, type BrowserContext } from 'playwright-core'
import { createApp } from '../../support/app/app'
import { describeWith } from '../../support/backends/require-server'
import { type Data, MODES } from './modes'

/** The modes whose cookies differ: in number, by their names and in their attributes. */
const IN_BROWSER = ['signed cookie', 'sealed in chunks', 'secure by its name', 'sameSite none', 'hardened, in a store']
const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync)

function createSessions(options: ConstructorParameters<typeof SessionService<Data>>[1]): SessionService<Data> {
  return new SessionService<Data>(createApp(), options)
}

describe('the cookies for a browser', () => {
  test('R81: the cookies for a browser are Playwright’s, on the host of the address', async () => {
    const sessions = createSessions({ sameSite: 'strict', path: '/shop' })
    const [cookie, signature] = (await visit(sessions, { userId: 'ada' })).cookies('http://127.0.0.1:3000/any')
    expect(cookie).toEqual({
      name: 'koa.sess',
      value: expect.any(String) as string,
      domain: '127.0.0.1',
      path: '/shop',
      expires: expect.any(Number) as number,
      httpOnly: true,
      secure: false,
      sameSite: 'Strict',
    })
    expect(signature).toMatchObject({ name: 'koa.sess.sig', domain: '127.0.0.1' })
    const hours = (cookie.expires * 1000 - Date.now()) / (60 * 60 * 1000)
    expect(Math.round(hours)).toBe(24)
  })

  test('R81: the cookies for a browser end with the browser where the session does', async () => {
    const ada = await visit(createSessions({ maxAge: 'session' }), { userId: 'ada' })
    expect(ada.cookies('http://localhost').map(({ expires }) => expires)).toEqual([-1, -1])
  })

  test.each([
    ['lax', undefined, 'Lax'],
    ['not set', undefined, 'Lax'],
    ['none', true, 'None'],
    ['strict', undefined, 'Strict'],
  ] as const)(
    'R81: a cookie for a browser with sameSite %s has the one that its browser applies',
    async (sameSite, secure, expected) => {
      const options = sameSite === 'not set' ? {} : { sameSite, secure }
      const [cookie] = (await visit(createSessions(options), { userId: 'ada' })).cookies('https://shop.example')
      expect(cookie.sameSite).toBe(expected)
    },
  )

  test('R81: the cookies for a browser are for all hosts of a domain that the option names', async () => {
    const ada = await visit(createSessions({ domain: 'shop.example' }), { userId: 'ada' })
    for (const host of ['shop.example', 'www.shop.example']) {
      expect(ada.cookies(`http://${host}`)[0].domain).toBe('.shop.example')
    }
    for (const host of ['localhost', 'myshop.example', 'example']) {
      expect(() => ada.cookies(`http://${host}`)).toThrow(/it is for the domain shop.example/)
    }
  })

  test('R81: the cookies for a browser are refused where a browser would not send them', async () => {
    const ada = await visit(createSessions({ secure: true }), { userId: 'ada' })
    for (const url of ['https://shop.example', 'http://localhost:3000', 'http://127.0.0.1', 'http://[::1]']) {
      expect(ada.cookies(url)).toHaveLength(2)
    }
    expect(() => ada.cookies('http://shop.example')).toThrow(/HTTPS only/)
    expect(() => ada.storageState('shop')).toThrow(expect.objectContaining({ code: 'ERR_SESSION_OPTIONS' }))
  })
})

describeWith('Chromium', CHROMIUM !== undefined)('in Chromium', () => {
  let browser: Browser
  const servers: Server[] = []

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  })

  afterAll(async () => {
    await browser.close()
    for (const server of servers) {
      server.closeAllConnections()
      server.close()
    }
  })

  async function serve(sessions: SessionService<Data>): Promise<string> {
    sessions.app.proxy = true
    sessions.app.use(sessions.middleware())
    sessions.app.use(async (ctx) => {
      const session = await sessions.load(ctx)
      ctx.body = session?.userId ?? 'nobody'
    })
    const server = sessions.app.listen(0, '127.0.0.1')
    servers.push(server)
    await once(server, 'listening')
    return `http://localhost:${(server.address() as AddressInfo).port}`
  }

  async function read(context: BrowserContext, url: string): Promise<string> {
    // As the proxy sends it that terminates TLS.
    await context.setExtraHTTPHeaders({ 'x-forwarded-proto': 'https' })
    const page = await context.newPage()
    await page.goto(url)
    const text = await page.textContent('body')
    await context.close()
    return text ?? ''
  }

  const modes = MODES.filter(({ name }) => IN_BROWSER.includes(name))
  test.each(modes)(
    'R81: the browser is signed in by addCookies, and by storageState, with $name',
    async ({ options }) => {
      const sessions = createSessions(options())
      const url = await serve(sessions)
      const ada = await visit(sessions, { userId: 'ada' })

      const context = await browser.newContext()
      await context.addCookies(ada.cookies(url))
      expect(await read(context, url)).toBe('ada')

      const second = await browser.newContext({ storageState: ada.storageState(url) })
      expect(await read(second, url)).toBe('ada')
      expect(await read(await browser.newContext(), url)).toBe('nobody')
    },
  )
})
