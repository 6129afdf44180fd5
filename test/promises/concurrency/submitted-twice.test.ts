import type { Context } from 'koa'
import { LayeredStore, MemoryStore, type SessionOptions, type SessionService, type Store } from 'koa-session-service'
import { Visitor } from '../../support/app/app'
import { createGate } from '../../support/races/gate'
import { createSite, sessionOf, type Handlers, type Site } from '../../support/app/site'
import { spyOnMemory } from '../../support/spies/spy-on'

type SignIn = (sessions: SessionService, ctx: Context) => unknown

const OWNED: SessionOptions = { owner: ({ user }) => user as string }

const STORES: { name: string; create: () => { shared: Store; storeOf: (shared: never) => Store } }[] = [
  { name: 'MemoryStore', create: () => ({ shared: new MemoryStore(), storeOf: (shared: Store) => shared }) },
  {
    name: 'a store that answers later',
    create: () => ({ shared: spyOnMemory().store, storeOf: (shared: Store) => shared }),
  },
  {
    name: 'LayeredStore',
    create: () => ({
      shared: new MemoryStore(),
      storeOf: (shared: MemoryStore) => new LayeredStore(shared, { maxStale: 60_000 }),
    }),
  },
]

const SIGN_INS: { name: string; signIn: SignIn }[] = [
  {
    name: 'with a change, then an update()',
    signIn: (sessions, ctx) => {
      ctx.session.user = 'ann'
      return sessions.update(moveIn, ctx)
    },
  },
  {
    name: 'within the update()',
    signIn: (sessions, ctx) =>
      sessions.update((data) => {
        data.user = 'ann'
        moveIn(data)
      }, ctx),
  },
  {
    name: 'with an update() that takes its time',
    signIn: (sessions, ctx) =>
      sessions.update(async (data) => {
        data.user = 'ann'
        await new Promise(setImmediate)
        moveIn(data)
      }, ctx),
  },
  {
    name: 'with an update() that nobody awaits, and a change',
    signIn: (sessions, ctx) => {
      void sessions.update(moveIn, ctx)
      ctx.session.user = 'ann'
    },
  },
]

/** What a sign-in makes of the session that was there: it counts, and begins a cart only where there is none. */
function moveIn(data: Record<string, unknown>): void {
  data.logins = Number(data.logins ?? 0) + 1
  data.cart ??= []
}

describe.each(STORES)('a sign-in that is submitted twice, on $name', ({ create }) => {
  function open(handlers: (site: () => Site) => Handlers, processes: number) {
    const { shared, storeOf } = create()
    const make = (): Site => {
      const site: Site = createSite(
        { ...OWNED, store: storeOf(shared as never) },
        {
          '/seed': (ctx) => Object.assign(ctx.session, { logins: 5, cart: ['tea'] }),
          ...handlers(() => site),
        },
      )
      return site
    }
    const first = make()
    // A process that remembers nothing of the record.
    const reader = createSite({ ...OWNED, store: shared })
    const shownTo = ({ jar }: Visitor) => sessionOf(new Visitor(reader.app, jar.copy()))
    return { first, second: processes === 1 ? first : make(), shownTo }
  }

  describe.each([1, 2])('in %i processes', (processes) => {
    it.each(SIGN_INS)(
      'R84: the second sign-in of two, with the earlier token, changes the session that it joins: $name',
      async ({ signIn }) => {
        const { first, second, shownTo } = open(
          (site) => ({ '/login': (ctx) => signIn(site().sessions, ctx) }),
          processes,
        )
        const browser = first.visitor
        await browser.get('/seed')
        const again = new Visitor(second.app, browser.jar.copy())
        expect((await browser.get('/login')).status).toBe(200)
        const { status, setCookie } = await again.get('/login')
        expect(status).toBe(200)
        browser.jar.accept(setCookie)
        expect(await shownTo(browser)).toEqual({ user: 'ann', logins: 7, cart: ['tea'] })
      },
    )

    it.each(SIGN_INS)(
      'R84: a second sign-in that was under way meanwhile changes the session that it joins: $name',
      async ({ signIn }) => {
        const gate = createGate()
        let isHeld = true
        const { first, second, shownTo } = open(
          (site) => ({
            '/login': async (ctx) => {
              if (isHeld) {
                isHeld = false
                await gate.pass()
              }
              await signIn(site().sessions, ctx)
            },
          }),
          processes,
        )
        const browser = first.visitor
        await browser.get('/seed')
        const slow = new Visitor(second.app, browser.jar.copy()).get('/login')
        await gate.reached
        expect((await browser.get('/login')).status).toBe(200)
        gate.open()
        const { status, setCookie } = await slow
        expect(status).toBe(200)
        browser.jar.accept(setCookie)
        expect(await shownTo(browser)).toEqual({ user: 'ann', logins: 7, cart: ['tea'] })
      },
    )
  })
})
