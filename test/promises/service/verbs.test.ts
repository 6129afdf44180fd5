import type { Context } from 'koa'
import { SessionService } from 'koa-session-service'
import { type Answer, createApp, Visitor } from '../../support/app/app'
import { BACKENDS } from '../../support/backends/backends'
import { startClock, stopClock } from '../../support/clock'
import { WAYS } from '../../support/app/ways'

const HOUR = 60 * 60 * 1000

const CASES = WAYS.flatMap((way) =>
  BACKENDS.map((backend) => ({ ...way, backend, title: `${way.name}, ${backend.name}` })),
)

afterEach(startClock)

describe.each(CASES)('$title', ({ KoaClass, options, at, backend }) => {
  type Action = (sessions: SessionService, ctx: Context, at: [ctx?: Context]) => unknown

  /** An app of which each request does what the test says next. */
  function open() {
    const app = createApp(KoaClass)
    const sessions = new SessionService(app, { ...options, ...backend.options() })
    let action: Action
    app.use(sessions.middleware())
    app.use(async (ctx) => {
      ctx.body = { answer: await action(sessions, ctx, at(ctx)) }
    })
    const visitor = new Visitor(app)
    const perform = (next: Action, by = visitor): Promise<Answer> => {
      action = next
      return by.get()
    }
    const read = async (by = visitor) => (await perform((_, ctx) => ctx.session, by)).json<{ answer: object }>().answer
    return { app, visitor, perform, read }
  }

  const signIn: Action = (_, ctx) => Object.assign(ctx.session, { name: 'ann' }) && 'signed in'

  test('R49: load() answers the live session of the request, the same each time', async () => {
    const { perform } = open()
    const { answer } = (
      await perform(async (sessions, ctx, here) => {
        const [first, second] = await Promise.all([sessions.load(...here), sessions.load(...here)])
        return [first === ctx.session, second === ctx.session, first?.isNew]
      })
    ).json<{ answer: unknown }>()
    expect(answer).toEqual([true, true, true])
  })

  test('R49: save() writes the session at once, also where nothing was changed', async () => {
    const { perform, read } = open()
    await perform(signIn)
    expect((await perform(() => 'nothing')).setCookie).toEqual([])
    const inTime = await perform(async (sessions, ctx, here) => {
      await sessions.save(...here)
      return ctx.response.get('set-cookie').length > 0
    })
    expect(inTime.json()).toEqual({ answer: true })
    expect(inTime.setCookie).not.toEqual([])
    expect(await read()).toEqual({ name: 'ann' })
  })

  test('R10: update() changes the session, writes it at once, and answers it', async () => {
    const { perform, read } = open()
    await perform(signIn)
    const answer = await perform(async (sessions, ctx, here) => {
      const session = await sessions.update(
        async (data) => {
          await Promise.resolve()
          data.views = 7
        },
        ...here,
      )
      return [session === ctx.session, session?.views, ctx.response.get('set-cookie').length > 0]
    })
    expect(answer.json()).toEqual({ answer: [true, 7, true] })
    expect(await read()).toEqual({ name: 'ann', views: 7 })
  })

  test('R22: touch() extends the life of the session from now on', async () => {
    const { advance } = stopClock()
    const { perform, read } = open()
    await perform(signIn)
    advance(20 * HOUR)
    expect((await perform((sessions, _, here) => sessions.touch(...here))).setCookie).not.toEqual([])
    advance(20 * HOUR)
    expect(await read()).toEqual({ name: 'ann' })
    advance(5 * HOUR)
    expect(await read()).toEqual({})
  })

  test('R22: touch() makes no session where there is none', async () => {
    const { perform } = open()
    expect((await perform((sessions, _, here) => sessions.touch(...here))).setCookie).toEqual([])
  })

  test('R34, R53: regenerate() gives the session a new token, under the same id where the store can, and the old one is dead', async () => {
    const { app, visitor, perform, read } = open()
    await perform(signIn)
    const old = new Visitor(app, visitor.jar.copy())
    const answer = await perform(async (sessions, ctx, here) => {
      const [id, token] = [sessions.id(...here), ctx.session.externalKey]
      const session = await sessions.regenerate({}, ...here)
      return [session === ctx.session, sessions.id(...here) === id, ctx.session.externalKey === token]
    })
    expect(answer.json()).toEqual({ answer: [true, backend.isConditional || !backend.hasIds, !backend.hasIds] })
    expect(await read()).toEqual({ name: 'ann' })
    if (backend.hasIds) expect(await read(old)).toEqual({})
  })

  test('R34: regenerate({ keepData: false }) starts over', async () => {
    const { app, visitor, perform, read } = open()
    await perform(signIn)
    const old = new Visitor(app, visitor.jar.copy())
    await perform(async (sessions, _, here) => {
      const session = await sessions.regenerate({ keepData: false }, ...here)
      if (session) session.views = 1
    })
    expect(await read()).toEqual({ views: 1 })
    if (backend.hasIds) expect(await read(old)).toEqual({})
  })

  test('R3: destroy() ends the session: null at once, cookie and record gone', async () => {
    const { app, visitor, perform, read } = open()
    await perform(signIn)
    const old = new Visitor(app, visitor.jar.copy())
    const answer = await perform(async (sessions, ctx, here) => {
      await sessions.destroy(...here)
      await sessions.destroy(...here)
      return [ctx.session, await sessions.load(...here), await sessions.update(() => undefined, ...here)]
    })
    expect(answer.json()).toEqual({ answer: [null, null, null] })
    expect(visitor.jar.values.has('koa.sess')).toBe(false)
    expect(await read()).toEqual({})
    if (backend.hasIds) expect(await read(old)).toEqual({})
  })

  test('R2: id() is the id in what the client holds, and undefined in cookie mode and after destroy()', async () => {
    const { visitor, perform } = open()
    const held = (): string | undefined => (backend.hasIds ? visitor.jar.values.get('koa.sess') : undefined)
    const ids: unknown[] = []
    const read: Action = (sessions, ctx, here) => ids.push(sessions.id(...here), ctx.session.externalKey)
    await perform(signIn)
    await perform(read)
    expect(ids).toEqual([held(), held()])
    await perform((sessions, _, here) => sessions.regenerate({}, ...here))
    await perform(read)
    expect(ids.slice(2)).toEqual([held()?.replace(/~[\w-]{32}$/, ''), held()])
    await perform(async (sessions, _, here) => {
      await sessions.destroy(...here)
      ids.push(sessions.id(...here))
    })
    expect(ids.at(-1)).toBeUndefined()
  })
})

test.each(WAYS.filter(({ findsItself }) => findsItself))(
  "R49: the service's context is the request with $name",
  async ({ KoaClass, options }) => {
    const app = createApp(KoaClass)
    const sessions = new SessionService(app, options)
    app.use(sessions.middleware())
    app.use((ctx) => (ctx.body = { own: sessions.context === ctx }))
    expect((await new Visitor(app).get()).json()).toEqual({ own: true })
  },
)
