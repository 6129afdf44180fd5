import { request } from 'node:https'
import type { Browser, BrowserContext, Cookie, Page } from 'playwright-core'
import { hardened, MemoryStore, sealed, session, type SessionOptions } from 'koa-session-service'
import { deviceBound } from 'koa-session-service/dbsc'
import { createApp } from '../../support/app/app'
import { LONG_KEYS, type Account } from '../../support/device/bound-site'
import { CHROMIUM, ELSEWHERE, hasOpenssl, launch, serveSecurely, type SecureSite } from '../../support/app/chromium'
import { SEALING_KEYS } from '../../support/backends/backends'
import { describeWith } from '../../support/backends/require-server'
import { SoftwareDevice } from '../../support/device/software-device'

/** Long enough for a slow machine, and short enough to wait for. */
const LIFETIME = 5_000
const REGISTER = 'POST /device-bound-session/register 200'
const REFRESH = 'POST /device-bound-session/refresh 200'

/** What became of each request, as method, path and status. */
interface BrowserSite extends SecureSite {
  log: string[]
  /** What the browser was told to call its bindings. */
  ids: string[]
  /** What the refreshes were answered with that ended a binding. */
  ends: unknown[]
}

async function serve(options: SessionOptions<Account>): Promise<BrowserSite> {
  const app = createApp()
  const log: string[] = []
  const ids: string[] = []
  const ends: unknown[] = []
  app.use(async function note(ctx, next) {
    await next()
    log.push(`${ctx.method} ${ctx.path} ${ctx.status}`)
    const body = ctx.body as { session_identifier?: string; continue?: boolean }
    if (ctx.path.endsWith('/register')) ids.push(String(body.session_identifier))
    if (ctx.path.endsWith('/refresh') && body.continue === false) ends.push(body)
  })
  const binding = deviceBound({ lifetime: LIFETIME, keys: LONG_KEYS })
  const owner = ({ userId }: Account): string | undefined => userId
  const middleware = session<Account>({ sameSite: 'lax', owner, binding, ...options }, app)
  app.use(middleware)
  app.use(async function pages(ctx) {
    const data = ctx.session as Account
    if (ctx.path === '/login') data.userId = 'ann'
    if (ctx.path === '/set') Object.assign(data, ctx.query)
    if (ctx.path === '/logout') await middleware.sessions.destroy(ctx)
    const isBound = middleware.sessions.isBound(ctx)
    const told = JSON.stringify({ data: ctx.session as unknown, isBound })
    ctx.type = 'html'
    const link = site.url('/')
    ctx.body = `<link rel="icon" href="data:,"><a href="${link}">home</a><pre>${told}</pre>`
  })
  const site = await serveSecurely(app)
  return { ...site, log, ids, ends }
}

interface Shown {
  data: Account | null
  isBound: boolean
}

async function shownOn(page: Page): Promise<Shown> {
  return JSON.parse(await page.locator('pre').innerText()) as Shown
}

async function visit(page: Page, url: string): Promise<Shown> {
  await page.goto(url)
  return shownOn(page)
}

interface Reply {
  status: number
  headers: Record<string, unknown>
  body: string
}

/** Somebody else's program, with copies of a browser's cookies. */
function ask(url: string, cookies: Cookie[], method = 'GET', headers: Record<string, string> = {}): Promise<Reply> {
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      { method, headers: { cookie, ...headers }, rejectUnauthorized: false, agent: false },
      (reply) => {
        let body = ''
        reply.setEncoding('utf8').on('data', (text: string) => (body += text))
        reply.on('end', () => resolve({ status: reply.statusCode ?? 0, headers: reply.headers, body }))
      },
    )
    sent.on('error', reject).end()
  })
}

const wait = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 200; turn++) {
    if (condition()) return
    await wait(50)
  }
  throw new Error(`in ten seconds, ${what}`)
}

const BACKENDS: [name: string, options: () => SessionOptions<Account>][] = [
  ['a store', () => ({ store: new MemoryStore() })],
  ['a sealed cookie', () => ({ codec: sealed({ keys: SEALING_KEYS }) })],
]

/** The name that it gives a session's cookie: browsers watch not every one. */
const HARDENED: (typeof BACKENDS)[number] = [
  'a store and hardened()',
  () => {
    const { key, secure } = hardened({ store: new MemoryStore(), binding: deviceBound() })
    return { store: new MemoryStore(), key, secure }
  },
]

