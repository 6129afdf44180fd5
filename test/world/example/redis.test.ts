import { Container } from 'typedi'
import { describeWith } from '../../support/backends/require-server'
import { inTime } from '../../support/races/in-time'
import { hasRedis, startRedisNode } from '../../support/backends/redis-cluster'
import type { ServerProcess } from '../../support/backends/server-process'
import { RedisSessions, SessionBus, SessionServer } from '../../../example/shop/sessions'
import { closeServers, type Browser } from './browser'
import { hear, openPage } from './page'
import { ADA, cartCount, visit } from './shop'

/** What is held is looked at every 30 seconds, whatever the bus says. */
const LESS_THAN_A_RECHECK = 15_000

describeWith('Redis', hasRedis)('the shop, SESSIONS=redis', () => {
  let server: ServerProcess
  const closings: (() => Promise<void>)[] = []

  beforeAll(async () => {
    server = await startRedisNode()
  })
  afterEach(async () => {
    await closeServers()
    for (const close of closings.splice(0)) await close()
  })
  afterAll(() => server.stop())

  /** Each is a process of its own, as far as sessions go: it has its own connections. */
  async function open(): Promise<Browser> {
    const environment = { SESSIONS: 'redis', REDIS_URL: `redis://127.0.0.1:${server.port}`, SESSION_KEYS: 'a key' }
    const browser = await visit(environment)
    const bus = Container.get(SessionBus)
    const store = Container.get(RedisSessions)
    const { redis } = Container.get(SessionServer)
    closings.push(async () => {
      // TypeDI calls what is named so of every service that it forgets, with no key, and the connection is closed by then.
      store.destroy = () => Promise.resolve(false)
      await bus.close()
      await redis.quit()
    })
    return browser
  }

  it('R72: a page that another process of the shop serves is told that it was signed out', async () => {
    const [laptop, phone] = [await open(), await open()]
    for (const browser of [laptop, phone]) await browser.post('/sign-in', ADA)
    const page = await openPage(laptop)
    // The bus may be connecting still. Then it looks once it listens.
    const told = inTime(hear(page), LESS_THAN_A_RECHECK)
    await phone.post('/sessions/revoke-others')
    expect(await told).toBe('signed-out')
  })

  it('the shop keeps the cart in Redis over a sign-in, and forgets the visitor after the sign-out', async () => {
    const browser = await open()
    await browser.post('/cart/add', { product: 'assam' })
    await browser.post('/sign-in', ADA)
    expect(cartCount((await browser.get('/')).body)).toBe(1)
    await browser.post('/sign-out', {})
    expect(cartCount((await browser.get('/')).body)).toBe(0)
  })
})
