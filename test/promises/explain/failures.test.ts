import { createServer } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import { MemoryStore, session, type SessionExplanation, type SessionOptions } from 'koa-session-service'
import type { Context } from 'koa'
import { createApp, Visitor } from '../../support/app/app'
import { BACKENDS, PlainStore } from '../../support/backends/backends'
import { deferred } from '../../support/races/interleave'
import { explained, HANDLERS, type ExplainedSite } from './explained-site'

const broken = (): never => {
  throw new Error('not mine')
}

Object.assign(HANDLERS, {
  '/big-number': (ctx: Context) => void (ctx.session.count = 1n),
  '/cycle': (ctx: Context) => void (ctx.session.self = { ctx: ctx.session }),
  '/much': (ctx: Context) => void (ctx.session.much = 'x'.repeat(5000)),
  '/broken': (ctx: Context) => {
    ctx.session.user = 'ann'
    ctx.throw(400)
  },
  '/number': (ctx: Context) => void (ctx.session = 5 as never),
  '/overcome': async (ctx: Context) => {
    ctx.session.much = 'x'.repeat(5000)
    await ctx.session.save().catch(() => undefined)
    delete ctx.session.much
    ctx.session.user = 'ben'
  },
  '/twice': async (ctx: Context) => {
    await ctx.session.save()
    ctx.session.much = 'x'.repeat(5000)
  },
})

async function afterSignIn(options: SessionOptions): Promise<ExplainedSite> {
  const site = explained(options)
  await site.get('/in')
  return site
}

