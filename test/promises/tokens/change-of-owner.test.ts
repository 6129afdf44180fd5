import type { SessionOptions } from 'koa-session-service'
import type { CookieJar } from '../../support/app/app'
import { startClock, stopClock } from '../../support/clock'
import { BACKENDS, backendsWith } from '../../support/backends/backends'
import { createSessionApp, type Action, type SessionApp } from '../../support/app/session-app'

const owner: SessionOptions['owner'] = ({ user }) => user as string | undefined

/** How long a token that was rotated away counts as one of a request under way, in milliseconds. */
const LATE_MS = 10_000

const CHANGES: [string, string, string, object][] = [
  ['signs in', '/set?cart=tea', '/set?user=ann', { cart: 'tea', user: 'ann' }],
  ['changes account', '/set?user=ann', '/set?user=bea', { user: 'bea' }],
  ['signs out by deleting the key', '/set?user=ann&cart=tea', '/delete?key=user', { cart: 'tea' }],
]

/** Once it is no longer one of a request under way, an old token reads nothing, writes nothing and ends nothing. */
async function expectDead(old: CookieJar, visitor: SessionApp['visitor']): Promise<void> {
  expect((await visitor(old.copy()).get('/')).json()).toEqual({})
  const { advance } = stopClock(Date.now())
  advance(LATE_MS + 1)
  for (const path of ['/', '/set?user=eve', '/regenerate', '/touch', '/logout']) {
    const thief = visitor(old.copy())
    const { status, body } = await thief.get(path)
    expect([path, status, path === '/' ? body : '']).toEqual([path, 200, path === '/' ? '{}' : ''])
  }
  startClock()
}

describe.each(backendsWith({ hasIds: true }))('owner: $name', ({ options }) => {
  afterEach(startClock)

  it.each(CHANGES)(
    'R34: a visitor who %s has a new token, and the old one is dead',
    async (_what, before, change, data) => {
      const { visitor } = createSessionApp({ ...options(), owner })
      const ann = visitor()
      await ann.get(before)
      const old = ann.jar.copy()
      const { body: oldId } = await ann.get('/id')
      await ann.get(change)
      expect((await ann.get('/id')).body).not.toBe(oldId)
      expect((await ann.get('/')).json()).toEqual(data)
      await expectDead(old, visitor)
      expect((await ann.get('/')).json()).toEqual(data)
    },
  )

  it.each(CHANGES)(
    'R34: update(), save() and regenerate() make the change with a new token, and the old one is dead: %s',
    async (_what, before, change, data) => {
      const ways: Record<string, Action> = {
        '/update': (ctx, sessions) =>
          sessions.update((session: Record<string, unknown>) => {
            const { user } = data as { user?: string }
            if (user === undefined) delete session.user
            else session.user = user
          }, ctx),
        '/save': async (ctx, sessions) => {
          Object.assign(ctx.session, { user: undefined }, data)
          await sessions.save(ctx)
        },
        '/restart': async (ctx, sessions) => {
          await sessions.regenerate({ keepData: false }, ctx)
          Object.assign(ctx.session, data)
        },
      }
      for (const way of [change, ...Object.keys(ways)]) {
        const { visitor } = createSessionApp({ ...options(), owner }, ways)
        const ann = visitor()
        await ann.get(before)
        const old = ann.jar.copy()
        await ann.get(way)
        expect([way, (await ann.get('/')).json()]).toEqual([way, data])
        await expectDead(old, visitor)
        expect([way, (await ann.get('/')).json()]).toEqual([way, data])
      }
    },
  )

  it('R34: the same owner keeps the token', async () => {
    const visitor = createSessionApp({ ...options(), owner }).visitor()
    await visitor.get('/set?user=ann')
    const { body: id } = await visitor.get('/id')
    await visitor.get('/set?cart=tea')
    await visitor.get('/set?user=ann')
    expect((await visitor.get('/id')).body).toBe(id)
  })

  it('R34: an owner that is null, undefined or missing is nobody, and the owner 0 is somebody', async () => {
    const accounts: unknown[] = [undefined, null, 0, 7]
    const visitor = createSessionApp(
      { ...options(), owner: ({ account }) => account as number },
      { '/account': (ctx) => Object.assign(ctx.session, { account: accounts[Number(ctx.query.index)] }) },
    ).visitor()
    await visitor.get('/set?cart=tea')
    const ids: string[] = []
    for (const index of accounts.keys()) {
      await visitor.get(`/account?index=${index}`)
      ids.push((await visitor.get('/id')).body)
    }
    expect(ids[0]).toBe(ids[1])
    expect(new Set(ids).size).toBe(3)
  })

  it('R34: nothing rotates by itself without the option owner', async () => {
    const visitor = createSessionApp(options()).visitor()
    await visitor.get('/set?cart=tea')
    const { body: id } = await visitor.get('/id')
    await visitor.get('/set?user=ann')
    expect((await visitor.get('/id')).body).toBe(id)
  })

  it.each([{}, { lazy: true }])(
    'R34: ctx.session = null and new data make a new token, and the old one is dead (%j)',
    async (laziness) => {
      const backend = { ...options(), ...laziness }
      const { visitor } = createSessionApp(backend, {
        '/': async (ctx, sessions) => (await sessions.load(ctx)) ?? '',
        '/set': async (ctx, sessions) => void Object.assign((await sessions.load(ctx)) ?? {}, ctx.query),
        '/blind-replace': (ctx) => {
          ctx.session = null
          ctx.session = { ...ctx.query }
        },
      })
      const ann = visitor()
      await ann.get('/set?user=ann')
      const old = ann.jar.copy()
      expect((await ann.get('/blind-replace?user=bea')).status).toBe(200)
      expect(ann.jar.values.get('koa.sess')).not.toBe(old.values.get('koa.sess'))
      expect((await ann.get('/')).json()).toEqual({ user: 'bea' })
      expect((await visitor(old).get('/')).json()).toEqual({})
    },
  )
})

describe.each(BACKENDS)('owner: $name', ({ options }) => {
  it("R34: a token that the attacker had before the sign-in never reads the victim's session", async () => {
    const { visitor } = createSessionApp({ ...options(), owner })
    const attacker = visitor()
    await attacker.get('/set?cart=planted')
    const victim = visitor(attacker.jar.copy())
    await victim.get('/set?user=ann')
    expect((await attacker.get('/')).json()).not.toHaveProperty('user')
    expect((await victim.get('/')).json()).toEqual({ cart: 'planted', user: 'ann' })
  })
})

describe.each(backendsWith({ hasIds: false }))('owner: $name', ({ options }) => {
  it.each(CHANGES)(
    'R34: a visitor whose session rests in its cookie and who %s goes on as before: there is no id',
    async (_what, before, change, data) => {
      const visitor = createSessionApp({ ...options(), owner }).visitor()
      await visitor.get(before)
      const { setCookie, status } = await visitor.get(change)
      expect(status).toBe(200)
      const names = setCookie.map((line) => line.slice(0, line.indexOf('=')))
      expect(names).toEqual([...new Set(names)])
      expect((await visitor.get('/')).json()).toEqual(data)
      expect((await visitor.get('/id')).body).toBe('')
    },
  )
})
