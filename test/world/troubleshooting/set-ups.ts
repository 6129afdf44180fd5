import session, {
  MemoryStore,
  sealed,
  SessionService,
  type SessionHint,
  type SessionOptions,
  type SessionRecord,
} from 'koa-session-service'
import type Koa from 'koa'
import koaSession from 'koa-session'
import type { Context, Middleware } from 'koa'
import { createApp, CookieJar, Visitor } from '../../support/app/app'
import { PlainStore } from '../../support/backends/backends'

/** A site that somebody has set up wrongly: a small program whose last request has not the session that it should have. */
interface SetUp {
  readonly title: string
  readonly hint: SessionHint
  /** What the line about the last request says of the cause. */
  readonly says: RegExp
  run(clock: Clock): Promise<unknown>
}

/** The clock that the library reads. */
interface Clock {
  advance(milliseconds: number): void
}

/** What no line may tell, wherever it comes from. */
export const SECRET = 'what-only-the-visitor-knows'
export const KEYS = ['the-first-key-of-the-shop', 'the-older-key-of-the-shop']
export const OTHER_KEYS = ['the-key-of-somebody-else']
export const SEALING = 'a sealing key of more than thirty-two bytes'
const OTHER_SEALING = 'another sealing key, which is as long as that one'
const DAY = 24 * 60 * 60 * 1000
const PROXIED = { 'x-forwarded-proto': 'https' }

/** Counts, and keeps something that is nobody's business. */
function count(ctx: Context): void {
  const data = ctx.session
  data.views = Number(data.views ?? 0) + 1
  data.secret = SECRET
  ctx.body = String(data.views)
}

/** What a site is made of beside its options. */
interface Parts {
  keys?: string[]
  /** In front of the session. */
  before?: Middleware[]
  handle?: (ctx: Context) => unknown
}

/** A site of these middleware, the session's among them. */
function site(options: SessionOptions, { keys = KEYS, before = [], handle = count }: Parts = {}): Koa {
  const app = createApp()
  app.keys = keys
  for (const each of before) app.use(each)
  app.use(session(options, app))
  app.use(handle)
  return app
}

/** Comes twice with one jar, to one site or two. */
async function comeTwice(one: Koa, two = one, paths = ['/', '/'], headers: Record<string, string> = {}): Promise<void> {
  const jar = new CookieJar()
  await new Visitor(one, jar).get(paths[0], headers)
  await new Visitor(two, jar).get(paths[1], headers)
}

/** A store that drops its oldest records whatever their time is, as a cache that is too small. */
class ForgetfulStore extends PlainStore {
  override async get(key: string): ReturnType<PlainStore['get']> {
    const found = await super.get(key)
    this.records.clear()
    return found
  }
}

/** A store that takes milliseconds for seconds, and forgets a thousand times too early. */
class HastyStore extends PlainStore {
  readonly #until = new Map<string, number>()

