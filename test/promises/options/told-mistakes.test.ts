import { Cluster, Redis } from 'ioredis'
import { Redis as Valkey } from 'iovalkey'
import createKoaSession from 'koa-session'
import {
  fromExpressStore,
  fromKeyv,
  LayeredStore,
  MemoryStore,
  session,
  type SessionOptions,
} from 'koa-session-service'
import { createClient, createCluster } from 'redis'
import { createApp, Visitor } from '../../support/app/app'
import { contextStoreOver } from '../../support/backends/backends'
import { createSessionApp } from '../../support/app/session-app'
import { thrownBy } from '../../support/thrown-by'

const PASSWORD = 'hunter2'
const ADDRESS = `redis://default:${PASSWORD}@cache.example:6379`

/** What construction with these options says; undefined where it says nothing. */
const told = (options: unknown): string | undefined => saidBy(() => session(options as SessionOptions, createApp()))

function saidBy(work: () => unknown): string | undefined {
  const error = thrownBy(work)
  return error && `${error.code}: ${error.message}`
}

describe('a text in the place of an object', () => {
  it.each(['store', 'ContextStore', 'bus', 'codec', 'externalKey', 'binding', 'container'])(
    'R38: an address with a password as %s is not repeated by the error',
    (name) => {
      const said = told({ [name]: ADDRESS })
      expect(said).toMatch(new RegExp(`^ERR_SESSION_OPTIONS: The session option "${name}" takes .*, not a text\\.`))
      expect(told({ [name]: PASSWORD })).not.toContain(PASSWORD)
    },
  )

  it.each([
    ['the options', ADDRESS],
    ['the options, as a secret alone', PASSWORD],
    ['a name', { key: ADDRESS }],
    ['a domain', { domain: `https://ann:${PASSWORD}@shop.example` }],
    ['a prefix', { prefix: `ä${ADDRESS}` }],
    ['a trusted origin', { crossSite: { trustedOrigins: [`https://ann:${PASSWORD}@shop.example`] } }],
    ['what becomes of other sites', { crossSite: { mode: ADDRESS } }],
    ['a list for what is cleared', { clearSiteData: [ADDRESS] }],
    ['a duration', { maxAge: ADDRESS }],
    ['a long text', { encode: PASSWORD.repeat(30) }],
  ])('R38: a password in the place of %s is not repeated by the error', (_what, options) => {
    const said = told(options)
    expect(said).toMatch(/^ERR_SESSION_OPTIONS/)
    expect(said).not.toContain(PASSWORD)
  })
})

describe('a promise in the place of a value', () => {
  it.each([
    ['store', async () => new MemoryStore()],
    ['bus', async () => ({})],
    ['codec', async () => ({})],
    ['maxAge', async () => 5],
    ['key', async () => 'sid'],
  ] as [string, () => Promise<unknown>][])('R38: the error of a promise as %s says to await it', (name, make) => {
    expect(told({ [name]: make() })).toMatch(/not a promise\. Await it first\.$/)
  })

  it('R38: a container that builds no store, or a promise of one, is told at the start', () => {
    class Unregistered extends MemoryStore {}
    for (const built of [Promise.resolve(new MemoryStore()), undefined, {}, 'store']) {
      expect(told({ store: Unregistered, container: { get: () => built } })).toMatch(
        /^ERR_SESSION_OPTIONS: What was built/,
      )
    }
  })

  it('R38: a container that builds no store for a request is told when that is used', async () => {
    const errors: unknown[] = []
    const container = { get: () => Promise.resolve(new MemoryStore()) as never }
    const { app, visitor } = createSessionApp({ ContextStore: contextStoreOver(new MemoryStore()), container })
    app.on('error', (error) => errors.push(error))
    expect((await visitor().get('/set?user=ann')).status).toBe(500)
    expect(errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_OPTIONS' })])
  })
})

describe('what is no store in the place of one', () => {
  const clients = [
    ['ioredis', new Redis({ lazyConnect: true })],
    ['a cluster of ioredis', new Cluster([{ host: '127.0.0.1' }], { lazyConnect: true })],
    ['iovalkey', new Valkey({ lazyConnect: true })],
    ['redis', createClient()],
    ['a cluster of redis', createCluster({ rootNodes: [{}] })],
  ] as [string, object][]

  it.each(clients)('R38: the error of a client of %s in the place of a store names RedisStore', (_name, client) => {
    expect(told({ store: client })).toMatch(
      /not an object\. Pass new RedisStore\(client\), from koa-session-service\/redis\.$/,
    )
  })

  it('R38: the error of a Map in the place of a store names MemoryStore', () => {
    expect(told({ store: new Map() })).toMatch(/not an object\. Pass new MemoryStore\(\)\.$/)
  })
})

describe('an option of another library', () => {
  it.each([
    ['secret', 'app.keys'],
    ['keys', 'app.keys'],
    ['cookie', 'maxAge'],
    ['name', '"key"'],
    ['resave', 'leave it out'],
    ['saveUninitialized', 'leave it out'],
    ['unset', 'ctx.session = null'],
    ['proxy', 'app.proxy'],
    ['encrypt', 'sealed({ keys })'],
    ['genSid', '"genid"'],
    ['cookieName', '"key"'],
    ['defer', '"lazy"'],
    ['sessionIdStore', '"externalKey"'],
    ['errorHandler', '"onStoreError"'],
    ['reconnectTimeout', '"storeTimeout"'],
  ])('R38: the error of the option %s of another library names what takes its place', (name, cure) => {
    const said = told({ [name]: 'a value' })
    expect(said).toContain(`ERR_SESSION_OPTIONS: Unknown session option "${name}". `)
    expect(said).toContain(cure)
    expect(said).not.toContain('Did you mean')
  })
})

describe('maxAge: 0', () => {
  it('D25: maxAge: 0, which is one day in koa-session, is refused with the values that were meant', async () => {
    expect(told({ maxAge: 0 })).toMatch(/"maxAge" takes .*, not 0\. Leave it out for one day.*'session'/)
    expect(told({ maxage: 0 })).toMatch(/Leave it out for one day/)
    const app = createApp()
    app.use(createKoaSession({ maxAge: 0, signed: false }, app as never) as never)
    app.use((ctx) => {
      Object.assign(ctx.session, { user: 'ann' })
      ctx.body = 'ok'
    })
    const visitor = new Visitor(app)
    const { setCookie } = await visitor.get('/')
    expect(setCookie.join()).not.toMatch(/expires/i)
    const text = Buffer.from(String(visitor.jar.values.get('koa.sess')), 'base64').toString()
    expect(JSON.parse(text)).toMatchObject({ user: 'ann', _maxAge: 24 * 60 * 60 * 1000 })
  })
})

describe.each<[string, (given: never) => unknown]>([
  ['LayeredStore', (given) => new LayeredStore(given)],
  ['fromExpressStore', (given) => fromExpressStore(given)],
  ['fromKeyv', (given) => fromKeyv(given)],
])('%s', (_name, make) => {
  it('R38: a store made over an address, a promise or something else says so when it is made, and repeats nothing', () => {
    for (const given of [ADDRESS, Promise.resolve(new MemoryStore()), undefined, null, {}, 5]) {
      const message = saidBy(() => make(given as never))
      expect(message).toMatch(/^ERR_SESSION_OPTIONS: .* takes .*, not (a text|a promise|something else)\./)
      expect(message).not.toContain(PASSWORD)
    }
  })
})
