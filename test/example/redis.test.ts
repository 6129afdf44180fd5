import { Container } from 'typedi'
import { describeWith } from '../support/require-server'
import { hasRedis, startRedisNode } from '../support/redis-cluster'
import type { ServerProcess } from '../support/server-process'
import { SessionServer } from '../../example/shop/sessions'
import { closeServers } from './browser'
import { ADA, cartCount, visit } from './shop'

describeWith('Redis', hasRedis)('the shop, SESSIONS=redis', () => {
  let server: ServerProcess

  beforeAll(async () => {
    server = await startRedisNode()
  })
  afterEach(closeServers)
  afterAll(async () => {
    Container.get(SessionServer).redis.disconnect()
    await server.stop()
  })

  it('keeps the cart over a sign-in, and forgets the visitor after the sign-out', async () => {
    const browser = await visit({ SESSIONS: 'redis', REDIS_URL: `redis://127.0.0.1:${server.port}` })
    await browser.post('/cart/add', { product: 'assam' })
    await browser.post('/sign-in', ADA)
    expect(cartCount((await browser.get('/')).body)).toBe(1)
    await browser.post('/sign-out', {})
    expect(cartCount((await browser.get('/')).body)).toBe(0)
  })
})
