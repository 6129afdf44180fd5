import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type Koa from 'koa'
import { MemoryStore, session, type Session, SessionError, SessionService } from 'koa-session-service'
import { visit } from 'koa-session-service/testing'
import inject from 'light-my-request'
import request from 'supertest'
import { createApp, KOA_VERSIONS } from '../../support/app/app'
import { type Data, MODES, type ModeCase } from './modes'

const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** An app with one session: `/` shows it, `/add` changes it, `/end` ends it. */
function createShop({ options }: Pick<ModeCase, 'options'>, KoaClass?: typeof Koa) {
  const app = createApp(KoaClass)
  app.proxy = true
  const sessions = new SessionService<Data>(app, options())
  app.use(sessions.middleware())
  app.use(async (ctx) => {
    const session = (await sessions.load(ctx)) as Session<Data>
    if (ctx.path === '/add') session.items = [...(session.items ?? []), 'tea']
    if (ctx.path === '/end') await sessions.destroy(ctx)
    if (ctx.path === '/add' && !sessions.options.autoCommit) await session.manuallyCommit()
    ctx.body = { ...session.toJSON(), isNew: session.isNew }
  })
  return { app, sessions }
}

function handlerOf(app: Koa): (...call: Parameters<ReturnType<Koa['callback']>>) => void {
  const handle = app.callback()
  return (req, res) => void handle(req, res)
}

