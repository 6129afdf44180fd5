import Keygrip from 'keygrip'
import { MemoryStore } from 'koa-session-service'
import { backendsWith } from '../../support/backends/backends'
import { createSessionApp } from '../../support/app/session-app'
import { CookieJar, type Visitor } from '../../support/app/app'
import { cookieNames, cookieOf } from '../../support/set-cookie'

/** Signs in under the key `old`, and is accepted once: the signature is remembered. */
async function signIn(keys = ['old', 'other']) {
  const { app, visitor } = createSessionApp({ key: 's' })
  app.keys = keys
  const alice = visitor()
  await alice.get('/set?user=alice')
  expect((await alice.get('/')).json()).toEqual({ user: 'alice' })
  return { app, keys, alice, visitor }
}

async function expectAccepted(visitor: Visitor, key: string | undefined): Promise<void> {
  const { value, pair } = { value: visitor.jar.values.get('s'), pair: `s=${visitor.jar.values.get('s')}` }
  const answer = await visitor.get('/')
  expect(answer.json()).toEqual({ user: 'alice' })
  if (key === undefined) return expect(answer.setCookie).toEqual([])
  expect(cookieOf(answer, 's').value).toBe(value)
  expect(cookieOf(answer, 's.sig').value).toBe(new Keygrip([key]).sign(pair))
}

async function expectRefused(visitor: Visitor): Promise<void> {
  const answer = await visitor.get('/')
  expect(answer.json()).toEqual({})
  expect(cookieNames(answer)).toEqual(['s.sig'])
  expect(cookieOf(answer, 's.sig').value).toBe('')
}

describe('a cookie that was accepted a moment ago', () => {
  test('R30: a cookie that was accepted a moment ago is accepted again as it is', async () => {
    const { alice } = await signIn()
    await expectAccepted(alice, undefined)
  })

  test('R30: a cookie that was accepted a moment ago is refused where app.keys was replaced by a list without its key', async () => {
    const { app, alice } = await signIn()
    app.keys = ['new', 'other']
    await expectRefused(alice)
  })

  test('R30: a cookie that was accepted a moment ago is refused where its key was taken out of the list', async () => {
    const { keys, alice } = await signIn()
    keys.splice(0, 1)
    await expectRefused(alice)
  })

  test('R30: a cookie that was accepted a moment ago is refused where its key was overwritten in the list', async () => {
    const { keys, alice } = await signIn()
    keys[0] = 'new'
    await expectRefused(alice)
  })

  test('R30: a cookie that was accepted a moment ago is signed anew where another key was put before its own', async () => {
    const { keys, alice } = await signIn()
    keys.unshift('new')
    await expectAccepted(alice, 'new')
    await expectAccepted(alice, undefined)
  })

  test('R30: a cookie that was accepted a moment ago is signed anew where app.keys was replaced by a list with its key further down', async () => {
    const { app, alice } = await signIn()
    app.keys = ['new', 'newer', 'old']
    await expectAccepted(alice, 'new')
  })

  test('R30: a cookie that was accepted a moment ago is refused and accepted as its key goes and comes back', async () => {
    const { app, alice, visitor } = await signIn()
    const jar = alice.jar.copy()
    app.keys = ['new']
    await expectRefused(alice)
    app.keys = ['new', 'old']
    await expectAccepted(visitor(jar), 'new')
  })

  test('R30: a cookie is judged by a Keygrip that takes the place of app.keys, and by the list that takes its place again', async () => {
    const { app, alice, visitor } = await signIn()
    const old = alice.jar.copy()
    app.keys = new Keygrip(['new'])
    await expectRefused(visitor(old.copy()))
    app.keys = new Keygrip(['new', 'old'])
    await expectAccepted(visitor(old.copy()), 'new')
    app.keys = ['old']
    await expectAccepted(visitor(old), undefined)
  })
})

test('R30: a remembered signature counts for its own value alone, and in whole', async () => {
  const { alice, visitor } = await signIn()
  const bob = visitor()
  await bob.get('/set?user=bob')
  expect((await bob.get('/')).json()).toEqual({ user: 'bob' })
  const value = alice.jar.values.get('s') as string
  const signature = bob.jar.values.get('s.sig') as string
  for (const [token, sig] of [
    [value, signature],
    [value.slice(0, -1), alice.jar.values.get('s.sig') as string],
    [value, signature.slice(1)],
    [value, ''],
  ]) {
    const jar = new CookieJar()
    jar.values.set('s', token).set('s.sig', sig)
    expect((await visitor(jar).get('/')).json()).toEqual({})
  }
  await expectAccepted(alice, undefined)
})

test('R30: the first cookie is accepted after thousands of others all the same, and is refused without its key', async () => {
  const { keys, alice, visitor } = await signIn()
  const old = new Keygrip(['old'])
  for (let count = 0; count < 3_000; count++) {
    const jar = new CookieJar()
    jar.values.set('s', `x${count}`).set('s.sig', old.sign(`s=x${count}`))
    await visitor(jar).get('/')
  }
  await expectAccepted(alice, undefined)
  keys.shift()
  await expectRefused(alice)
})

test.each(backendsWith({ hasIds: true }))(
  'R30: a cookie under an older key is signed anew also where nobody reads the session, with $name',
  async ({ options }) => {
    const { app, visitor } = createSessionApp({ key: 's', ...options() })
    app.keys = ['old']
    const alice = visitor()
    await alice.get('/set?user=alice')
    app.keys = ['new', 'old']
    const pair = `s=${alice.jar.values.get('s')}`
    expect(cookieOf(await alice.get('/plain'), 's.sig').value).toBe(new Keygrip(['new']).sign(pair))
    expect((await alice.get('/plain')).setCookie).toEqual([])
    app.keys = ['new']
    expect((await alice.get('/')).json()).toEqual({ user: 'alice' })
  },
)

test('R30: keys that change within a request sign what it writes', async () => {
  const { app, visitor } = createSessionApp(
    { key: 's', rolling: true, store: new MemoryStore() },
    { '/rotate': (ctx) => (ctx.session.user, (ctx.app.keys = ['new'])) },
  )
  app.keys = ['old']
  const alice = visitor()
  await alice.get('/set?user=alice')
  await alice.get('/rotate')
  expect((await alice.get('/')).json()).toEqual({ user: 'alice' })
})