  override async get(key: string): ReturnType<PlainStore['get']> {
    return (this.#until.get(key) ?? 0) > Date.now() ? super.get(key) : undefined
  }

  override async set(key: string, record: SessionRecord, ttl = 0): Promise<void> {
    this.#until.set(key, Date.now() + ttl / 1000)
    await super.set(key, record)
  }
}

class FailingStore extends PlainStore {
  override get(): Promise<never> {
    return Promise.reject(new Error(`the server has said: ${SECRET}`))
  }
}

/** The ten that people ask about most. Those that a browser alone can get wrong are in another file. */
export const TEN: readonly SetUp[] = [
  {
    title: 'a TLS proxy that the app does not trust',
    hint: 'no-app-proxy',
    says: /X-Forwarded-Proto says https.*set app\.proxy = true/,
    run: () => new Visitor(site({ secure: true })).get('/', PROXIED),
  },
  {
    title: 'a domain that is not the host',
    hint: 'other-domain',
    says: /domain=shop\.example.*The Domain of the cookie is not the host.*Leave out the option "domain"/,
    run: () => new Visitor(site({ domain: 'shop.example' })).get('/', { host: 'www.shop.test' }),
  },
  {
    title: 'a path that the next page is not under',
    hint: 'other-path',
    says: /no-cookie.*for a Path that this address is not under/,
    run: async () => {
      const app = site({ path: '/cart' })
      await new Visitor(app).get('/cart/add')
      await new Visitor(app).get('/')
    },
  },
  {
    title: 'two processes with keys of their own',
    hint: 'other-keys',
    says: /bad-signature.*a key that is not in app\.keys/,
    run: () => comeTwice(site({}), site({}, { keys: OTHER_KEYS })),
  },
  {
    title: 'two apps on one host, with one name for their cookies',
    hint: 'overwritten',
    says: /bad-signature.*another app on the host uses the same name.*Give each app its own "key"/,
    run: async (clock) => {
      const write: typeof count = (ctx) => void (ctx.session.draft = ctx.body = SECRET)
      const [shop, blog] = [site({}), site({}, { keys: OTHER_KEYS, handle: write })]
      const jar = new CookieJar()
      await new Visitor(shop, jar).get()
      await new Visitor(blog, jar).get()
      clock.advance(1000)
      await new Visitor(shop, jar).get()
    },
  },
  {
    title: 'a Secure cookie over plain HTTP',
    hint: 'plain-http',
    says: /http:.*ERR_SESSION_INSECURE.*the connection is plain HTTP/,
    run: () => new Visitor(site({ secure: true })).get(),
  },
  {
    title: 'a store that expires early',
    hint: 'store-forgets',
    says: /unknown-id.*has used the record, which was to live longer, and the store has lost it/,
    run: async (clock) => {
      const app = site({ store: new HastyStore() })
      const visitor = new Visitor(app)
      await visitor.get()
      clock.advance(10 * 60_000)
      await visitor.get()
    },
  },
  {
    title: 'a clock that is ahead',
    hint: 'clock',
    says: /expired.*the client still sends the cookie.*clock of this process/,
    run: async (clock) => {
      const visitor = new Visitor(site({}))
      await visitor.get()
      clock.advance(2 * DAY)
      await visitor.get()
    },
  },
  {
    title: 'a route in front of the session middleware',
    hint: 'no-middleware',
    says: /the session middleware never ran/,
    run: () => new Visitor(site({}, { before: [count as Middleware] })).get(),
  },
  {
    title: 'a middleware that reads the session before it is there',
    hint: 'before-middleware',
    says: /read before the session middleware ran, and was empty there/,
    run: () => {
      const greet: Middleware = (ctx, next) => {
        ctx.state.isKnown = ctx.session.views !== undefined
        return next()
      }
      return comeTwice(site({ store: new MemoryStore() }, { before: [greet] }))
    },
  },
]

/** More of the same kinds. */
export const MORE: readonly SetUp[] = [
  {
    title: 'no keys',
    hint: 'no-keys',
    says: /ERR_SESSION_KEYS_MISSING.*app\.keys is not set/,
    run: () => new Visitor(site({}, { keys: [''] })).get('/', { cookie: 'koa.sess=x; koa.sess.sig=y' }),
  },
  {
    title: 'cookies of koa-session that were signed with another key',
    hint: 'other-keys',
    says: /bad-signature.*a key that is not in app\.keys/,
    run: () => {
      const theirs = createApp()
      theirs.keys = OTHER_KEYS
      theirs.use(koaSession(theirs))
      theirs.use(count)
      return comeTwice(theirs, site({}))
    },
  },
  {
    title: 'a store that is down',
    hint: 'store-error',
    says: /store-error.*ERR_SESSION_STORE.*The store failed/,
    run: () =>
      comeTwice(site({ store: new PlainStore() }), site({ store: new FailingStore(), onStoreError: 'anonymous' })),
  },
  {
    title: 'a store that is too small',
    hint: 'store-forgets',
    says: /evicts or expires early/,
    run: async () => {
      const visitor = new Visitor(site({ store: new ForgetfulStore() }, { handle: readOnceWritten }))
      for (const path of ['/in', '/', '/']) await visitor.get(path)
    },
  },
  {
    title: 'a MemoryStore in each of two processes',
    hint: 'unknown-record',
    says: /unknown-id.*a MemoryStore after a restart or in another process/,
    run: () => comeTwice(site({ store: new MemoryStore() }), site({ store: new MemoryStore() })),
  },
  {
    title: 'a session that was in its cookie, and is in a store now',
    hint: 'other-codec',
    says: /with a store where there is none now, or the other way round/,
    run: () => comeTwice(site({}), site({ store: new MemoryStore() })),
  },
  {
    title: 'a session that was in a store, and is in its cookie now',
    hint: 'other-codec',
    says: /malformed.*or the other way round/,
    run: () => comeTwice(site({ store: new MemoryStore() }), site({})),
  },
  {
    title: 'a codec with other keys',
    hint: 'other-codec',
    says: /malformed.*with other keys of sealed\(\)/,
    run: () =>
      comeTwice(site({ codec: sealed({ keys: [SEALING] }) }), site({ codec: sealed({ keys: [OTHER_SEALING] }) })),
  },
  {
    title: 'a cookie that is larger than browsers keep',
    hint: 'too-large',
    says: /ERR_SESSION_COOKIE_TOO_LARGE.*larger than browsers keep/,
    run: () => new Visitor(site({}, { handle: hoard })).get(),
  },
  {
    title: 'a proxy that drops one of several cookies',
    hint: 'piece-missing',
    says: /piece-missing.*not all of them came/,
    run: async () => {
      const jar = new CookieJar()
      const visitor = new Visitor(site({ codec: sealed({ keys: [SEALING] }), chunks: 3 }, { handle: hoard }), jar)
      await visitor.get()
      jar.values.delete('koa.sess.1')
      await visitor.get()
    },
  },
  {
    title: 'a proxy that drops the signature',
    hint: 'unsigned',
    says: /unsigned.*came without its signature/,
    run: async () => {
      const visitor = new Visitor(site({}))
      await visitor.get()
      visitor.jar.values.delete('koa.sess.sig')
      await visitor.get()
    },
  },
  {
    title: 'other keys, and the next request, whose signature the last response has cleared',
    hint: 'other-keys',
    says: /unsigned.*a key that is not in app\.keys/,
    run: async () => {
      const app = site({}, { handle: readOnceWritten })
      const visitor = new Visitor(app)
      await visitor.get('/in')
      app.keys = OTHER_KEYS
      for (let requests = 0; requests < 3; requests++) await visitor.get()
    },
  },
  {
    title: 'the same, in two processes of which the other one has cleared the signature',
    hint: 'unsigned',
    says: /unsigned.*A process or app with other keys clears the signature when it finds it bad/,
    run: async () => {
      const [one, two] = [KEYS, OTHER_KEYS].map((keys) => site({}, { keys, handle: readOnceWritten }))
      const jar = new CookieJar()
      await new Visitor(one, jar).get('/in')
      for (const app of [two, one]) await new Visitor(app, jar).get()
    },
  },
  {
    title: 'two apps on one host, of which one has a store, with one name for their cookies',
    hint: 'overwritten',
    says: /unknown-id.*another app on the host uses the same name/,
    run: async (clock) => {
      const [shop, blog] = [site({ store: new MemoryStore() }), site({})]
      const jar = new CookieJar()
      for (const app of [shop, blog]) await new Visitor(app, jar).get()
      clock.advance(1000)
      await new Visitor(shop, jar).get()
    },
  },
  {
    title: 'a maxAge in seconds, and a client that forgets its cookie',
    hint: 'short-life',
    says: /no-cookie.*The session lives for 3\.6 seconds: maxAge is in milliseconds/,
    run: async (clock) => {
      const visitor = new Visitor(site({ maxAge: 3600 }))
      await visitor.get()
      clock.advance(5000)
      visitor.jar.values.clear()
      await visitor.get()
    },
  },
  {
    title: 'a maxAge in seconds, and a client that sends its cookie for ever',
    hint: 'short-life',
    says: /expired.*The session lives for 3\.6 seconds/,
    run: async (clock) => {
      const visitor = new Visitor(site({ maxAge: 3600 }))
      await visitor.get()
      clock.advance(5000)
      await visitor.get()
    },
  },
  {
    title: 'SameSite=None, and something that takes Secure away',
    hint: 'same-site-none',
    says: /samesite=none.*SameSite=None without Secure: browsers drop the cookie/,
    run: async () => {
      const strip: Middleware = async (ctx, next) => {
        await next()
        const lines = ctx.response.get('Set-Cookie') as unknown as string[]
        ctx.set(
          'Set-Cookie',
          lines.map((line) => line.replace(/; secure/gi, '')),
        )
      }
      const app = site({ sameSite: 'none', secure: true }, { before: [strip] })
      app.proxy = true
      await new Visitor(app).get('/', PROXIED)
    },
  },
  {
    title: 'a client that keeps no cookies',
    hint: 'not-sent-back',
    says: /no-cookie.*it keeps no cookies.*another browser or a private window.*a proxy, a CDN/,
    run: async (clock) => {
      const app = site({})
      await new Visitor(app).get()
      clock.advance(1000)
      await new Visitor(app).get()
    },
  },
  {
    title: 'a page of another site',
    hint: 'cross-site',
    says: /cross-site.*A page of another site made this request/,
    run: async () => {
      const visitor = new Visitor(site({ crossSite: 'anonymous' }))
      await visitor.get()
      await visitor.post('/', {}, { origin: 'https://elsewhere.example', 'sec-fetch-site': 'cross-site' })
    },
  },
  {
    title: 'a request that was sent before the sign-in of another one',
    hint: 'old-token',
    says: /earlier-generation.*exchanged for a new one/,
    run: async () => {
      const app = site({ store: new MemoryStore() }, { handle: signIn })
      const jar = new CookieJar()
      await new Visitor(app, jar).get()
      await new Visitor(app, jar.copy()).get('/in')
      await new Visitor(app, jar.copy()).get()
    },
  },
  {
    title: 'a cookie of which a copy works too, with rotateEvery',
    hint: 'copied-cookie',
    says: /replayed.*the cookie is a copy, or its owner was overtaken by one/,
    run: async (clock) => {
      const options: SessionOptions = { store: new MemoryStore(), owner: () => 'ann', rotateEvery: 60_000 }
      const app = site(options)
      const jar = new CookieJar()
      const come = (): Promise<unknown> => new Visitor(app, jar).get()
      for (let count = 0; count < 2; count++) await come()
      const stolen = jar.copy()
      clock.advance(60_000)
      for (let count = 0; count < 2; count++) await come()
      clock.advance(60_000)
      await new Visitor(app, stolen).get()
    },
  },
  {
    title: 'a response that begins before the session is saved',
    hint: 'too-late',
    says: /written: nothing \| told: nothing.*when the response had begun/,
    run: () => new Visitor(site({}, { handle: streamed })).get(),
  },
  {
    title: 'autoCommit that is off, and nobody who saves',
    hint: 'not-committed',
    says: /written: nothing.*the change is lost/,
    run: () => new Visitor(site({ autoCommit: false })).get(),
  },
  {
    title: 'a key of the data that begins with "_"',
    hint: 'private-keys',
    says: /A key of the session begins with "_"/,
    run: () =>
      new Visitor(site({}, { handle: (ctx) => void Object.assign(ctx.session, { _secret: SECRET, views: 1 }) })).get(),
  },
  ...['update', 'once'].flatMap((verb) =>
    [{}, { store: new MemoryStore() }].map((options): SetUp => ({
      title: `a key that begins with "_" within ${verb}() ${'store' in options ? 'in a store' : 'in a cookie'}`,
      hint: 'private-keys',
      says: /written: changed.*A key of the session begins with "_"/,
      run: () => {
        const set = (data: object): unknown => Object.assign(data, { _secret: SECRET, views: 1 })
        const handle = async (ctx: Context): Promise<void> => {
          const sessions = SessionService.of(ctx)
          if (verb === 'update') await sessions.update(set, ctx)
          else await sessions.once('views', set, {}, ctx)
        }
        return new Visitor(site(options, { handle })).get()
      },
    })),
  ),
  {
    title: 'a store that is down when a visitor signs out',
    hint: 'store-error',
    says: /session: ended \| written: nothing \| told: nothing \| error: ERR_SESSION_STORE.*The store failed/,
    run: async () => {
      const store = new PlainStore()
      store.destroy = () => Promise.reject(new Error(SECRET))
      const visitor = new Visitor(site({ store }, { handle: comeAndGo }))
      for (const path of ['/in', '/out']) await visitor.get(path)
    },
  },
  {
    title: 'a store of texts that does not parse them',
    hint: 'no-record',
    says: /malformed.*such as a text or a Buffer.*let it parse the text/,
    run: () => {
      const store = new PlainStore()
      const set = store.set.bind(store)
      store.set = (key, record) => set(key, JSON.stringify(record) as never)
      return comeTwice(site({ store }))
    },
  },
  {
    title: 'two names of one host',
    hint: 'other-host',
    says: /http:\/\/127\.0\.0\.1:3000.*no-cookie.*for another host name.*Come by one name/,
    run: async () => {
      const app = site({})
      const visitor = new Visitor(app)
      for (const path of ['/', '/cart']) await visitor.get(path, { host: 'localhost:3000' })
      await new Visitor(app).get('/', { host: '127.0.0.1:3000' })
    },
  },
  {
    title: 'two names of the own machine, of which each has an address of its own',
    hint: 'other-host',
    says: /http:\/\/127\.0\.0\.1:3000.*no-cookie.*such as localhost and not 127\.0\.0\.1/,
    run: async () => {
      const app = site({})
      Object.defineProperty(app.request, 'ip', {
        get(this: Context) {
          return this.get('Host').startsWith('localhost') ? '::1' : '::ffff:127.0.0.1'
        },
      })
      for (const host of ['localhost:3000', '127.0.0.1:3000']) await new Visitor(app).get('/', { host })
    },
  },
  {
    title: 'a proxy that says the host, and an app that does not heed it',
    hint: 'no-app-proxy',
    says: /http:\/\/backend:3000.*domain=shop\.example.*X-Forwarded-Host names another host.*set app\.proxy = true/,
    run: () =>
      new Visitor(site({ domain: 'shop.example' })).get('/', {
        host: 'backend:3000',
        'x-forwarded-host': 'www.shop.example',
      }),
  },
  {
    title: "a TLS proxy that the app does not heed, and secure: 'auto'",
    hint: 'no-app-proxy',
    says: /http:.*told: set koa\.sess#[^|]*httponly\).*X-Forwarded-Proto says https/,
    run: () => comeTwice(site({ secure: 'auto' }), undefined, undefined, PROXIED),
  },
  {
    title: 'a trusted proxy that does not say https',
    hint: 'plain-http',
    says: /ERR_SESSION_INSECURE.*the proxy says that the connection is plain HTTP, or says nothing of it/,
    run: () => {
      const app = site({ secure: true })
      app.proxy = true
      return new Visitor(app).get()
    },
  },
  {
    title: 'a form of another site, which a bank sends back for example',
    hint: 'same-site',
    says: /^POST.*no-cookie.*sameSite: 'none', secure: true and partitioned: true/,
    run: () => comeFrom('POST', { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' }),
  },
  {
    title: 'a link of another site, and SameSite=Strict',
    hint: 'same-site',
    says: /no-cookie.*a page of another site has a link to this one.*sameSite: 'lax'\.$/,
    run: () =>
      comeFrom('GET', { 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' }, { sameSite: 'strict' }),
  },
  {
    title: 'a link within a frame of another site',
    hint: 'same-site',
    says: /no-cookie.*from a frame for example/,
    run: () => comeFrom('GET', { 'sec-fetch-site': 'same-origin', 'sec-fetch-dest': 'iframe' }),
  },
  {
    title: 'what a frame of another site fetches',
    hint: 'same-site',
    says: /no-cookie.*from a frame for example/,
    run: () => comeFrom('GET', { 'sec-fetch-site': 'same-origin', 'sec-fetch-storage-access': 'none' }),
  },
  {
    title: 'something that removes Set-Cookie',
    hint: 'taken-away',
    says: /written: changed \| told: nothing.*it is no more on the response/,
    run: () => new Visitor(site({}, { before: [changedBehind((ctx) => ctx.remove('Set-Cookie'))] })).get(),
  },
  {
    title: 'something that sets its own Set-Cookie in the place of all others',
    hint: 'taken-away',
    says: /written: changed \| told: nothing.*removed or replaced the header Set-Cookie/,
    run: () =>
      new Visitor(site({}, { before: [changedBehind((ctx) => ctx.set('Set-Cookie', 'theme=dark; path=/'))] })).get(),
  },
  {
    title: 'a response that ends before its handler, and a session in its cookie',
    hint: 'too-late',
    says: /written: nothing \| told: nothing.*when the response had begun/,
    run: () => endEarly({}),
  },
  {
    title: 'a response that ends before its handler, and a session in a store',
    hint: 'too-late',
    says: /written: changed \| told: nothing.*when the response had begun/,
    run: () => endEarly({ store: new MemoryStore() }),
  },
  {
    title: 'an id in the address',
    hint: 'unknown-record',
    says: /unknown-id/,
    run: () => {
      const externalKey = { get: (ctx: Context) => ctx.path.split('/')[1], set: () => undefined }
      return new Visitor(site({ externalKey, store: new MemoryStore() })).get('/s3cr3t-id/cart')
    },
  },
]

/** Comes for the first time as to any site, and then without a cookie, from somewhere else. */
async function comeFrom(
  method: 'GET' | 'POST',
  headers: Record<string, string>,
  options: SessionOptions = { sameSite: 'lax' },
): Promise<void> {
  const app = site(options)
  const visitor = new Visitor(app)
  for (const path of ['/', '/cart']) await visitor.get(path)
  await new Visitor(app).send(method, '/back', headers)
}

/** A middleware in front of the session that changes the response behind it. */
function changedBehind(change: (ctx: Context) => void): Middleware {
  return async (ctx, next) => {
    await next()
    change(ctx)
  }
}

async function endEarly(options: SessionOptions): Promise<void> {
  let done: Promise<void> | undefined
  const handle = (ctx: Context): Promise<void> => {
    ctx.respond = false
    ctx.res.end('all of it')
    return (done = new Promise<void>((resolve) => setTimeout(resolve, 5)).then(() => count(ctx)))
  }
  await new Visitor(site(options, { handle })).get()
  await done
}

function comeAndGo(ctx: Context): void {
  if (ctx.path === '/out') ctx.session = null
  else count(ctx)
}

function readOnceWritten(ctx: Context): void {
  if (ctx.path === '/in') count(ctx)
  else ctx.body = String(ctx.session.views)
}

async function signIn(ctx: Context): Promise<void> {
  count(ctx)
  if (ctx.path === '/in') await ctx.session.regenerate()
}

function hoard(ctx: Context): void {
  ctx.session.basket = Array.from({ length: 450 }, (_, index) => `${SECRET}${index}`.slice(-12)).join('')
  ctx.body = 'much'
}

async function streamed(ctx: Context): Promise<void> {
  count(ctx)
  ctx.respond = false
  ctx.res.write('the first byte')
  await Promise.resolve()
  setImmediate(() => ctx.res.end())
}