async function listen(app: Koa): Promise<string> {
  const server = app.listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe.each(Object.entries(KOA_VERSIONS))('%s', (_version, KoaClass) => {
  describe.each(MODES)('$name', (mode) => {
    test('R81: supertest finds the visitor signed in, with the session that was stored', async () => {
      const { app, sessions } = createShop(mode, KoaClass)
      const ada = await visit(sessions, { userId: 'ada', items: ['milk'] })
      const { body } = await request(app.callback()).get('/').set(ada.headers)
      expect(body).toEqual({ userId: 'ada', items: ['milk'], isNew: false })
      expect(await ada.session()).toEqual({ userId: 'ada', items: ['milk'] })
    })

    test('R81: a visitor follows what responses do to the session, until it is over', async () => {
      const { app, sessions } = createShop(mode, KoaClass)
      const ada = await visit(sessions, { userId: 'ada' })
      const agent = request(app.callback())
      for (const path of ['/add', '/add', '/']) ada.follow(await agent.get(path).set(ada.headers))
      expect(await ada.session()).toEqual({ userId: 'ada', items: ['tea', 'tea'] })
      ada.follow(await agent.get('/end').set(ada.headers))
      expect(ada.headers.cookie).toBeUndefined()
      expect(await ada.session()).toBeUndefined()
    })

    test('R81: a visitor without data has nothing, and becomes somebody', async () => {
      const { app, sessions } = createShop(mode, KoaClass)
      const stranger = await visit(sessions)
      expect(stranger.headers.cookie).toBeUndefined()
      expect(await stranger.session()).toBeUndefined()
      stranger.follow(await request(app.callback()).get('/add').set(stranger.headers))
      expect(await stranger.session()).toEqual({ items: ['tea'] })
    })
  })
})

describe.each(MODES)('$name', (mode) => {
  test('R81: a visitor works with fetch over a server', async () => {
    const { app, sessions } = createShop(mode)
    const origin = await listen(app)
    const ada = await visit(sessions, { userId: 'ada' })
    const response = ada.follow(await fetch(`${origin}/add`, { headers: ada.headers }))
    expect(await response.json()).toEqual({ userId: 'ada', items: ['tea'], isNew: false })
    expect(await ada.session()).toEqual({ userId: 'ada', items: ['tea'] })
  })

  test('R81: two visitors of one app have nothing to do with each other', async () => {
    const { app, sessions } = createShop(mode)
    const [ada, grace] = [await visit(sessions, { userId: 'ada' }), await visit(sessions, { userId: 'grace' })]
    ada.follow(await request(app.callback()).get('/add').set(ada.headers))
    expect([await ada.session(), await grace.session()]).toEqual([
      { userId: 'ada', items: ['tea'] },
      { userId: 'grace' },
    ])
  })
})

test('R81: the owner index knows the visitor', async () => {
  const store = new MemoryStore()
  const { sessions } = createShop({ options: () => ({ store, owner: ({ userId }) => userId }) })
  const ada = await visit(sessions, { userId: 'ada' })
  expect(store.listByOwner('koa.sess=ada')).toHaveLength(1)
  expect(store.destroyByOwner('koa.sess=ada')).toBe(1)
  expect(await ada.session()).toBeUndefined()
})

test('R81: a session that takes several cookies is sent and kept in all of them', async () => {
  const mode = MODES.find(({ name }) => name === 'sealed in chunks') as ModeCase
  const { app, sessions } = createShop(mode)
  const text = Array.from({ length: 600 }, (_, index) => `word ${index * 7919}`).join(' ')
  const ada = await visit(sessions, { userId: 'ada', text })
  expect(ada.headers.cookie).toMatch(/koa\.sess\.1=/)
  const { body } = await request(app.callback()).get('/').set(ada.headers)
  expect((body as Data).text).toBe(text)
})

test("R81: a session that the app's hooks refuse is refused by visit()", async () => {
  const failure = new Error('no')
  const { sessions } = createShop({
    options: () => ({
      beforeSave: () => {
        throw failure
      },
    }),
  })
  await expect(visit(sessions, { userId: 'ada' })).rejects.toBe(failure)
})

test('R81: a visitor follows a response of light-my-request, and one of Playwright', async () => {
  const { app, sessions } = createShop({ options: () => ({}) })
  const ada = await visit(sessions, { userId: 'ada' })
  ada.follow(await inject(handlerOf(app), { url: '/add', headers: ada.headers }))
  expect(await ada.session()).toEqual({ userId: 'ada', items: ['tea'] })
  const { headers } = await inject(handlerOf(app), { url: '/end', headers: ada.headers })
  const lines = (headers['set-cookie'] as string[]).map((value) => ({ name: 'Set-Cookie', value }))
  ada.follow({ headers: () => ({}), headersArray: () => lines } as never)
  expect(ada.headers.cookie).toBeUndefined()
})

test.each([undefined, null, 'text', {}])('R81: follow(%j) is refused', async (response) => {
  const ada = await visit(createShop({ options: () => ({}) }).sessions, { userId: 'ada' })
  expect(() => ada.follow(response as never)).toThrow(expect.objectContaining({ code: 'ERR_SESSION_BAD_VALUE' }))
})

test('R81: visit() of what is no service is refused with the cure', async () => {
  const app = createApp()
  const failing = visit(session(app) as never, {})
  await expect(failing).rejects.toMatchObject({ code: 'ERR_SESSION_OPTIONS' })
  await expect(failing).rejects.toThrow('session(options, app).sessions')
})

test('R81: visit() refuses an option that there is not', async () => {
  const { sessions } = createShop({ options: () => ({}) })
  await expect(visit(sessions, {}, { uri: 'http://localhost' } as never)).rejects.toThrow('no option "uri"')
})

describe('the address of a visitor', () => {
  test('R81: the address of a visitor is what the app sees of their requests', async () => {
    const hosts: string[] = []
    const { sessions } = createShop({
      options: () => ({ valid: (ctx) => hosts.push(`${ctx.protocol}//${ctx.host}${ctx.url}`) }),
    })
    const ada = await visit(sessions, { userId: 'ada' }, { url: 'https://shop.example:8080/cart?page=2' })
    await ada.session()
    expect(hosts).toEqual(['https//shop.example:8080/cart?page=2'])
  })

  test('R81: the address of a visitor decides whether a cookie that is "auto" is secure', async () => {
    const { sessions } = createShop({ options: () => ({ secure: 'auto' }) })
    const secure = async (url?: string): Promise<unknown[]> =>
      (await visit(sessions, { userId: 'ada' }, { url })).cookies('https://shop.example').map((cookie) => cookie.secure)
    expect(await secure()).toEqual([false, false])
    expect(await secure('https://shop.example')).toEqual([true, true])
  })

  test.each(['shop', 'ftp://shop.example', ''])('R81: "%s" is refused as the address of a visitor', async (url) => {
    const { sessions } = createShop({ options: () => ({}) })
    await expect(visit(sessions, { userId: 'ada' }, { url })).rejects.toMatchObject({ code: 'ERR_SESSION_OPTIONS' })
  })

  test("R81: headers of a visitor's own go with every request", async () => {
    const seen: unknown[] = []
    const { app, sessions } = createShop({
      options: () => ({ valid: (ctx) => seen.push(ctx.get('X-Tenant')) }),
    })
    const ada = await visit(sessions, { userId: 'ada' }, { headers: { 'X-Tenant': 'blue' } })
    await ada.session()
    await request(app.callback()).get('/').set(ada.headers)
    expect(seen).toEqual(['blue', 'blue'])
  })
})

describe('externalKey', () => {
  const externalKey = {
    get: (ctx: Koa.Context) => ctx.get('x-session'),
    set: (ctx: Koa.Context, id: string) => ctx.set('x-session', id),
  }
  const mode = { options: () => ({ externalKey, store: new MemoryStore() }) }

  test("R81: the visitor's token is presented as externalKey says", async () => {
    const { app, sessions } = createShop(mode)
    const headers = (token?: string): Record<string, string> => (token === undefined ? {} : { 'x-session': token })
    const ada = await visit(sessions, { userId: 'ada' }, { headers })
    const { body } = await request(app.callback()).get('/').set(ada.headers)
    expect(body).toEqual({ userId: 'ada', isNew: false })
    await ada.run((ctx) => sessions.regenerate({}, ctx))
    expect(await ada.session()).toEqual({ userId: 'ada' })
    await ada.run((ctx) => sessions.destroy(ctx))
    expect(ada.headers).toEqual({})
  })

  test('R81: a visitor is refused where externalKey does not say how the token is presented', async () => {
    const failing = visit(createShop(mode).sessions, { userId: 'ada' })
    await expect(failing).rejects.toBeInstanceOf(SessionError)
    await expect(failing).rejects.toMatchObject({ code: 'ERR_SESSION_OPTIONS' })
  })
})
