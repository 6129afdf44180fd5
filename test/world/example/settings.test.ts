import { Container } from 'typedi'
import { createShop } from '../../../example/shop/app'
import { MemorySessions } from '../../../example/shop/sessions'
import { Settings } from '../../../example/shop/settings'
import { closeServers } from './browser'
import { ADA, cartCount, visit } from './shop'

afterEach(closeServers)

test.each(['pigeon', 'constructor', 'Memory'])(
  'SESSIONS=%s is refused, and the error tells the choices',
  (SESSIONS) => {
    expect(() => createShop(new Settings({ SESSIONS }))).toThrow(
      new RegExp(`^SESSIONS=${SESSIONS} is not known\\. It takes one of: cookie, sealed, memory\\b`),
    )
  },
)

test('without SESSIONS, sessions rest in memory, so that two clicks at once are two', () => {
  expect(new Settings({}).sessions).toBe('memory')
  expect(new Settings({ SESSIONS: '' }).sessions).toBe('memory')
})

test('R50: the container builds the store of the shop, with the settings that it depends on', async () => {
  const settings = Object.assign(new Settings({ SESSIONS: 'memory' }), { maxSessions: 1 })
  const first = await visit({}, settings)
  const second = first.copy()
  await first.post('/cart/add', { product: 'assam' })
  expect(Container.get(MemorySessions).size).toBe(1)

  await second.post('/cart/add', { product: 'assam' })
  expect(Container.get(MemorySessions).size).toBe(1)
  expect(cartCount((await first.get('/')).body)).toBe(0)
  expect(cartCount((await second.get('/')).body)).toBe(1)
})

test('R30: sessions of the shop outlive a restart with the same SESSION_KEYS, and with another key in front', async () => {
  const before = await visit({ SESSIONS: 'cookie', SESSION_KEYS: 'old' })
  await before.post('/sign-in', ADA)

  for (const SESSION_KEYS of ['old', 'new,old']) {
    const after = await visit({ SESSIONS: 'cookie', SESSION_KEYS })
    for (const [name, value] of before.jar.values) after.jar.values.set(name, value)
    expect((await after.get('/account')).status).toBe(200)
  }
})

test('without SESSION_KEYS, every start of the shop has a key of its own', () => {
  const [one, two] = [new Settings({}), new Settings({ SESSION_KEYS: '' })]

  expect([one.hasFreshKeys, two.hasFreshKeys]).toEqual([true, true])
  expect(one.keys).not.toEqual(two.keys)
  expect(one.keys[0].length).toBeGreaterThan(40)
  expect(new Settings({ SESSION_KEYS: 'a,b' })).toMatchObject({ keys: ['a', 'b'], hasFreshKeys: false })
})

test.each(['x', '-1', '3000.5', '65536'])('PORT=%s is no port, and is refused', (PORT) => {
  expect(() => new Settings({ PORT })).toThrow(`PORT=${PORT} is not a port`)
})