describe('what could not be written', () => {
  it.each([
    ['MemoryStore', new MemoryStore()],
    ['plain store', new PlainStore()],
  ])('R120: explain() says why a session could not be ended, with %s', async (_name, store) => {
    const site = await afterSignIn({ store })
    jest.spyOn(store as PlainStore, 'destroy').mockImplementation(broken)
    expect(await site.get('/out')).toMatchObject({
      session: 'ended',
      written: 'nothing',
      told: [],
      error: 'ERR_SESSION_STORE',
      hint: 'store-error',
    })
  })

  it('R120: explain() says why the end of a session in its cookie could not be noted', async () => {
    const store = new MemoryStore()
    const site = await afterSignIn({ ends: { store } })
    jest.spyOn(store, 'setEnd').mockImplementation(broken)
    expect(await site.get('/out')).toMatchObject({
      session: 'ended',
      written: 'removed',
      told: [{ does: 'clear' }],
      error: 'ERR_SESSION_STORE',
      hint: 'store-error',
    })
  })

  it('R120: explain() says why a session that another one was to take the place of could not be ended', async () => {
    const store = new PlainStore()
    const site = await afterSignIn({ store })
    jest.spyOn(store, 'destroy').mockImplementation(broken)
    HANDLERS['/exchange'] = (ctx) => {
      ctx.session = null
      ctx.session = { user: 'ben' }
    }
    expect(await site.get('/exchange')).toMatchObject({ error: 'ERR_SESSION_STORE', hint: 'store-error' })
  })

  it('R120: explain() says why a session could not be ended also where the handler has caught that, and nothing tries again', async () => {
    const store = new PlainStore()
    const site = await afterSignIn({ store, autoCommit: false })
    await site.get('/save')
    jest.spyOn(store, 'destroy').mockImplementation(broken)
    HANDLERS['/try-out'] = (ctx, sessions) => sessions.destroy(ctx).catch(() => undefined)
    expect(await site.get('/try-out')).toMatchObject({ error: 'ERR_SESSION_STORE', hint: 'store-error' })
  })

  it('R120: explain() says why a change could not be made again on fresh data', async () => {
    const store = new MemoryStore()
    const [site, rival] = [await afterSignIn({ store }), explained({ store })]
    HANDLERS['/again-and-again'] = async (ctx, sessions) => {
      const change = async (data: Record<string, unknown>): Promise<void> => {
        await rival.get('/more', site.jar.header)
        jest.spyOn(store, 'read').mockImplementationOnce(broken)
        data.count = 1
      }
      await sessions.update(change, ctx).catch(() => undefined)
    }
    expect(await site.get('/again-and-again')).toMatchObject({ written: 'nothing', error: 'ERR_SESSION_STORE' })
  })

  it.each<[string, SessionOptions, string]>([
    ['/big-number', {}, 'ERR_SESSION_NOT_SERIALIZABLE'],
    ['/cycle', { store: new MemoryStore() }, 'ERR_SESSION_NOT_SERIALIZABLE'],
    ['/in', { beforeSave: broken }, 'other'],
    ['/in', { store: new MemoryStore(), genid: broken }, 'ERR_SESSION_BAD_ID'],
  ])('R120: explain() says the error of a commit that was tried, at %s with %p: %s', async (path, options, error) => {
    expect(await explained(options).get(path)).toMatchObject({ written: 'nothing', error, hint: undefined })
  })

  it.each([false, () => false])(
    'R120: explain() finds nothing wrong where the application wants no commit after an error, with commitOnError %p',
    async (commitOnError) => {
      const told = await explained({ commitOnError }).get('/broken')
      expect(told).toMatchObject({ written: 'nothing', error: undefined, hint: undefined })
    },
  )

  it('R120: explain() says the error for which "commitOnError" could not be asked', async () => {
    const commitOnError = (() => Promise.resolve(true)) as never
    expect(await explained({ commitOnError }).get('/broken')).toMatchObject({ error: 'ERR_SESSION_BAD_VALUE' })
  })

  it.each<[string, SessionOptions, string, string]>([
    ['/in', { secure: true }, 'ERR_SESSION_INSECURE', 'plain-http'],
    ['/much', {}, 'ERR_SESSION_COOKIE_TOO_LARGE', 'too-large'],
  ])(
    'R120: explain() says that nothing was written where a cookie could not be set, at %s with %p: %s',
    async (path, options, error, hint) => {
      expect(await explained(options).get(path)).toMatchObject({ written: 'nothing', told: [], error, hint })
    },
  )

  it('R120: explain() says that nothing was written in a cookie without keys', async () => {
    const app = createApp()
    app.keys = undefined as never
    expect(await explained({}, app).get('/in')).toMatchObject({ written: 'nothing', error: 'ERR_SESSION_KEYS_MISSING' })
  })

  it('R120: explain() tells what was written in a cookie before another write failed', async () => {
    const site = await afterSignIn({})
    expect(await site.get('/twice')).toMatchObject({ written: 'save', error: 'ERR_SESSION_COOKIE_TOO_LARGE' })
  })

  it('R120: explain() says of a session in a store that it was written also where the client could not be told', async () => {
    const told = await explained({ store: new MemoryStore(), secure: true }).get('/in')
    expect(told).toMatchObject({ written: 'changed', told: [], error: 'ERR_SESSION_INSECURE' })
  })

  it('R120: explain() tells no error that was overcome', async () => {
    const told = await explained({}).get('/overcome')
    expect(told).toMatchObject({ written: 'changed', error: undefined, hint: undefined, told: [{ does: 'set' }] })
  })

  it('R120: explain() tells no error of a session that was ended after it', async () => {
    HANDLERS['/give-up'] = async (ctx) => {
      ctx.session.much = 'x'.repeat(5000)
      await ctx.session.save().catch(() => undefined)
      ctx.session = null
    }
    const site = await afterSignIn({})
    expect(await site.get('/give-up')).toMatchObject({ written: 'removed', error: undefined, hint: undefined })
  })

  it('R120: explain() tells no error of a reading that went well the second time', async () => {
    const store = new PlainStore()
    const site = await afterSignIn({ store })
    const lazy = explained({ store, lazy: true })
    HANDLERS['/again'] = async (ctx, sessions) => {
      jest.spyOn(store, 'get').mockImplementationOnce(broken)
      await sessions.load(ctx).catch(() => undefined)
      await sessions.load(ctx)
    }
    const told = await lazy.get('/again', site.jar.header)
    expect(told).toMatchObject({ why: 'accepted', session: 'loaded', error: undefined, hint: undefined })
  })
})

