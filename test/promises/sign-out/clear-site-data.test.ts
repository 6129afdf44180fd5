import type Koa from 'koa'
import { hardened, MemoryStore, type ClearedData, type SessionOptions } from 'koa-session-service'
import { createApp, KOA_VERSIONS } from '../../support/app/app'
import { BACKENDS } from '../../support/backends/backends'
import { interceptStore } from '../../support/spies/intercept'
import { createSite, type Handlers, type Site } from '../../support/app/site'

const BOTH: readonly ClearedData[] = ['cache', 'storage']
const HEADER = '"cache", "storage"'

/** Each ends the session in its own way. */
const ENDINGS: Handlers = {
  '/null': (ctx) => {
    void ctx.session.user
    ctx.session = null
  },
  '/null-unread': (ctx) => (ctx.session = null),
  '/destroy': async (ctx) => site.sessions.destroy(ctx),
  '/destroy-and-throw': async (ctx) => {
    await site.sessions.destroy(ctx)
    ctx.throw(410)
  },
  '/null-and-throw': (ctx) => {
    ctx.session = null
    ctx.throw(410)
  },
  '/destroy-and-stream': async (ctx) => {
    await site.sessions.destroy(ctx)
    ctx.respond = false
    ctx.status = 200
    ctx.res.flushHeaders()
    setImmediate(() => ctx.res.end('bye'))
  },
}

let site: Site

function open(options: SessionOptions, KoaClass?: typeof Koa, outside?: Koa.Middleware): Site {
  const app = createApp(KoaClass)
  if (outside) app.use(outside)
  return (site = createSite(options, HANDLERS, app))
}

const HANDLERS: Handlers = {
  ...ENDINGS,
  '/login': (ctx) => (ctx.session.user = 'ann'),
  '/replace': (ctx) => {
    ctx.session = null
    ctx.session = { user: 'bob' }
  },
  '/begin-and-end': async (ctx) => {
    ctx.session.user = 'ann'
    await ctx.session.save()
    await site.sessions.destroy(ctx)
  },
  '/own-header': async (ctx) => {
    ctx.set('Clear-Site-Data', '"clientHints", "cache"')
    await site.sessions.destroy(ctx)
  },
  '/regenerate': (ctx) => site.sessions.regenerate({}, ctx),
  '/empty': (ctx) => delete ctx.session.user,
  '/late': async (ctx) => {
    ctx.respond = false
    ctx.status = 200
    ctx.res.flushHeaders()
    await site.sessions.destroy(ctx)
    ctx.res.end()
  },
}

async function cleared(path: string): Promise<unknown> {
  return (await site.visitor.get(path)).headers['clear-site-data']
}

const CASES = Object.entries(KOA_VERSIONS).flatMap(([koa, KoaClass]) =>
  BACKENDS.map((backend) => ({ ...backend, name: `${backend.name}, ${koa}`, KoaClass })),
)

describe.each(CASES)('clearSiteData, $name', ({ options, hasIds, KoaClass }) => {
  it.each(Object.keys(ENDINGS))(
    'R75: a sign-out by %s tells the browser to clear what the site has left',
    async (path) => {
      open({ ...options(), clearSiteData: BOTH }, KoaClass)
      await site.visitor.get('/login')
      expect(await cleared(path)).toBe(HEADER)
      expect(site.visitor.jar.values.size).toBe(0)
    },
  )

  it('R75: a visitor who has held no session is told to clear nothing, whatever ends', async () => {
    open({ ...options(), clearSiteData: BOTH }, KoaClass)
    for (const path of ['/null', '/destroy', '/begin-and-end', '/null-and-throw']) {
      expect(await cleared(path)).toBeUndefined()
      site.visitor.jar.values.clear()
    }
  })

  it('R75: a visitor whose session goes on is told to clear nothing', async () => {
    open({ ...options(), clearSiteData: BOTH }, KoaClass)
    await site.visitor.get('/login')
    for (const path of ['/', '/regenerate', '/replace', '/empty']) expect(await cleared(path)).toBeUndefined()
  })

  it('R75: a sign-out after the session has expired tells the browser to clear as well', async () => {
    open({ ...options(), clearSiteData: BOTH, valid: (_ctx, { user }) => user !== 'ann' }, KoaClass)
    await site.visitor.get('/login')
    expect(await cleared('/destroy')).toBe(HEADER)
  })

  it("R75: the application's own directives of Clear-Site-Data stay", async () => {
    open({ ...options(), clearSiteData: BOTH }, KoaClass)
    await site.visitor.get('/login')
    expect(await cleared('/own-header')).toBe('"clientHints", "cache", "storage"')
  })

  it('R75: Clear-Site-Data stays on an error of the middleware in front', async () => {
    open({ ...options(), clearSiteData: BOTH }, KoaClass, async function failAfterwards(ctx, next) {
      await next()
      if (ctx.path === '/null') ctx.throw(500)
    })
    await site.visitor.get('/login')
    expect(await site.visitor.get('/null')).toMatchObject({ status: 500, headers: { 'clear-site-data': HEADER } })
    expect(site.visitor.jar.values.size).toBe(0)
  })

  it('R75: a sign-out once the response is under way is an event in place of Clear-Site-Data', async () => {
    open({ ...options(), clearSiteData: BOTH }, KoaClass)
    await site.visitor.get('/login')
    expect(await cleared('/late')).toBeUndefined()
    expect(await site.eventNames()).toEqual(hasIds ? ['ended', 'headersSent'] : ['headersSent'])
  })

  it('R75: clearSiteData is off by default', async () => {
    open(options(), KoaClass)
    await site.visitor.get('/login')
    expect(await cleared('/destroy')).toBeUndefined()
  })
})

