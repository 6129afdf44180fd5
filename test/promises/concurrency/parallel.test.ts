import session, { MemoryStore, SessionService, type SessionOptions } from 'koa-session-service'
import { createApp, Visitor } from '../../support/app/app'

const MANY = 500

interface Fixture {
  sessions: SessionService
  visitor: Visitor
  another: () => Visitor
}

/** A visitor who has a session; `/set/:key` sets one key, `/increment` counts with `update`. */
async function open(options: SessionOptions): Promise<Fixture> {
  const app = createApp()
  const middleware = session({ ...options, asyncLocalStorage: true }, app)
  const { sessions } = middleware
  app.use(middleware)
  app.use(async (ctx) => {
    const [, action, key = ''] = ctx.path.split('/')
    if (action === 'set') ctx.session[key] = ctx.query.value ?? 1
    if (action === 'increment') await sessions.update((data) => (data.views = (data.views ?? 0) + 1), ctx)
    ctx.body = ctx.session
  })
  const visitor = new Visitor(app)
  await visitor.get('/set/first')
  return { sessions, visitor, another: () => new Visitor(app, visitor.jar.copy()) }
}

describe('parallel requests of one visitor', () => {
  it('R9: 500 requests that change different keys keep every change', async () => {
    const { visitor, another } = await open({ store: new MemoryStore() })
    await Promise.all(Array.from({ length: MANY }, (_, index) => another().get(`/set/key${index}`)))
    const data = (await visitor.get('/')).json<object>()
    expect(Object.keys(data)).toHaveLength(MANY + 1)
  })

  it('R10: 500 increments with update() count 500', async () => {
    const { visitor, another } = await open({ store: new MemoryStore() })
    const answers = await Promise.all(Array.from({ length: MANY }, () => another().get('/increment')))
    expect(answers.every(({ status }) => status === 200)).toBe(true)
    expect((await visitor.get('/')).json()).toMatchObject({ views: MANY })
  })
})
