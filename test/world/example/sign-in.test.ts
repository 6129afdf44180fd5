import { Settings } from '../../../example/shop/settings'
import { closeServers } from './browser'
import { ADA, cartCount, visit } from './shop'

const COOKIE = 'shop.session'

afterEach(closeServers)

describe.each(['cookie', 'sealed', 'memory', 'sqlite'])('signing in and out, SESSIONS=%s', (SESSIONS) => {
  test('R47: the account page is a 401 before the sign-in, and is shown after it', async () => {
    const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })

    const refused = await browser.get('/account')
    expect(refused.status).toBe(401)
    expect(refused.body).toContain('href="/sign-in"')

    await browser.submit('/sign-in', ADA)
    const account = await browser.get('/account')
    expect(account.status).toBe(200)
    expect(account.body).toContain('Hello, ada')
    expect(account.body).toContain(`It rests in: ${SESSIONS}.`)
  })

  test('R42: a wrong name and a wrong password are answered alike, and make no session', async () => {
    const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })

    const wrong = [
      { ...ADA, password: 'difference engine' },
      { ...ADA, name: 'nobody' },
      { ...ADA, name: 'constructor' },
      { ...ADA, name: 'x'.repeat(101) },
    ]
    for (const form of wrong) {
      const { status, body, setCookie } = await browser.post('/sign-in', form)
      expect([status, setCookie]).toEqual([422, []])
      expect(body).toContain('The name or the password is wrong.')
      // What was typed is there still, and the password is not.
      expect(body).toContain(`value="${form.name}"`)
      expect(body).not.toContain('difference engine')
    }
    expect((await browser.get('/account')).status).toBe(401)
  })

  test.each([
    ['/account', '/account'],
    ['/nowhere/else', '/nowhere/else'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example', '/'],
  ])('R47: a visitor who wanted to see %s lands at %s after the sign-in', async (to, place) => {
    const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })
    const form = /name="to" value="([^"]*)"/.exec((await browser.get(`/sign-in?to=${encodeURIComponent(to)}`)).body)
    expect(form?.[1]).toBe(place)
    const { status, headers } = await browser.post('/sign-in', { ...ADA, to })
    expect([status, headers.get('location')]).toEqual([303, place])
  })

  test('R42: a visitor who looks around the shop gets no session', async () => {
    const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })
    for (const path of ['/', '/cart', '/sign-in', '/account', '/nowhere']) {
      expect((await browser.get(path)).setCookie).toEqual([])
    }
  })

  test.each<[string, Record<string, string>]>([
    ['without a password', { name: 'ada' }],
    ['with a password that is endless', { name: 'ada', password: 'x'.repeat(101) }],
  ])('a sign-in %s is refused', async (_, form) => {
    const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })
    expect((await browser.post('/sign-in', form)).status).toBe(400)
  })

  test('R1: the cookie of the shop is out of reach for scripts, and for forms of other sites', async () => {
    const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })
    const { setCookie } = await browser.post('/sign-in', ADA)

    // A sealed cookie needs no signature beside it.
    expect(setCookie).toHaveLength(SESSIONS === 'sealed' ? 1 : 2)
    for (const line of setCookie) expect(line).toMatch(/; samesite=lax; httponly$/)
  })

  test('R39: the cookie of the shop stays on HTTPS where the visitor came over HTTPS', async () => {
    const environment = { SESSIONS, SQLITE_FILE: ':memory:' }
    const browser = await visit(environment, new Settings(environment), (shop) => (shop.proxy = true))
    const { setCookie } = await browser.post('/cart/add', { product: 'assam' }, { 'x-forwarded-proto': 'https' })
    expect(setCookie.filter((line) => /; secure(;|$)/.test(line))).toHaveLength(SESSIONS === 'sealed' ? 1 : 2)
  })

  test('R34: the cookie of the shop is another one after the sign-in, and copies of the old one are not signed in', async () => {
    const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })
    await browser.post('/cart/add', { product: 'assam' })
    const copy = browser.copy()

    await browser.post('/sign-in', ADA)
    expect(browser.jar.values.get(COOKIE)).not.toBe(copy.jar.values.get(COOKIE))
    expect((await copy.get('/account')).status).toBe(401)
  })

  test('R34: a sign-out from the shop forgets the user and the cart, and clears the cookie', async () => {
    const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })
    await browser.post('/cart/add', { product: 'assam' })
    await browser.post('/sign-in', ADA)

    const shelf = await browser.submit('/sign-out')
    expect(browser.jar.values.size).toBe(0)
    expect(cartCount(shelf.body)).toBe(0)
    expect(shelf.body).toContain('href="/sign-in"')
  })
})
