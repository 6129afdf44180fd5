import type { Context } from 'koa'
import { SessionService } from 'koa-session-service'
import { createSite } from '../../support/app/site'
import { Visitor } from '../../support/app/app'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { createGate } from '../../support/races/gate'

type Data = Record<string, unknown>

const sessionsOf = (ctx: Context): SessionService<Data> => SessionService.of(ctx) as unknown as SessionService<Data>

const WEEK = 7 * 86_400_000

/** How a session comes from Al to Zoe, or to nobody, while a page of Al's writes. */
const WAYS: Record<string, { go: (ctx: Context) => unknown; becomes: Data }> = {
  'another ctx.session': { go: (ctx) => (ctx.session = { user: 'zoe' }), becomes: { user: 'zoe' } },
  'another ctx.session, and save()': {
    go: async (ctx) => {
      ctx.session = { user: 'zoe' }
      await sessionsOf(ctx).save(ctx)
    },
    becomes: { user: 'zoe' },
  },
  'another ctx.session, and regenerate()': {
    go: async (ctx) => {
      ctx.session = { user: 'zoe' }
      await sessionsOf(ctx).regenerate(ctx)
    },
    becomes: { user: 'zoe' },
  },
  'an empty ctx.session': { go: (ctx) => (ctx.session = {}), becomes: {} },
  'update() that clears': {
    go: (ctx) =>
      sessionsOf(ctx).update((data) => {
        for (const key of Object.keys(data)) Reflect.deleteProperty(data, key)
        Object.assign(data, { user: 'zoe' })
      }, ctx),
    becomes: { user: 'zoe' },
  },
  'regenerate() without data': {
    go: async (ctx) => {
      await sessionsOf(ctx).regenerate({ keepData: false }, ctx)
      ctx.session.user = 'zoe'
    },
    becomes: { user: 'zoe' },
  },
}

/** What the same request has called before, and has not awaited. */
const UNDER_WAY: Record<string, (ctx: Context) => Promise<unknown>> = {
  'touch()': (ctx) => sessionsOf(ctx).touch(ctx),
  'save()': (ctx) => sessionsOf(ctx).save(ctx),
  'regenerate()': (ctx) => sessionsOf(ctx).regenerate(ctx),
  'update()': (ctx) => sessionsOf(ctx).update((data) => Object.assign(data, data.user === 'al' && { cart: 2 }), ctx),
}

/** Those after which it is as long as Zoe's page says, whatever Al's has said meanwhile. */
const ANEW = Object.entries(WAYS).filter(([name]) => name !== 'update() that clears')

const IN_PLACE = (ctx: Context): unknown => (ctx.session.user = 'zoe')

describeOnEachStore('a session that comes to another account', (getStore) => {
  /** What is in the session at last, where a request writes between the reading and the commit of the one that changes its account. */
  async function raced(first: '/al' | '/visit', go: (ctx: Context) => unknown) {
    const gate = createGate()
    const { app, visitor, errors } = createSite(
      { store: getStore(), owner: ({ user }) => user as string | undefined },
      {
        '/visit': (ctx) => (ctx.session.cart = 1),
        '/al': (ctx) => Object.assign(ctx.session, { user: 'al', cart: 1 }),
        '/write': (ctx) => Object.assign(ctx.session, { secret: 'of al', maxAge: WEEK }),
        '/age': (ctx) => (ctx.body = { maxAge: ctx.session.maxAge as number }),
        '/go': async (ctx) => {
          await sessionsOf(ctx).load(ctx)
          await gate.pass()
          await go(ctx)
        },
      },
    )
    await visitor.get(first)
    const going = visitor.get('/go')
    await gate.reached
    await new Visitor(app, visitor.jar.copy()).get('/write')
    gate.open()
    await going
    expect(errors).toEqual([])
    const { session } = (await visitor.get('/')).json<{ session: Data }>()
    return { session, ...(await visitor.get('/age')).json<{ maxAge: number }>() }
  }

  it.each(Object.entries(WAYS))(
    'R55: what the account before has written meanwhile is not in the session after %s',
    async (_way, { go, becomes }) => {
      expect((await raced('/al', go)).session).toEqual(becomes)
    },
  )

  it.each(
    ANEW.flatMap(([way, { go, becomes }]) => Object.keys(UNDER_WAY).map((verb) => [way, verb, go, becomes] as const)),
  )(
    'R55: what the account before has written is not in the session after %s beside %s of the same request',
    async (_way, verb, go, becomes) => {
      const { session, maxAge } = await raced('/al', async (ctx) => {
        const underWay = UNDER_WAY[verb](ctx)
        await go(ctx)
        await underWay
      })
      expect({ session, maxAge }).toEqual({ session: becomes, maxAge: 86_400_000 })
    },
  )

  it.each(ANEW)(
    'R55: a lifetime that the account before has chosen meanwhile is not that of %s',
    async (_way, { go }) => {
      expect((await raced('/al', go)).maxAge).toBe(86_400_000)
    },
  )

  it('R55: a change of ctx.session takes what the account before has written meanwhile, as if it had come later', async () => {
    const { session, maxAge } = await raced('/al', IN_PLACE)
    expect(session).toEqual({ user: 'zoe', cart: 1, secret: 'of al' })
    expect(maxAge).toBe(WEEK)
  })

  it('R55: what a visitor has written meanwhile is in the session that they sign in with', async () => {
    const { session } = await raced('/visit', IN_PLACE)
    expect(session).toEqual({ user: 'zoe', cart: 1, secret: 'of al' })
  })
})
