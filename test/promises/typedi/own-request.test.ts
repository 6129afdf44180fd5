import 'reflect-metadata'
import type { Context } from 'koa'
import { MemoryStore, SessionService, type SessionOptions } from 'koa-session-service'
import { CurrentContext, useSessions } from 'koa-session-service/typedi'
import { Body, JsonController, Post, useContainer, useKoaServer } from 'routing-controllers'
import { Container, Inject, Service } from 'typedi'
import { DefaultKoa, createApp, KOA_VERSIONS, Visitor } from '../../support/app/app'
import { Barrier } from '../../support/races/interleave'

const VISITORS = 200

interface Cart {
  items?: string[]
}

/** Where every request waits for all the others. */
let barrier = new Barrier(1)

@Service()
class Shelf {
  @Inject()
  readonly sessions!: SessionService<Cart>

  async take(item: string): Promise<void> {
    const session = await this.sessions.load()
    await barrier.arrive()
    if (session) session.items = [...(session.items ?? []), item]
  }
}

@Service()
class Shop {
  constructor(
    private readonly shelf: Shelf,
    private readonly sessions: SessionService<Cart>,
  ) {}

  async buy(item: string): Promise<string[] | undefined> {
    await this.shelf.take(item)
    await barrier.arrive()
    await this.sessions.update((cart) => void cart.items?.push(`${item}, wrapped`))
    await barrier.arrive()
    return (await this.sessions.load())?.items
  }
}

/** What identifies a session, and what opens it. */
interface Held {
  id: string | undefined
  token: string | undefined
}

@Service()
@JsonController()
class ShopController {
  constructor(
    private readonly shop: Shop,
    private readonly sessions: SessionService<Cart>,
  ) {}

  get #held(): Held {
    return { id: this.sessions.id(), token: this.sessions.context.session.externalKey }
  }

  @Post('/buy')
  async buy(@Body() { item }: { item: string }) {
    const items = await this.shop.buy(item)
    return { items, from: this.sessions.context.query.visitor, again: Container.get(CurrentContext).query.visitor }
  }

  @Post('/sign-in')
  async signIn(@Body() { item }: { item: string }) {
    const before = this.#held
    await barrier.arrive()
    await this.sessions.regenerate()
    await barrier.arrive()
    const after = this.#held
    await new Promise(setImmediate)
    return { item, before, after, late: this.#held }
  }
}

function visitors(KoaClass: (typeof KOA_VERSIONS)['koa 3'], options: SessionOptions): Visitor[] {
  const app = createApp(KoaClass)
  useSessions(app, options)
  useContainer(Container)
  useKoaServer(app, { controllers: [ShopController], defaultErrorHandler: false })
  return Array.from({ length: VISITORS }, () => new Visitor(app))
}

/** Has every visitor send one request; none is answered before all have come as far as each `barrier`. */
async function allAtOnce<T>(all: Visitor[], path: string, itemOf: (index: number) => string): Promise<T[]> {
  barrier = new Barrier(VISITORS)
  const posts = all.map((visitor, index) => visitor.post(`${path}?visitor=${index}`, { item: itemOf(index) }))
  return (await Promise.all(posts)).map((answer) => answer.json<T>())
}

afterEach(() => void Container.reset())

const CASES = Object.entries(KOA_VERSIONS).flatMap(
  ([version, KoaClass]): [string, typeof KoaClass, () => SessionOptions][] => [
    [`${version}, cookie`, KoaClass, () => ({})],
    [`${version}, MemoryStore`, KoaClass, () => ({ store: new MemoryStore() })],
    [`${version}, MemoryStore, lazy`, KoaClass, () => ({ store: new MemoryStore(), lazy: true })],
  ],
)

describe.each(CASES)('%s', (_name, KoaClass, options) => {
  test('R49: in 200 interleaved requests, a service injected at any depth acts on its own request', async () => {
    const all = visitors(KoaClass, options())
    const bought = (prefix: string, index: number) => [`${prefix} ${index}`, `${prefix} ${index}, wrapped`]
    const expected = (prefixes: string[]) =>
      all.map((_, index) => ({
        items: prefixes.flatMap((prefix) => bought(prefix, index)),
        from: String(index),
        again: String(index),
      }))
    expect(await allAtOnce(all, '/buy', (index) => `tea ${index}`)).toEqual(expected(['tea']))
    expect(await allAtOnce(all, '/buy', (index) => `cup ${index}`)).toEqual(expected(['tea', 'cup']))
  })
})

test('R49: 200 visitors who sign in at once get 200 new tokens, each its own', async () => {
  const all = visitors(DefaultKoa, { store: new MemoryStore() })
  await allAtOnce(all, '/buy', (index) => `tea ${index}`)
  type SignIn = { item: string; before: Held; after: Held; late: Held }
  const signIns = await allAtOnce<SignIn>(all, '/sign-in', String)
  expect(signIns.map(({ item }) => item)).toEqual(all.map((_, index) => String(index)))
  expect(new Set(signIns.flatMap(({ before, after }) => [before.token, after.token])).size).toBe(2 * VISITORS)
  expect(new Set(signIns.flatMap(({ before, after }) => [before.id, after.id])).size).toBe(VISITORS)
  expect(signIns.map(({ after }) => after.id)).toEqual(signIns.map(({ before }) => before.id))
  expect(signIns.map(({ late }) => late.token)).toEqual(all.map(({ jar }) => jar.values.get('koa.sess')))
})

test('R49: outside a request, an injected service throws, and says what to do', async () => {
  visitors(DefaultKoa, {})
  const { shelf } = Container.get(Shop) as unknown as { shelf: Shelf }
  await expect(shelf.sessions.load()).rejects.toMatchObject({
    code: 'ERR_SESSION_NO_REQUEST',
    message: expect.stringMatching(/outside a request.*Pass the ctx/) as string,
  })
})

test('R49: outside a request, CurrentContext cannot be had, and the error is the same', () => {
  visitors(DefaultKoa, {})
  expect(() => Container.get<Context>(CurrentContext)).toThrow(
    expect.objectContaining({ code: 'ERR_SESSION_NO_REQUEST' }),
  )
})
