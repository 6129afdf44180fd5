import type Koa from 'koa'
import koaSession from 'koa-session'
import session, { type SessionOptions } from 'koa-session-service'
import { createApp, Visitor, type Answer } from '../../support/app/app'
import { PlainStore } from '../../support/backends/backends'
import { startClock, stopClock } from '../../support/clock'

const clock = stopClock()
afterAll(() => startClock())

type Library = (options: SessionOptions, app: Koa) => Koa.Middleware
const LIBRARIES: Record<string, Library> = { here: session, 'koa-session': koaSession as Library }

/** An app whose session is replaced with what is posted, and read otherwise. */
function visit(library: string, options: SessionOptions): Visitor {
  const app = createApp()
  app.use(LIBRARIES[library]({ ...options }, app))
  app.use((ctx) => {
    const data = ctx.get('x-data')
    if (data) ctx.session = JSON.parse(decodeURIComponent(data)) as object
    ctx.body = { data: ctx.session, isNew: ctx.session.isNew, maxAge: ctx.session.maxAge }
  })
  return new Visitor(app)
}

async function write(server: Visitor, data: object): Promise<Answer> {
  return server.get('/', { 'x-data': encodeURIComponent(JSON.stringify(data)) })
}

const DATA = [
  { views: 1 },
  { user: { name: 'Zoë', roles: ['ключ', '鍵', '🔑'] }, 10: null, '': 0.5 },
  { text: '=;,"%\\\n' },
]
const OPTIONS: SessionOptions[] = [
  { maxAge: 60_000 },
  { maxAge: 'session' },
  {
    maxAge: 60_000,
    key: 'koa:sess',
    signed: false,
    domain: 'example.com',
    path: '/',
    sameSite: 'lax',
    priority: 'high',
  },
  {
    maxAge: 86_400_000,
    encode: (record) => encodeURIComponent(JSON.stringify(record)),
    decode: (text) => JSON.parse(decodeURIComponent(text)) as unknown,
  },
]
const DIRECTIONS = [
  { writer: 'koa-session', reader: 'here' },
  { writer: 'here', reader: 'koa-session' },
]
const CASES = DIRECTIONS.flatMap((direction) =>
  OPTIONS.flatMap((options) => DATA.map((data) => ({ ...direction, options, data }))),
)

describe.each(CASES)('$writer writes $data with $options, $reader reads', ({ writer, reader, options, data }) => {
  const { maxAge } = options

  test('R6: the cookie that the other library wrote is read, and is the same to the byte', async () => {
    const written = await write(visit(writer, options), data)
    const reading = visit(reader, options)
    reading.jar.accept(written.setCookie)

    const read = await reading.get()
    expect(read.json()).toEqual({ data, isNew: false, maxAge })
    expect(read.setCookie).toEqual([])
    expect((await write(visit(reader, options), data)).setCookie).toEqual(written.setCookie)
  })

  test('R6: the record that the other library wrote into a store is read, and is the same to the byte', async () => {
    const { encode: _encode, decode: _decode, ...rest } = options
    const stores = { writer: new PlainStore(), reader: new PlainStore() }
    const withStore = (store: PlainStore): SessionOptions => ({ ...rest, store, genid: () => 'one-id' })
    const written = await write(visit(writer, withStore(stores.writer)), data)
    const record = stores.writer.records.get('one-id')
    expect((await write(visit(reader, withStore(stores.reader)), data)).setCookie).toEqual(written.setCookie)
    expect(stores.reader.records.get('one-id')).toBe(record)

    const reading = visit(reader, withStore(stores.writer))
    reading.jar.accept(written.setCookie)
    clock.advance(1)
    const read = await reading.get()
    expect(read.json()).toEqual({ data, isNew: false, maxAge })
    expect(read.setCookie).toEqual([])
    expect(stores.writer.records.get('one-id')).toBe(record)
  })
})
