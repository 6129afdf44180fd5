import createGenericSession from 'koa-generic-session'
import createKoaSession from 'koa-session'
import type Koa from 'koa'
import { MemoryStore, session, type SessionError } from 'koa-session-service'
import { createApp, Visitor } from '../../support/app/app'
import { collectWarnings, freshSession } from '../../support/app/fresh-session'

/** What is warned of while an app is used that has another session beside this package's. */
async function warningsOf(install: (app: Koa, freshly: ReturnType<typeof freshSession>) => void): Promise<string[]> {
  const warnings = collectWarnings()
  const app = createApp()
  install(app, freshSession())
  app.use((ctx) => void (ctx.body = 'hello'))
  const visitor = new Visitor(app)
  await visitor.get('/')
  await visitor.get('/')
  jest.restoreAllMocks()
  return warnings.filter((warning) => warning.endsWith(' SessionWarning'))
}

const koaSession = (app: Koa): Koa.Middleware => createKoaSession({}, app as never) as never

describe('another session on the same app', () => {
  it('R38: koa-session in front of this package is a clash that names it', () => {
    const app = createApp()
    app.use(koaSession(app))
    let error: unknown
    try {
      session({ store: new MemoryStore() }, app)
    } catch (thrown) {
      error = thrown
    }
    expect((error as SessionError).code).toBe('ERR_SESSION_CLASH')
    expect((error as SessionError).message).toMatch(
      /^koa-session has a ctx\.sessionOptions on this app already\. Leave it out,/,
    )
    expect(() => session({ key: 'mine', property: 'mine' }, app)).not.toThrow()
  })

  it('R38: koa-session behind this package is a warning that names it, once', async () => {
    const warnings = await warningsOf((app, freshly) => {
      app.use(freshly({}, app))
      app.use(koaSession(app))
    })
    expect(warnings).toEqual([
      expect.stringMatching(/^ctx\.session is not the session of koa-session-service: koa-session has replaced it\./),
    ])
  })

  it('R38: a session that a middleware puts on the context itself is a warning too', async () => {
    const warnings = await warningsOf((app, freshly) => {
      app.use(createGenericSession({ defer: true }) as never)
      app.use(freshly({ key: 'mine' }, app))
    })
    expect(warnings).toEqual([expect.stringContaining('a middleware has replaced it.')])
  })

  it('R38: one session alone, or two of this package, cause no clash and no warning', async () => {
    const warnings = await warningsOf((app, freshly) => {
      app.use(freshly({}, app))
      app.use(freshly({ key: 'admin', property: 'admin' }, app))
    })
    expect(warnings).toEqual([])
  })
})