describeWith('chromium with openssl', CHROMIUM !== undefined && hasOpenssl)('Chromium', () => {
  let site: BrowserSite
  let browser: Browser
  let context: BrowserContext
  let page: Page

  async function begin(options: SessionOptions<Account>, { binds }: { binds: boolean }): Promise<void> {
    site = await serve(options)
    browser = await launch(site, { binds })
    context = await browser.newContext()
    page = await context.newPage()
  }

  afterEach(async () => {
    await browser.close()
    await site.close()
  })

  it.each([...BACKENDS, HARDENED])(
    'R77: Chromium, with %s, registers after the sign-in, refreshes, and forgets after the logout',
    async (_name, options) => {
      await begin(options(), { binds: true })
      expect(await visit(page, site.url('/login'))).toEqual({ data: { userId: 'ann' }, isBound: false })
      await until(() => site.log.includes(REGISTER), 'no key was registered')
      await wait(300)
      expect(await visit(page, site.url('/'))).toEqual({ data: { userId: 'ann' }, isBound: true })
      for (const turn of ['1', '2']) {
        await wait(LIFETIME)
        const before = site.log.filter((line) => line === REFRESH).length
        const shown = await visit(page, site.url(`/set?turn=${turn}`))
        expect(shown).toEqual({ data: { userId: 'ann', turn }, isBound: true })
        expect(site.log.filter((line) => line === REFRESH).length).toBeGreaterThan(before)
      }
      await page.goto(site.url('/logout'))
      expect(await visit(page, site.url('/'))).toEqual({ data: {}, isBound: false })
    },
  )

  it.each(BACKENDS)(
    "R77: a copy of Chromium's cookies, with %s, is dead after its time and cannot be refreshed",
    async (_name, options) => {
      await begin(options(), { binds: true })
      await page.goto(site.url('/login'))
      await until(() => site.log.includes(REGISTER), 'no key was registered')
      await wait(300)
      const stolen = await context.cookies([site.url('/'), site.url('/device-bound-session/refresh')])
      expect((await ask(site.url('/'), stolen)).body).toContain('"userId":"ann"')
      await wait(LIFETIME + 500)
      expect((await ask(site.url('/'), stolen)).body).not.toContain('ann')
      const [id] = site.ids
      const url = site.url('/device-bound-session/refresh')
      const asked = await ask(url, stolen, 'POST', { 'sec-secure-session-id': `"${id}"` })
      expect(asked.status).toBe(403)
      const [, challenge] = /^"([\w-]+)"/.exec(String(asked.headers['secure-session-challenge'])) ?? []
      const forged = new SoftwareDevice().prove(challenge)
      const headers = { 'sec-secure-session-id': `"${id}"`, 'secure-session-response': forged }
      const refused = await ask(url, stolen, 'POST', headers)
      expect([refused.status, refused.headers['set-cookie']]).toEqual([400, undefined])
      expect(await visit(page, site.url('/'))).toEqual({ data: { userId: 'ann' }, isBound: true })
    },
  )

  it('R77: Chromium is told to forget its binding after a logout in another window', async () => {
    await begin({ store: new MemoryStore() }, { binds: true })
    await page.goto(site.url('/login'))
    await until(() => site.log.includes(REGISTER), 'no key was registered')
    await wait(300)
    await page.goto(site.url('/logout'))
    await visit(page, site.url('/'))
    await until(() => site.ends.length > 0, 'no refresh was answered with the end of the binding')
    const refreshes = site.log.length
    await visit(page, site.url('/'))
    expect(site.log.slice(refreshes)).toEqual(['GET / 200'])
  })

  it('R77: a visitor who comes back to Chromium over a link on another site is signed in', async () => {
    await begin({ store: new MemoryStore() }, { binds: true })
    await page.goto(site.url('/login'))
    await until(() => site.log.includes(REGISTER), 'no key was registered')
    await wait(300)
    await page.goto(site.url('/', ELSEWHERE))
    await wait(LIFETIME)
    await page.click('a')
    await page.waitForURL(site.url('/'))
    expect(await shownOn(page)).toEqual({ data: { userId: 'ann' }, isBound: true })
  })

  it.each(BACKENDS)(
    'R77: a Chromium that knows no bindings keeps its session with %s as ever',
    async (_name, options) => {
      await begin(options(), { binds: false })
      await page.goto(site.url('/login'))
      await wait(LIFETIME + 500)
      expect(await visit(page, site.url('/set?a=1'))).toEqual({ data: { userId: 'ann', a: '1' }, isBound: false })
      expect(site.log).toEqual(['GET /login 200', 'GET /set 200'])
      const [cookie] = (await context.cookies()).filter(({ name }) => name === 'koa.sess')
      expect(cookie.expires * 1000).toBeGreaterThan(Date.now() + 23 * 60 * 60 * 1000)
    },
  )
})
