import fc from 'fast-check'
import { MemoryStore, sealed, session, type SessionOptions } from 'koa-session-service'
import { createApp, Visitor } from '../../support/app/app'
import { startClock, stopClock } from '../../support/clock'
import { BACKENDS, SEALING_KEYS } from '../../support/backends/backends'
import { dataOf, newOwner, OwnedApp } from '../../support/owners/owned-app'
import { RUNS } from '../../support/races/race'
import { ScheduledOwnerStore } from '../../support/races/scheduled-store'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))

const MINUTE = 60_000

async function isFresh(visitor: Visitor, method = ''): Promise<boolean> {
  return (await visitor.get(`/fresh/${5 * MINUTE}?method=${method}`)).json<{ isFresh: boolean }>().isFresh
}

const owner: SessionOptions['owner'] = ({ user }) => user as string

describe.each(BACKENDS)('how lately who is signed in has proved it, on $name', ({ options, isConditional }) => {
  let clock: ReturnType<typeof stopClock>
  let site: OwnedApp
  let ann: Visitor

  beforeEach(async () => {
    clock = stopClock()
    const more = {
      regenerated: async (ctx: { session: { user: string } }, sessions: OwnedApp['services'][0]) => {
        await sessions.regenerate({}, ctx as never)
        ctx.session.user = 'bea'
      },
    }
    site = new OwnedApp({ ...options(), verbs: more as never })
    ann = await site.signedIn('ann')
  })

  afterEach(startClock)

  it('R69: a sign-in proves who it is, for as long as is asked', async () => {
    expect(await isFresh(ann)).toBe(true)
    clock.advance(5 * MINUTE - 1)
    expect(await isFresh(ann)).toBe(true)
    clock.advance(1)
    expect(await isFresh(ann)).toBe(false)
  })

  it('R69: confirm() proves anew who is signed in, and says by what', async () => {
    clock.advance(10 * MINUTE)
    expect((await ann.get('/confirm/password')).json()).toEqual({ confirmed: true })
    expect([await isFresh(ann), await isFresh(ann, 'password'), await isFresh(ann, 'totp')]).toEqual([
      true,
      true,
      false,
    ])
    expect((await ann.get('/fresh/1')).json()).toMatchObject({ at: Date.now() })
    expect((await dataOf(ann)).user).toBe('ann')
  })

  it('R69: other writes keep the proof, a change of account begins it anew, and a sign-out ends it', async () => {
    await ann.get('/confirm/password')
    clock.advance(MINUTE)
    await ann.get('/set/cart')
    await ann.get('/regenerate')
    expect(await isFresh(ann, 'password')).toBe(true)
    await ann.get('/as/bea')
    expect([await isFresh(ann), await isFresh(ann, 'password')]).toEqual([true, false])
    await ann.get('/signout')
    expect(await isFresh(ann)).toBe(false)
    expect((await ann.get('/fresh/1')).json()).not.toHaveProperty('at')
  })

  it('R69: a visitor who is not signed in has nothing to confirm: 401 and a code', async () => {
    const stranger = site.visitor()
    expect((await stranger.get('/confirm')).status).toBe(401)
    expect(site.errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_REQUIRED' })])
    expect(await isFresh(stranger)).toBe(false)
  })

  it.each(['x'.repeat(65)])('R69: a method of confirm() that is no short text is a coded error', async (method) => {
    expect((await ann.get(`/confirm/${method}`)).status).toBe(500)
    expect(site.errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_BAD_VALUE' })])
  })

  if (isConditional) {
    it('R69: confirm() makes no second session, and the token that was known before is dead', async () => {
      const stolen = site.visitor(0, ann.jar.copy())
      await ann.get('/confirm')
      expect(await dataOf(stolen)).toEqual({})
      expect(await isFresh(stolen)).toBe(false)
      expect((await dataOf(ann)).user).toBe('ann')
    })
  }
})

describe('without the option "owner"', () => {
  it.each([
    ['a store', (): SessionOptions => ({ store: new MemoryStore() })],
    ['a cookie', (): SessionOptions => ({ codec: sealed({ keys: SEALING_KEYS }) })],
  ])(
    'R69: confirm() without "owner" is noted in %s, and a sign-in as somebody else ends its proof',
    async (_where, options) => {
      const verbs = {
        login: async (ctx: { session: object }, sessions: OwnedApp['services'][0], user: string) => {
          await sessions.regenerate({}, ctx as never)
          Object.assign(ctx.session, { user })
        },
        replace: (ctx: { session: object | null }, _sessions: unknown, user: string) => {
          ctx.session = null
          ctx.session = { user }
        },
      }
      const site = new OwnedApp({ owner: undefined, ...options(), verbs: verbs })
      for (const path of ['/login/bea', '/replace/bea']) {
        const visitor = site.visitor()
        await visitor.get('/login/ann')
        expect(await isFresh(visitor)).toBe(false)
        await visitor.get('/confirm/password')
        expect(await isFresh(visitor, 'password')).toBe(true)
        await visitor.get('/set/cart')
        expect(await isFresh(visitor)).toBe(true)
        await visitor.get(path)
        expect(await isFresh(visitor)).toBe(false)
      }
    },
  )
})

describe('within one request', () => {
  it('R69: a proof does not count for an account that the session is made over to, until that is written', async () => {
    const seen: boolean[] = []
    const verbs = {
      change: async (ctx: { session: { user?: string } }, sessions: OwnedApp['services'][0]) => {
        const ask = () => seen.push(sessions.isFresh(MINUTE, {}, ctx as never))
        ask()
        delete ctx.session.user
        ask()
        ctx.session.user = 'bea'
        ask()
        await sessions.save(ctx as never)
        ask()
      },
    }
    const site = new OwnedApp({ store: new MemoryStore(), verbs: verbs as never })
    await (await site.signedIn('ann')).get('/change')
    expect(seen).toEqual([true, false, false, true])
  })

  it('R69: confirm() once the response is under way is a coded error, and changes nothing', async () => {
    const app = createApp()
    const middleware = session({ store: new MemoryStore(), owner }, app)
    const failures: unknown[] = []
    app.use(middleware)
    app.use(async (ctx) => {
      if (ctx.path === '/as') ctx.session.user = 'ann'
      if (ctx.path === '/late') {
        await middleware.sessions.load(ctx)
        ctx.res.writeHead(200)
        await middleware.sessions.confirm({}, ctx).catch((error: unknown) => failures.push(error))
        ctx.respond = false
        ctx.res.end()
        return
      }
      ctx.body = { user: ctx.session.user as string }
    })
    const ann = new Visitor(app)
    await ann.get('/as')
    await ann.get('/late')
    expect(failures).toEqual([expect.objectContaining({ code: 'ERR_SESSION_HEADERS_SENT' })])
    expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
  })
})

describe('confirm() beside other requests', () => {
  it('R69: a request that is under way with the stolen token writes nothing after confirm()', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), async (scheduler) => {
        const store = new ScheduledOwnerStore(new MemoryStore())
        const site = new OwnedApp({ store, processes: 2 })
        const ann = await site.signedIn(newOwner())
        const thief = site.visitor(1, ann.jar.copy())
        store.calls.length = 0
        await store.race(scheduler, () => Promise.all([ann.get('/confirm'), thief.get('/set/stolen')]))
        const writes = store.calls.filter(({ method, answer }) => {
          return method === 'replace' && (answer as { outcome: string }).outcome === 'written'
        })
        expect(writes.at(-1)?.path).toBe('/confirm')
        expect(await dataOf(thief)).toEqual({})
        expect((await dataOf(ann)).user).toBeDefined()
      }),
      { numRuns: RUNS },
    )
  })

  it('R69: a form that confirms and is submitted twice leaves the browser signed in and fresh, in every order', async () => {
    await fc.assert(
      fc.asyncProperty(fc.scheduler(), fc.boolean(), async (scheduler, isSwapped) => {
        const store = new ScheduledOwnerStore(new MemoryStore())
        const site = new OwnedApp({ store, processes: 2 })
        const ann = await site.signedIn(newOwner())
        store.calls.length = 0
        const send = (index: number) => site.visitor(index, ann.jar.copy()).get('/confirm/password')
        const answers = await store.race(scheduler, () => Promise.all([send(0), send(1)]))
        for (const { setCookie } of isSwapped ? answers.reverse() : answers) ann.jar.accept(setCookie)
        // One that comes when the other is done is not signed in, as with every rotation.
        const confirmed = answers.filter(({ body }) => body === '{"confirmed":true}')
        const first = store.calls.findIndex(({ method }) => method === 'replace')
        const before = store.calls.slice(0, first).filter(({ method }) => method === 'read')
        expect(confirmed).toHaveLength(before.length)
        expect((await dataOf(ann)).user).toBeDefined()
        expect(await isFresh(ann, 'password')).toBe(true)
      }),
      { numRuns: RUNS },
    )
  })
})