it('R75: a signed cookie that is not ours counts as no session to clear after', async () => {
  open({ clearSiteData: BOTH })
  site.visitor.jar.values.set('koa.sess', 'planted-by-a-stranger')
  expect(await cleared('/destroy')).toBeUndefined()
})

describe.each(CASES.filter(({ hasIds }) => hasIds))('clearSiteData, $name', ({ options, KoaClass }) => {
  it('R75: a logout that the store refuses tells the browser to clear nothing', async () => {
    let isDown = false
    const given = interceptStore(options(), ({ method, proceed }) => {
      if (isDown && method === 'destroy') throw new Error('the store is down')
      return proceed()
    })
    open({ ...given, clearSiteData: BOTH }, KoaClass)
    await site.visitor.get('/login')
    isDown = true
    expect(await site.visitor.get('/destroy')).toMatchObject({ status: 503, setCookie: [] })
    expect(await cleared('/destroy')).toBeUndefined()
  })
})

it('R75: hardened() clears nothing by itself, and never cookies', () => {
  expect(hardened({ store: new MemoryStore() }).clearSiteData).toBeUndefined()
})

it('R75: a logout of a session that nobody has read tells the browser to clear, too', async () => {
  for (const options of [{}, { store: new MemoryStore() }]) {
    site = createSite(
      { ...options, lazy: true, clearSiteData: BOTH },
      {
        ...ENDINGS,
        '/login': async (ctx) => {
          await site.sessions.load(ctx)
          ctx.session.user = 'ann'
        },
      },
    )
    await site.visitor.get('/login')
    expect(await cleared('/null-unread')).toBe(HEADER)
  }
})

const BAD: [value: unknown, ...parts: string[]][] = [
  ['cache', 'not "cache"'],
  [true, 'not true'],
  [[], 'not an array', "['cache', 'storage']"],
  [['cache', 'cookie'], '"cookie"', 'browsers do not know it', 'cookies'],
  [['"cache"'], 'browsers do not know it'],
  [['Cache'], '"Cache"', 'browsers do not know it'],
  [['cache', 'cache'], '"cache"', 'it is there twice'],
  [['cache, storage'], 'browsers do not know it'],
  [[undefined], 'holds undefined', 'browsers do not know it'],
]

test.each(BAD)('R75: the option clearSiteData: %j is refused', (clearSiteData, ...parts) => {
  let message = ''
  try {
    createSite({ clearSiteData: clearSiteData as never })
  } catch (error) {
    expect(error).toMatchObject({ code: 'ERR_SESSION_OPTIONS' })
    message = (error as Error).message
  }
  expect(message).toContain('"clearSiteData"')
  for (const part of parts) expect(message).toContain(part)
})

test.each([[BOTH], [['*']], [['cookies']], [['executionContexts', 'clientHints', 'prefetchCache', 'prerenderCache']]])(
  'R75: the option clearSiteData: %j is accepted',
  async (clearSiteData) => {
    open({ clearSiteData: clearSiteData as ClearedData[] })
    await site.visitor.get('/login')
    expect(await cleared('/destroy')).toBe(clearSiteData.map((name) => `"${name}"`).join(', '))
  },
)
