import { once } from 'node:events'
import { SessionService } from 'koa-session-service'
import { Container } from 'typedi'
import { WebSocket } from 'ws'
import { closeServers } from './browser'
import { connect, hear, openPage, refusal } from './page'
import { ADA, visit } from './shop'

afterEach(closeServers)
afterEach(() => jest.restoreAllMocks())

describe.each(['memory', 'sqlite'])('a page that is open, SESSIONS=%s', (SESSIONS) => {
  async function signInTwice() {
    const laptop = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })
    const phone = laptop.copy()
    for (const browser of [laptop, phone]) await browser.post('/sign-in', ADA)
    return { laptop, phone }
  }

  test('R72: a page of the shop is told that it was signed out elsewhere, and no other page is', async () => {
    const { laptop, phone } = await signInTwice()
    const [one, another] = [await openPage(laptop), await openPage(phone)]
    const told = hear(one)
    const closed = once(one, 'close')
    await phone.post('/sessions/revoke-others')
    expect(await told).toBe('signed-out')
    await closed
    expect(another.readyState).toBe(WebSocket.OPEN)
  })

  test('R72: the session behind a page of the shop is let go when the page is closed', async () => {
    const { laptop } = await signInTwice()
    const service = Container.get(SessionService)
    const opened = jest.spyOn(service, 'open')
    const page = await openPage(laptop)
    const held = (await opened.mock.results[0].value) as { release: () => void }
    const released = new Promise<void>((resolve) => jest.spyOn(held, 'release').mockImplementation(resolve))
    page.close()
    await released
  })

  test('R74: a websocket to the shop from a page of another site is refused', async () => {
    const { laptop } = await signInTwice()
    expect(await refusal(connect(laptop, { origin: 'https://evil.example' }))).toBe(401)
    expect(await refusal(connect(laptop, { origin: 'null' }))).toBe(401)
  })

  test('R72: a websocket to the shop is refused to visitors who have not signed in, and at another address', async () => {
    const { laptop } = await signInTwice()
    const stranger = laptop.copy()
    stranger.jar.values.clear()
    expect(await refusal(connect(stranger))).toBe(401)
    await stranger.post('/cart/add', { product: 'assam' })
    expect(await refusal(connect(stranger))).toBe(401)
    expect(await refusal(connect(laptop, { path: '/nowhere' }))).toBe(404)
  })
})

test('R72: a websocket to the shop is a 503 where the store is in trouble', async () => {
  const browser = await visit({})
  await browser.post('/sign-in', ADA)
  jest.spyOn(Container.get(SessionService), 'open').mockRejectedValue(new Error('down'))
  expect(await refusal(connect(browser))).toBe(503)
})
