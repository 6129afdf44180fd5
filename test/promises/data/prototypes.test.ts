import { MemoryStore } from 'koa-session-service'
import { PlainStore } from '../../support/backends/backends'
import { cookieText } from '../../support/set-cookie'
import { createSite, type Handlers } from '../../support/app/site'

const ONE_DAY = 86_400_000
const HANDLERS: Handlers = {
  '/regenerate': (ctx) => ctx.session.regenerate(),
  '/count': (ctx) => (ctx.session.views = (ctx.session.views ?? 0) + 1),
}

/** Records with own keys named `__proto__`, as JSON makes them. */
const POLLUTED =
  '{"user":"alice","__proto__":{"admin":true,"save":null},"deep":{"__proto__":{"admin":true}},"_session":true}'

describe('a record that holds __proto__', () => {
  const store = { get: () => JSON.parse(POLLUTED) as never, set: () => undefined, destroy: () => undefined }
  const conditional = new MemoryStore()
  conditional.set('the-id', JSON.parse(POLLUTED) as never, ONE_DAY)
  const text = new PlainStore()
  text.records.set('the-id', POLLUTED)

  test.each([
    ['a cookie', undefined, cookieText(POLLUTED)],
    ['a store', store, 'the-id'],
    ['a store of texts', text, 'the-id'],
    ['a MemoryStore', conditional, 'the-id'],
  ])('R32: a record with __proto__ from %s changes no prototype, and breaks no commit', async (_, from, token) => {
    const site = createSite(
      { store: from, signed: false },
      {
        ...HANDLERS,
        '/read': (ctx) => {
          ctx.body = { user: ctx.session.user, admin: ctx.session.admin, verb: typeof ctx.session.save }
        },
      },
    )
    site.visitor.jar.values.set('koa.sess', token)
    expect((await site.visitor.get('/read')).json()).toEqual({ user: 'alice', verb: 'function' })
    expect((await site.visitor.get('/count')).status).toBe(200)
    expect((await site.visitor.get('/regenerate')).status).toBe(200)
    expect((await site.visitor.get('/read')).json()).toMatchObject({ user: 'alice', verb: 'function' })
    expect(({} as { admin?: unknown }).admin).toBeUndefined()
    expect(site.errors).toEqual([])
  })
})
