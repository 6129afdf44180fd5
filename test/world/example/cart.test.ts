import { deferred } from '../../support/races/interleave'
import { Container } from 'typedi'
import { MemorySessions } from '../../../example/shop/sessions'
import { closeServers } from './browser'
import { ADA, cartCount, visit } from './shop'

afterEach(closeServers)

describe.each(['cookie', 'sealed', 'memory', 'sqlite'])('the cart, SESSIONS=%s', (SESSIONS) => {
  test('R49: the service that a controller has injected adds to the visitor’s cart', async () => {
    const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })

    await browser.submit('/cart/add', { product: 'assam' })
    const shelf = await browser.submit('/cart/add', { product: 'assam' })
    const cart = await browser.get('/cart')

    expect(shelf.body).toContain('Our teas')
    expect(cartCount(shelf.body)).toBe(2)
    expect(cart.body).toContain('<td>Assam</td>')
    expect(cart.body).toContain('€ 12.80')
  })

  test('R49: the service that a controller has injected removes from the visitor’s cart', async () => {
    const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })
    await browser.post('/cart/add', { product: 'assam' })
    await browser.post('/cart/add', { product: 'sencha' })

    const cart = await browser.submit('/cart/remove', { product: 'assam' })
    expect(cart.body).toContain('<td>Sencha</td>')
    expect(cart.body).not.toContain('<td>Assam</td>')

    const empty = await browser.submit('/cart/remove', { product: 'sencha' })
    expect(empty.body).toContain('nothing in it yet')
    expect(cartCount(empty.body)).toBe(0)
  })

  test('R49: each visitor of the shop has a cart of their own', async () => {
    const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })
    const other = browser.copy()
    await browser.post('/cart/add', { product: 'assam' })

    expect(cartCount((await other.get('/')).body)).toBe(0)
  })

  test('R34: the cart of the shop comes along when the visitor signs in', async () => {
    const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })
    await browser.post('/cart/add', { product: 'assam' })

    const shelf = await browser.submit('/sign-in', ADA)
    expect(cartCount(shelf.body)).toBe(1)
  })

  test('R47: what is written to the session that a handler is given is kept, and is shown as text', async () => {
    const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })
    await browser.post('/cart/add', { product: 'earl-grey' })

    const cart = await browser.submit('/cart/note', { note: `"><script>alert('&')</script>` })
    expect(cart.body).toContain('value="&quot;&gt;&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;"')
    expect(cart.body).toContain('<td>Earl Grey &amp; Friends</td>')

    const account = await browser.submit('/sign-in', ADA).then(() => browser.get('/account'))
    expect(account.body).toContain('&lt;script&gt;')
    expect(account.body).not.toContain('<script>')
  })

  test('R47: a note that is too long is not kept, and is there still to be shortened', async () => {
    const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })
    await browser.post('/cart/add', { product: 'assam' })
    await browser.post('/cart/note', { note: 'ring twice' })
    const typed = 'x'.repeat(201)

    const { status, body } = await browser.post('/cart/note', { note: typed })
    expect(status).toBe(422)
    expect(body).toContain(`value="${typed}"`)
    expect(body).toContain('The note has 201 characters. 200 fit.')
    expect((await browser.get('/cart')).body).toContain('value="ring twice"')
    expect((await browser.get('/cart/note')).headers.get('location')).toBe('/cart')
    expect((await browser.submit('/cart/note', { note: typed.slice(1) })).body).toContain(`value="${typed.slice(1)}"`)
  })

  test('R47: what a handler deletes from the session that it is given is gone', async () => {
    const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })
    await browser.post('/cart/add', { product: 'assam' })
    await browser.post('/cart/note', { note: 'ring twice' })

    const cart = await browser.submit('/cart/note', { note: '' })
    expect(cart.body).not.toContain('ring twice')
  })

  test.each(['no-such-tea', '__proto__', ''])(
    'R42: the shop makes no session for the product "%s", which it does not have',
    async (product) => {
      const browser = await visit({ SESSIONS, SQLITE_FILE: ':memory:' })
      const { status, setCookie } = await browser.post('/cart/add', { product })

      expect([400, 404]).toContain(status)
      expect(setCookie).toEqual([])
    },
  )
})

test('R10: parallel clicks all count in a shop where nothing is set', async () => {
  const browser = await visit({})
  await browser.post('/cart/add', { product: 'assam' })
  const clicks = 5
  readTogether(Container.get(MemorySessions), clicks)

  await Promise.all(Array.from({ length: clicks }, () => browser.post('/cart/add', { product: 'assam' })))
  expect(cartCount((await browser.get('/')).body)).toBe(1 + clicks)
})

/** Holds back what the first `count` requests read, until all of them have read the same. */
function readTogether(store: MemorySessions, count: number): void {
  const { promise: allHaveRead, resolve } = deferred()
  const read = store.read.bind(store)
  let reads = 0
  jest.spyOn(store, 'read').mockImplementation((key) => {
    const found = read(key)
    if (++reads > count) return found
    if (reads === count) resolve()
    return allHaveRead.then(() => found) as never
  })
}
