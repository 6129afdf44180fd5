import { Script } from 'node:vm'
import { Container } from 'typedi'
import { Catalogue } from '../../../example/shop/catalogue'
import { html } from '../../../example/shop/pages/html'
import { closeServers } from './browser'
import { ADA, visit } from './shop'

afterEach(closeServers)
afterEach(() => jest.restoreAllMocks())

const SCRIPT = '<script src="/live.js" defer></script>'

test('every page of the shop is HTML that runs one script of the site’s own, and loads nothing from elsewhere', async () => {
  const browser = await visit({})
  await browser.post('/cart/add', { product: 'assam' })
  await browser.post('/sign-in', ADA)

  for (const path of ['/', '/cart', '/account', '/sessions', '/sign-in', '/nowhere']) {
    const { body, headers } = await browser.get(path)
    expect(body).toMatch(/^<!doctype html>/)
    expect(body.split(SCRIPT)).toHaveLength(2)
    expect(body.replace(SCRIPT, '')).not.toMatch(/<script|https?:/)
    expect(headers.get('content-type')).toBe('text/html; charset=utf-8')
    const policy = headers.get('content-security-policy')?.split('; ')
    expect(policy).toEqual(expect.arrayContaining(["default-src 'none'", "script-src 'self'", "connect-src 'self'"]))
  }
})

test('visitors who have not signed in are served no script', async () => {
  const browser = await visit({})
  for (const path of ['/', '/cart', '/sign-in', '/account']) {
    expect((await browser.get(path)).body).not.toContain('<script')
  }
})

test('R42: the script of the shop is a file of its own, and asks for no session', async () => {
  const browser = await visit({})
  await browser.post('/sign-in', ADA)
  const { status, body, headers, setCookie } = await browser.get('/live.js')
  expect([status, setCookie]).toEqual([200, []])
  expect(headers.get('content-type')).toMatch(/javascript/)
  expect(() => new Script(body)).not.toThrow()
})

test('R40: pages of the shop that show a session are not cached', async () => {
  const browser = await visit({})
  for (const path of ['/', '/cart', '/sign-in']) {
    expect((await browser.get(path)).headers.get('cache-control')).toBe('no-store')
  }
})

test('every link and form of the shop leads somewhere', async () => {
  const browser = await visit({})
  await browser.post('/cart/add', { product: 'assam' })
  await browser.post('/sign-in', ADA)

  const pages = await Promise.all(
    ['/', '/cart', '/account', '/sessions', '/sign-in', '/nowhere'].map((path) => browser.get(path)),
  )
  const targets = (pattern: RegExp) =>
    new Set(pages.flatMap(({ body }) => Array.from(body.matchAll(pattern), ([, target]) => target)))
  const links = targets(/href="(\/[^"]*)"/g)
  const forms = targets(/action="(\/[^"]*)"/g)

  expect(links.size).toBeGreaterThan(2)
  expect(forms.size).toBeGreaterThan(3)
  for (const link of links) expect((await browser.get(link)).status).toBe(200)
  for (const form of forms) expect((await browser.copy().post(form)).status).not.toBe(404)
})

test('an error page of the shop keeps the navigation, and leads on to the sign-in', async () => {
  const browser = await visit({})
  await browser.post('/cart/add', { product: 'assam' })
  const { status, body } = await browser.get('/account')
  expect(status).toBe(401)
  expect(body).toContain('Cart (1)')
  expect(body).toContain('href="/sign-in?to=/account"')
})

test.each([
  ['/sessions', '/sessions'],
  ['', '/'],
  ['//', '/'],
])('a visitor who sends a form of the page "%s" after a sign-out is led back to %s', async (page, place) => {
  const browser = await visit({})
  const referer = page === '//' ? 'nonsense' : page && browser.url + page
  const { status, body } = await browser.post('/sessions/revoke-others', {}, referer ? { referer } : {})
  expect(status).toBe(401)
  expect(body).toContain(`href="/sign-in?to=${place}"`)
})

test('R74: a form that a page of another site sends to the shop does nothing', async () => {
  const browser = await visit({})
  await browser.post('/sign-in', ADA)
  const { status, body } = await browser.post('/sign-out', {}, { origin: 'https://evil.example' })
  expect(status).toBe(403)
  expect(body).toContain('page of another site')
  expect((await browser.get('/account')).status).toBe(200)
  expect((await browser.post('/sign-out', {}, { origin: browser.url })).status).toBe(303)
  expect((await browser.get('/account')).status).toBe(401)
})

test('programs that ask the shop for JSON get their errors as JSON', async () => {
  const browser = await visit({})
  const answer = await fetch(`${browser.url}/account`, { headers: { accept: 'application/json' } })
  expect(answer.status).toBe(401)
  expect(await answer.json()).toEqual({ error: 'Unauthorized' })
})

test('the sign-in page shows who can sign in', async () => {
  const browser = await visit({})
  const { body } = await browser.get('/sign-in')
  for (const text of [ADA.name, ADA.password]) expect(body).toContain(`>${text}<`)
})

test('R14: a page of the shop that fails tells nothing of the error, and the session goes on', async () => {
  const browser = await visit({ SESSIONS: 'memory' })
  await browser.post('/sign-in', ADA)
  jest.spyOn(console, 'error').mockImplementation(() => undefined)
  jest.spyOn(Container.get(Catalogue), 'linesOf').mockImplementationOnce(() => {
    throw new Error('the password of the database is tea')
  })

  const { status, body } = await browser.get('/cart')
  expect(status).toBe(500)
  expect(body).toContain('not your fault')
  expect(body).not.toContain('database')
  expect(console.error).toHaveBeenCalledWith(expect.stringContaining('database'))
  expect((await browser.get('/account')).status).toBe(200)
})

test('what is put into a template of a page is escaped once, unless it is markup itself', () => {
  const item = (text: string) => html`<b title="${text}">${text}</b>`

  expect(html`<p>${['a<b', `'&"`].map(item)}</p>`.toString()).toBe(
    '<p><b title="a&lt;b">a&lt;b</b><b title="&#39;&amp;&quot;">&#39;&amp;&quot;</b></p>',
  )
  expect(html`<p>${false}${undefined}${0}</p>`.toString()).toBe('<p>0</p>')
})
