import { AsyncLocalStorage } from 'node:async_hooks'
import { context, metrics, ROOT_CONTEXT, trace, type Context as Scope } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { MemoryStore } from 'koa-session-service'
import { traceSessions } from '../../../example/recipes/tracing'
import { createApp } from '../../support/app/app'
import { createSite, nextTurn, type Handlers, type Site } from '../../support/app/site'

const exporter = new InMemorySpanExporter()

/** What the instruments were told: the name, the value and the attributes. */
const measured: [name: string, value: number, attributes: Record<string, unknown>][] = []
const instrument = (name: string) => {
  const note = (value: number, attributes: object) => void measured.push([name, value, { ...attributes }])
  return { add: note, record: note }
}

let stop: () => void

beforeAll(() => {
  const scopes = new AsyncLocalStorage<Scope>()
  context.setGlobalContextManager({
    active: () => scopes.getStore() ?? ROOT_CONTEXT,
    with: (scope, work, self, ...args) => scopes.run(scope, () => work.apply(self as never, args)),
    bind: (_scope, target) => target,
    enable() {
      return this
    },
    disable() {
      return this
    },
  })
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }))
  metrics.setGlobalMeterProvider({
    getMeter: () => ({ createCounter: instrument, createHistogram: instrument }) as never,
  })
  stop = traceSessions()
})
afterAll(() => {
  stop()
  for (const api of [context, trace, metrics]) api.disable()
})
beforeEach(forget)

function forget(): void {
  exporter.reset()
  measured.length = 0
}

/** A site of which every request has a span of its own, as an instrumentation of HTTP makes one. */
function open(store: MemoryStore, handlers: Handlers = {}): Site {
  const app = createApp()
  app.use((ctx, next) =>
    trace.getTracer('http').startActiveSpan(`GET ${ctx.path}`, async (span) => {
      await next().finally(() => span.end())
    }),
  )
  return createSite({ store }, { '/login': (ctx) => (ctx.session.user = 'ann'), ...handlers }, app)
}

function count(name: string, wanted: Record<string, unknown> = {}): number {
  const fits = ([other, , attributes]: (typeof measured)[number]) =>
    other === `koa_session_service.${name}` && Object.entries(wanted).every(([key, value]) => attributes[key] === value)
  return measured.filter(fits).reduce((sum, [, value]) => sum + value, 0)
}

test('R76: the recipe for tracing makes spans within the one of the request', async () => {
  const { visitor } = open(new MemoryStore())
  await visitor.get('/login')
  const spans = exporter.getFinishedSpans()
  const request = spans.find(({ name }) => name === 'GET /login')
  expect(spans.map(({ name }) => name).sort()).toEqual([
    'GET /login',
    'session commit',
    'session load',
    'session store write',
  ])
  for (const { name, parentSpanContext, attributes } of spans) {
    if (name === 'GET /login') continue
    expect(parentSpanContext?.spanId).toBe(request?.spanContext().spanId)
    expect(attributes).toMatchObject({
      service: 'session',
      store: 'MemoryStore',
      outcome: expect.any(String) as unknown,
    })
  }
})

test('R76: the recipe for tracing counts loads by outcome, and the bytes of records', async () => {
  const { visitor } = open(new MemoryStore())
  await visitor.get('/login')
  for (let visit = 0; visit < 3; visit++) await visitor.get('/')
  expect(count('operations', { operation: 'load', outcome: 'none' })).toBe(1)
  expect(count('operations', { operation: 'load', outcome: 'found' })).toBe(3)
  expect(count('size', { operation: 'commit' })).toBe('{"user":"ann"}'.length)
})

test('R76: the recipe for tracing counts conflicts', async () => {
  const site: Site = open(new MemoryStore(), {
    '/slow': async (ctx) => {
      ctx.session.mine = 1
      await site.visitor.get('/fast')
    },
    '/fast': (ctx) => (ctx.session.theirs = 1),
  })
  await site.visitor.get('/login')
  expect(count('conflicts')).toBe(0)
  await site.visitor.get('/slow')
  expect(count('conflicts', { store: 'MemoryStore' })).toBe(1)
})

test('R76: the recipe for tracing counts commits that were late', async () => {
  const { visitor } = open(new MemoryStore(), {
    '/late': (ctx) => {
      ctx.respond = false
      ctx.res.flushHeaders()
      ctx.session.theme = 'dark'
      setTimeout(() => ctx.res.end(), 5)
    },
  })
  await visitor.get('/login')
  await visitor.get('/late')
  await nextTurn()
  expect(count('late', { lost: 'renewal' })).toBe(1)
})

test('R76: the recipe for tracing counts errors of the store, and marks their spans', async () => {
  const store = new MemoryStore()
  const { visitor } = open(store)
  await visitor.get('/login')
  forget()
  jest.spyOn(store, 'read').mockImplementation(() => Promise.reject(new Error('the store is down')) as never)
  expect((await visitor.get('/')).status).toBe(503)
  expect(count('operations', { operation: 'store', store: 'MemoryStore', outcome: 'failed' })).toBe(1)
  const [span] = exporter.getFinishedSpans().filter(({ name }) => name === 'session store read')
  expect(span).toMatchObject({ status: { code: 2 }, events: [{ name: 'exception' }] })
})

test('R76: the recipe for tracing makes and counts nothing once it is ended', async () => {
  stop()
  const { visitor } = open(new MemoryStore())
  await visitor.get('/login')
  expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['GET /login'])
  expect(measured).toEqual([])
  stop = traceSessions()
})
