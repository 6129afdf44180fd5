import type { Context } from 'koa'
import { MemoryStore, sealed, type SessionOptions } from 'koa-session-service'
import { createSite, sessionOf, type Handlers, type Site } from '../../support/app/site'
import { createApp, Visitor } from '../../support/app/app'
import koaSession from 'koa-session'

const keys = ['0123456789abcdef0123456789abcdef']
const owner: SessionOptions['owner'] = (data) => (data as { user?: string }).user
const by = (data: object): string[] => ('org' in data ? [`org:${String(data.org)}`] : [])

const CODECS: [name: string, options: SessionOptions][] = [
  ['signed', {}],
  ['sealed', { codec: sealed({ keys }) }],
  ['sealed, in pieces', { codec: sealed({ keys }), chunks: 3 }],
]

const handlers: Handlers = {
  '/in': (ctx) =>
    void Object.assign(ctx.session, {
      user: ctx.query.user ?? 'ann',
      org: '42',
      pad: 'x'.repeat(Number(ctx.query.pad ?? 0)),
    }),
  '/cart': (ctx) => void (ctx.session.cart = ctx.query.with),
  '/out': (ctx) => void (ctx.session = null),
}

function siteWith(options: SessionOptions = {}, more: Handlers = {}): Site & { store: MemoryStore } {
  const store = new MemoryStore()
  const site = createSite({ owner, ends: { store, by }, ...options }, { ...handlers, ...more })
  return { ...site, store }
}

/** Somebody with a copy of the cookies that a visitor holds now. */
function copyOf({ app, visitor }: Site): Visitor {
  return new Visitor(app, visitor.jar.copy())
}

describe.each(CODECS)('a session in its cookie, %s', (_name, options) => {
  const site = (more?: Handlers): ReturnType<typeof siteWith> => siteWith(options, more)

  it('R108: a logout ends every copy of a session in its cookie, and the browser signs in again', async () => {
    const here = site()
    await here.visitor.get(`/in?pad=${options.chunks ? 5000 : 0}`)
    const copies = [copyOf(here)]
    await here.visitor.get('/cart?with=tea')
    copies.push(copyOf(here))
    expect(await sessionOf(copies[0])).toMatchObject({ user: 'ann' })
    await here.visitor.get('/out')
    for (const copy of [...copies, copyOf(here)]) expect(await sessionOf(copy)).toEqual({})
    await here.visitor.get('/in')
    expect(await sessionOf(here.visitor)).toMatchObject({ user: 'ann' })
  })

  it('R107: the end of a key ends whatever carries it and began before, and no other', async () => {
    const here = site()
    await here.visitor.get('/in')
    const other = new Visitor(here.app)
    await other.get('/cart?with=tea')
    await here.sessions.end('org:41')
    expect(await sessionOf(here.visitor)).toMatchObject({ user: 'ann' })
    await here.sessions.end('org:42')
    expect(await sessionOf(here.visitor)).toEqual({})
    expect(await sessionOf(other)).toEqual({ cart: 'tea' })
    await here.visitor.get('/in')
    expect(await sessionOf(here.visitor)).toMatchObject({ user: 'ann' })
  })
})