describe('what could not be judged', () => {
  it.each<[string, SessionOptions]>([
    ['valid', { valid: broken }],
    ['valid, which takes its time', { valid: () => Promise.reject(new Error('not mine')) }],
    ['valid, in a store', { valid: broken, store: new MemoryStore() }],
    ['decode', { decode: broken }],
  ])('R120: explain() does not blame a store where something else throws: %s', async (_what, options) => {
    const site = await afterSignIn(options)
    expect(await site.get()).toMatchObject({
      why: 'failed',
      presented: [{ fate: 'failed' }],
      error: 'other',
      hint: undefined,
    })
  })

  it('R120: explain() says failed of a cookie for which there are no keys', async () => {
    const app = createApp()
    app.keys = [''] as never
    const told = await explained({}, app).get('/', 'koa.sess=x; koa.sess.sig=y')
    expect(told).toMatchObject({ why: 'failed', error: 'ERR_SESSION_KEYS_MISSING', hint: 'no-keys' })
  })

  it.each([
    ['a text', JSON.stringify({ user: 'ann' })],
    ['a Buffer', Buffer.from('{}')],
    ['a number', 5],
  ])('R120: explain() says malformed of what a store returns that is no record: %s', async (_what, found) => {
    const store = new PlainStore()
    const site = await afterSignIn({ store })
    jest.spyOn(store, 'get').mockResolvedValue(found as never)
    expect(await site.get()).toMatchObject({ why: 'malformed', session: 'new', hint: 'no-record' })
  })

  it.each([undefined, null, false, ''])(
    'R120: explain() says unknown-id of what a store returns for nothing: %p',
    async (found) => {
      const store = new PlainStore()
      const site = await afterSignIn({ store })
      jest.spyOn(store, 'get').mockResolvedValue(found as never)
      expect(await site.get()).toMatchObject({ why: 'unknown-id', hint: 'unknown-record' })
    },
  )
})

describe('the error of the request', () => {
  it('R120: explain() has the code of an error of the session that the handler did not catch', async () => {
    expect(await explained({}).get('/number')).toMatchObject({ error: 'ERR_SESSION_BAD_VALUE' })
    expect(await explained({ store: new MemoryStore(), lazy: true }).get('/')).toMatchObject({
      error: 'ERR_SESSION_NOT_LOADED',
    })
  })

  it('R120: explain() has the code of an error of the session also where the commit went well', async () => {
    HANDLERS['/both'] = (ctx) => {
      ctx.session.user = 'ann'
      ctx.session = 5 as never
    }
    expect(await explained({}).get('/both')).toMatchObject({ written: 'changed', error: 'ERR_SESSION_BAD_VALUE' })
  })

  it('R120: explain() has the code of the error for which a request of another site was refused', async () => {
    const site = explained({ crossSite: 'refuse' })
    let last: SessionExplanation | undefined
    site.app.on('error', (_error, ctx: Context) => (last = site.sessions.explain(ctx)))
    await new Visitor(site.app).post('/', {}, { 'sec-fetch-site': 'cross-site' })
    expect(last).toMatchObject({ error: 'ERR_SESSION_CROSS_SITE', hint: 'cross-site' })
  })

  it('R120: explain() has the code of an error of a verb that nobody has awaited', async () => {
    HANDLERS['/unawaited'] = (ctx, sessions) => void sessions.confirm(ctx)
    expect(await explained({}).get('/unawaited')).toMatchObject({ error: 'ERR_SESSION_REQUIRED' })
  })

  it('R120: explain() has no error of the application', async () => {
    HANDLERS['/unawaited'] = (ctx, sessions) => void sessions.update(broken, ctx)
    expect(await explained({}).get('/unawaited')).toMatchObject({ error: undefined })
    expect(await explained({}).get('/broken')).toMatchObject({ written: 'changed', error: undefined })
  })
})

