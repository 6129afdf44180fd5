import { MemoryStore, type SessionOptions, type SessionService } from 'koa-session-service'
import { createSessionApp } from '../../support/app/session-app'
import { inTime } from '../../support/races/in-time'

type Verb = (sessions: SessionService, ctx: never) => Promise<unknown>

const VERBS: [string, Verb][] = [
  ['save()', (sessions, ctx) => sessions.save(ctx)],
  ['touch()', (sessions, ctx) => sessions.touch(ctx)],
  ['update()', (sessions, ctx) => sessions.update(() => undefined, ctx)],
  ['regenerate()', (sessions, ctx) => sessions.regenerate({}, ctx)],
  ['load()', (sessions, ctx) => sessions.load(ctx)],
  ['destroy()', (sessions, ctx) => sessions.destroy(ctx)],
]

describe.each(VERBS)('%s', (name, verb) => {
  it.each([true, false])(
    'R56: a verb in "valid" fails at once, and never waits for itself (lazy: %p)',
    async (lazy) => {
      const told: unknown[] = []
      const valid: SessionOptions['valid'] = async (ctx) => {
        await Promise.resolve()
        await verb(served.sessions, ctx as never).catch((error: unknown) => told.push(error))
        return true
      }
      const served = createSessionApp(
        { store: new MemoryStore(), lazy, valid },
        { '/begin': async (ctx, sessions) => sessions.update((session) => (session.user = 'ann'), ctx) },
      )
      const ann = served.visitor()
      await inTime(ann.get('/begin'))
      expect((await inTime(ann.get('/begin'))).status).toBe(200)
      expect(told).toMatchObject([{ code: 'ERR_SESSION_NESTED' }])
    },
  )

  it('R56: a verb in "onConflict" fails at once, and never waits for itself', async () => {
    const told: unknown[] = []
    const onConflict: SessionOptions['onConflict'] = async (_before, mine) => {
      await verb(served.sessions, served.sessions.context as never).catch((error: unknown) => told.push(error))
      return mine
    }
    const served = createSessionApp(
      { store: new MemoryStore(), onConflict, asyncLocalStorage: true },
      {
        '/slow': async (ctx) => {
          ctx.session.user = 'bea'
          await served.visitor(ann.jar.copy()).get('/set?user=cleo')
          await ctx.session.save()
        },
      },
    )
    const ann = served.visitor()
    await ann.get('/set?user=ann')
    expect((await inTime(ann.get('/slow'))).status).toBe(200)
    expect(told).toMatchObject(name === 'load()' ? [] : [{ code: 'ERR_SESSION_NESTED' }])
    expect((await ann.get('/')).json()).toEqual({ user: 'bea' })
  })
})