describe('ends', () => {
  it.each([false, true])(
    'R108: destroy() ends a session in its cookie, and so does a logout that has read nothing; lazy: %p',
    async (lazy) => {
      const here: Site = siteWith(
        { lazy },
        {
          '/destroy': (ctx) => here.sessions.destroy(ctx),
          '/read': async (ctx) => void (ctx.body = await here.sessions.load(ctx)),
          '/enter': async (ctx) => void Object.assign((await here.sessions.load(ctx)) ?? {}, { user: 'ann' }),
        },
      )
      for (const path of ['/out', '/destroy']) {
        await here.visitor.get('/enter')
        const copy = copyOf(here)
        expect((await copy.get('/read')).json()).toEqual({ user: 'ann' })
        await here.visitor.get(path)
        expect(here.visitor.jar.values.size).toBe(0)
        expect((await copy.get('/read')).json()).toEqual({})
      }
      expect(await here.eventNames()).toEqual(['ended', 'missed', 'ended', 'missed'])
    },
  )

  it('R108: a copy of a session that was ended is missed, and its logout is told once', async () => {
    const here = siteWith()
    await here.visitor.get('/in')
    const copy = copyOf(here)
    await Promise.all([copy.get('/out'), here.visitor.get('/out')])
    expect((await here.eventNames()).filter((name) => name === 'ended')).toEqual(['ended'])
    expect(here.events.find(({ name }) => name === 'ended')?.detail).toMatchObject({ reason: 'logout', owner: 'ann' })
    await copy.get('/')
    expect(await here.eventNames()).not.toContain('invalid')
  })

  it('R108: a visitor who comes as another account gets another id, and the session of the first one is ended', async () => {
    const here = siteWith()
    await here.visitor.get('/in?user=ann')
    const copy = copyOf(here)
    await here.visitor.get('/in?user=bob')
    expect(await sessionOf(copy)).toEqual({})
    expect(await sessionOf(here.visitor)).toMatchObject({ user: 'bob' })
    await here.eventNames()
    expect(here.events.find(({ name }) => name === 'ended')?.detail).toMatchObject({
      reason: 'hands',
      owner: 'ann',
    })
  })

  it('R108: a planted cookie cannot sign its visitor out, and a logout of nobody writes nothing', async () => {
    const here = siteWith()
    await here.visitor.get('/cart?with=tea')
    const attacker = copyOf(here)
    await here.visitor.get('/in')
    await attacker.get('/out')
    expect(await sessionOf(here.visitor)).toMatchObject({ user: 'ann', cart: 'tea' })
    expect((await here.store.readEnds([])).last.key).toBe('')
  })

  it('R107: an end of everybody spares the session that asks, in every copy, and no sign-in that comes later is ended', async () => {
    const here: Site = siteWith({}, { '/all': (ctx) => here.sessions.end('*', { except: 'current' }, ctx) })
    await here.visitor.get('/in')
    const copy = copyOf(here)
    const other = new Visitor(here.app)
    await other.get('/in?user=bob')
    await here.visitor.get('/all')
    expect(await sessionOf(here.visitor)).toMatchObject({ user: 'ann' })
    expect(await sessionOf(copy)).toMatchObject({ user: 'ann' })
    expect(await sessionOf(other)).toEqual({})
    await other.get('/in?user=bob')
    expect(await sessionOf(other)).toMatchObject({ user: 'bob' })
  })

  it('R107: a visitor who ends a key of their own session is signed out, and can sign in within the same request', async () => {
    const end = async (ctx: Context): Promise<void> => void (await here.sessions.end('org:42', ctx))
    const again = async (ctx: Context): Promise<void> => {
      await here.sessions.revokeAll(ctx)
      ctx.session = { user: 'ann' }
    }
    const here: Site = siteWith({}, { '/end': end, '/again': again })
    await here.visitor.get('/in')
    await here.visitor.get('/end')
    expect(here.visitor.jar.values.size).toBe(0)
    await here.visitor.get('/in')
    const copy = copyOf(here)
    await here.visitor.get('/again')
    expect(await sessionOf(copy)).toEqual({})
    expect(await sessionOf(here.visitor)).toMatchObject({ user: 'ann' })
    await here.eventNames()
    const reasons = here.events.filter(({ name }) => name === 'ended').map(({ detail }) => detail.reason)
    expect(reasons).toEqual(['key', 'all'])
  })

  it('R107: revokeAll ends all sessions of an account, and returns nothing, as nobody knows how many there are', async () => {
    const here = siteWith()
    await here.visitor.get('/in')
    expect(await here.sessions.revokeAll({ owner: 'ann', everywhere: true })).toBeUndefined()
    expect(await sessionOf(here.visitor)).toEqual({})
    await expect(here.sessions.revokeAll({ owner: 'ann', except: 'handle' })).rejects.toMatchObject({
      code: 'ERR_SESSION_BAD_VALUE',
    })
    await expect(here.sessions.list({ owner: 'ann' })).rejects.toMatchObject({ code: 'ERR_SESSION_OPTIONS' })
  })

  it('R107: an end for later ones too refuses a sign-in that comes after it', async () => {
    const here = siteWith()
    await here.sessions.end('org:42', { later: true })
    await here.visitor.get('/in')
    expect(await sessionOf(here.visitor)).toEqual({})
    expect(await here.eventNames()).toContain('gone')
  })

  it('R107: a sign-in that is under way when its key is ended is gone; one that comes later lives', async () => {
    const slow = async (ctx: Context): Promise<void> => {
      handlers['/in'](ctx)
      await here.sessions.end('org:42')
    }
    const here: Site = siteWith({}, { '/slow': slow })
    await here.visitor.get('/slow')
    expect(await sessionOf(here.visitor)).toEqual({})
    await here.visitor.get('/in')
    expect(await sessionOf(here.visitor)).toMatchObject({ user: 'ann' })
  })

  it('R107: a session that takes a key carries it from then on, and keeps where it began', async () => {
    const here = siteWith({}, { '/join': (ctx) => void (ctx.session.org = '7') })
    await here.visitor.get('/in')
    await here.sessions.end('org:7')
    await here.visitor.get('/join')
    expect(await sessionOf(here.visitor)).toMatchObject({ user: 'ann', org: '7' })
    await here.sessions.end('org:7')
    expect(await sessionOf(here.visitor)).toEqual({})
  })

  it('R108: a slow request does not bring a session back that was ended meanwhile', async () => {
    const slow = async (ctx: Context): Promise<void> => {
      ctx.session.cart = 'tea'
      await here.sessions.end('org:42')
    }
    const here: Site = siteWith({ rolling: true }, { '/slow': slow })
    await here.visitor.get('/in')
    const { headers } = await here.visitor.get('/slow')
    expect(headers['set-cookie']).toBeUndefined()
  })

  it('R109: a cookie that lives until the browser is closed carries a time of its own with the option ends', async () => {
    const here = siteWith({
      maxAge: 'session',
      encode: JSON.stringify,
      decode: JSON.parse as (text: string) => unknown,
      signed: false,
    })
    await here.visitor.get('/in')
    const [, value] = [...here.visitor.jar.values][0]
    const record = JSON.parse(decodeURIComponent(value)) as { _expire: number; _session: boolean }
    expect(record).toMatchObject({
      _session: true,
      _id: expect.any(String) as string,
      _since: expect.any(Number) as number,
    })
    expect(record._expire - Date.now()).toBeGreaterThan(23 * 3_600_000)
  })

  it('R109: cookies from before the option ends are accepted and get an id, until everybody was ended', async () => {
    const before = createSite({ owner }, handlers)
    await before.visitor.get('/in')
    const here = siteWith()
    const first = before.visitor.jar.copy()
    const old = new Visitor(here.app, before.visitor.jar.copy())
    expect(await sessionOf(old)).toMatchObject({ user: 'ann' })
    await old.get('/cart?with=tea')
    const copy = new Visitor(here.app, old.jar.copy())
    await old.get('/out')
    expect(await sessionOf(copy)).toEqual({})
    const older = new Visitor(here.app, first)
    expect(await sessionOf(older)).toMatchObject({ user: 'ann' })
    await here.sessions.end('*')
    expect(await sessionOf(older)).toEqual({})
  })

  it('R109: a cookie from before the option ends opens in koa-session 7, and what that writes is accepted', async () => {
    const here = siteWith()
    await here.visitor.get('/in')
    const app = createApp()
    app.use(koaSession(app))
    app.use((ctx) => {
      if (ctx.path === '/cart') ctx.session.cart = 'tea'
      ctx.body = { session: ctx.session }
    })
    const there = new Visitor(app, here.visitor.jar)
    expect(await sessionOf(there)).toMatchObject({ user: 'ann' })
    await there.get('/cart')
    expect(await sessionOf(here.visitor)).toMatchObject({ user: 'ann', cart: 'tea' })
  })

  it('R107: the ends of services on one store are apart: by the name of their cookie, or by a scope', async () => {
    const store = new MemoryStore()
    const one = siteWith({ ends: { store, by } })
    const other = siteWith({ ends: { store, by }, key: 'other' })
    const same = siteWith({ ends: { store, by, scope: 'other' } })
    for (const { visitor } of [one, other, same]) await visitor.get('/in')
    await other.sessions.end('*')
    expect(await sessionOf(one.visitor)).toMatchObject({ user: 'ann' })
    for (const { visitor } of [other, same]) expect(await sessionOf(visitor)).toEqual({})
  })
})