describe('what a client was not told', () => {
  it.each(BACKENDS)(
    'R120: explain() says too-late of a response that ended before, with $name',
    async ({ options }) => {
      const site = explained(options())
      HANDLERS['/ended'] = async (ctx) => {
        ctx.respond = false
        ctx.res.end('done')
        await new Promise((resolve) => setTimeout(resolve, 5))
        ctx.session.user = 'ann'
      }
      const { store, ContextStore } = options()
      expect(await site.get('/ended')).toMatchObject({
        written: (store ?? ContextStore) ? 'changed' : 'nothing',
        told: [],
        hint: 'too-late',
      })
    },
  )

  it('R120: explain() says too-late of a cookie that was to be cleared, where the session is in it', async () => {
    HANDLERS['/late-out'] = (ctx) => {
      ctx.respond = false
      ctx.res.end('done')
      ctx.session = null
    }
    const site = await afterSignIn({})
    expect(await site.get('/late-out')).toMatchObject({ told: [], hint: 'too-late' })
    const stored = await afterSignIn({ store: new MemoryStore() })
    expect(await stored.get('/late-out')).toMatchObject({ written: 'removed', told: [], hint: undefined })
  })

  it('R120: explain() says that nobody was told of a session whose client has hung up', async () => {
    const app = createApp()
    const middleware = session({ store: new MemoryStore() }, app)
    const { sessions } = middleware
    const [saved, cut] = [deferred(), deferred()]
    const told: SessionExplanation[] = []
    app.use(async (ctx, next) => {
      await next()
      told.push(sessions.explain(ctx))
    })
    app.use(middleware)
    app.use(async (ctx) => {
      ctx.session.user = 'ann'
      await sessions.save(ctx)
      ctx.res.once('close', () => cut.resolve())
      saved.resolve()
      await cut.promise
      told.push(sessions.explain(ctx))
      ctx.body = 'nobody reads this'
    })
    const server = createServer(app.callback() as never).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n')
    await saved.promise
    socket.destroy()
    await cut.promise
    await new Promise((resolve) => server.close(resolve))
    expect(told).toEqual([expect.anything(), expect.anything()])
    for (const each of told) expect(each).toMatchObject({ written: 'save', told: [], hint: undefined })
  })
})

describe('an application of its own', () => {
  it('R120: explain() calls no function that is an option, whether or not the session was asked for', async () => {
    const calls: string[] = []
    const noted =
      <T>(name: string, value: T) =>
      (): T => {
        calls.push(name)
        return value
      }
    const site = explained({
      signed: noted('signed', true),
      path: noted('path', '/'),
      sameSite: noted('sameSite', 'lax'),
    })
    await site.get('/plain', 'koa.sess=x; koa.sess.sig=y')
    expect(calls).toEqual([])
    expect((await site.get('/', 'koa.sess=x; koa.sess.sig=y')).presented).toMatchObject([{ fate: 'bad-signature' }])
    const before = calls.splice(0).length
    await site.get('/', 'koa.sess=x; koa.sess.sig=y')
    expect(calls).toHaveLength(before)
  })

  it('R120: explain() can be called by a function that is an option', async () => {
    let told: SessionExplanation | undefined
    const site = explained({
      path: (ctx) => {
        told = site.sessions.explain(ctx)
        return '/'
      },
    })
    expect((await site.get('/in')).told).toMatchObject([{ does: 'set' }])
    expect(told).toMatchObject({ session: 'new', told: [] })
  })

  it('R120: explain() works with a context whose request has no socket and no headers', () => {
    const site = explained({})
    const ctx = site.app.createContext({ url: '/', method: 'GET' } as never, {} as never)
    expect(site.sessions.explain(ctx)).toMatchObject({ why: 'no-cookie', session: 'not-asked', hint: undefined })
  })
})
