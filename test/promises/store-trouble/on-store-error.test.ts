import { SessionError, type SessionOptions } from 'koa-session-service'
import { backendsWith } from '../../support/backends/backends'
import { createSessionApp, type Action, type SessionApp } from '../../support/app/session-app'
import type { Visitor } from '../../support/app/app'
import { READS, RENEWALS, spyOn, type StoreSpy, WRITES } from '../../support/spies/spy-on'

const outage = () => Promise.reject(new Error('the store is down'))

interface Scene {
  store: StoreSpy
  served: SessionApp
  ann: Visitor
  events: unknown[]
}

/** Ann has a session, and then the store goes down. */
async function open(options: SessionOptions): Promise<Scene> {
  const store = spyOn(options)
  const served = createSessionApp(store.options, {
    '/save': (ctx) => ctx.session.save(),
    '/update': (ctx, sessions) => sessions.update((data) => void (data.user = 'eve'), ctx),
    '/destroy': (ctx, sessions) => sessions.destroy(ctx),
    '/state': ({ session }) => ({ isNew: session.isNew, length: session.length }),
  })
  const events: unknown[] = []
  served.app.on('session:error', (event) => events.push(event))
  const ann = served.visitor()
  await ann.get('/set?user=ann')
  store.fail(outage)
  store.names.length = 0
  return { store, served, ann, events }
}

describe.each(backendsWith({ hasIds: true }))('onStoreError: $name', ({ options }) => {
  it("R43: 'throw' is the default of onStoreError", async () => {
    expect((await (await open({ ...options(), onStoreError: 'throw' })).ann.get('/')).status).toBe(503)
    expect((await (await open(options())).ann.get('/')).status).toBe(503)
  })

  describe("'anonymous'", () => {
    const anonymous = () => open({ ...options(), onStoreError: 'anonymous' })

    it("R43: onStoreError: 'anonymous' goes on with an empty session that is new", async () => {
      const { ann } = await anonymous()
      expect(await ann.get('/')).toMatchObject({ status: 200, body: '{}' })
      expect((await ann.get('/state')).json()).toEqual({ isNew: true, length: 0 })
    })

    it("R43: onStoreError: 'anonymous' writes nothing, sets no cookie, and the session is there when the store is", async () => {
      const { ann, store } = await anonymous()
      const before = ann.jar.header
      expect(await ann.get('/set?user=eve')).toMatchObject({ status: 200, setCookie: [] })
      expect(await ann.get('/plain')).toMatchObject({ status: 200, setCookie: [] })
      expect(store.names.every((name) => READS.test(name))).toBe(true)
      expect(ann.jar.header).toBe(before)
      store.recover()
      expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
    })

    it("R43: onStoreError: 'anonymous' writes nothing either where the store is back before the request ends", async () => {
      const { store, ann } = await anonymous()
      store.fail(() => {
        store.recover()
        return outage()
      })
      expect(await ann.get('/set?user=eve')).toMatchObject({ status: 200, setCookie: [] })
      expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
    })

    it("R43: onStoreError: 'anonymous' reports the failure as session:error", async () => {
      const { ann, events } = await anonymous()
      await ann.get('/')
      await new Promise(setImmediate)
      expect(events).toEqual([expect.objectContaining({ error: expect.any(SessionError) })])
    })

    it.each(['/save', '/update', '/regenerate', '/touch'])(
      "R43: the verb %s fails under onStoreError: 'anonymous', for it was asked for by name",
      async (path) => {
        const { ann, store } = await anonymous()
        expect(await ann.get(path)).toMatchObject({ status: 503, setCookie: [] })
        store.recover()
        expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
      },
    )

    it.each(['/logout', '/destroy', '/replace?user=eve'])(
      "R43: a logout (%s) fails loudly under onStoreError: 'anonymous'",
      async (path) => {
        const { ann, store } = await anonymous()
        expect(await ann.get(path)).toMatchObject({ status: 503, setCookie: [] })
        store.recover()
        expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
        await ann.get('/logout')
        expect((await ann.get('/')).json()).toEqual({})
      },
    )

    it("R43: a change of a session that was read fails under onStoreError: 'anonymous': it would be lost", async () => {
      const { ann, store } = await anonymous()
      store.fail(outage, WRITES)
      expect(await ann.get('/set?user=eve')).toMatchObject({ status: 503, setCookie: [] })
    })

    it("R43: a change of a lazy session that was read fails under onStoreError: 'anonymous' as well", async () => {
      const store = spyOn({ ...options(), onStoreError: 'anonymous', signed: false, lazy: true })
      const load: Action = async (ctx, sessions) => (await sessions.load(ctx)) ?? ''
      const visitor = createSessionApp(store.options, { '/load': load }).visitor()
      visitor.jar.values.set('koa.sess', 'some-id')
      store.fail(outage)
      expect(await visitor.get('/load')).toMatchObject({ status: 200, body: '{}' })
      expect(store.names).toHaveLength(1)
    })
  })

  it("R43: a renewal that fails is an error, and none with onStoreError: 'anonymous', as no data is lost", async () => {
    const strict = await open({ ...options(), rolling: true })
    strict.store.fail(outage, RENEWALS)
    expect(await strict.ann.get('/')).toMatchObject({ status: 503 })
    const lenient = await open({ ...options(), rolling: true, onStoreError: 'anonymous' })
    lenient.store.fail(outage, RENEWALS)
    expect(await lenient.ann.get('/')).toMatchObject({ status: 200, body: '{"user":"ann"}', setCookie: [] })
    await new Promise(setImmediate)
    expect(lenient.events).toHaveLength(1)
  })

  it('R43: onStoreError as a function decides for each request, by the error and the ctx', async () => {
    const asked: unknown[] = []
    const { ann } = await open({
      ...options(),
      onStoreError: (error, ctx) => {
        asked.push(error)
        return ctx.path === '/' ? 'anonymous' : 'throw'
      },
    })
    expect((await ann.get('/')).status).toBe(200)
    expect((await ann.get('/plain')).status).toBe(503)
    expect(asked).toMatchObject([{ code: 'ERR_SESSION_STORE' }, { code: 'ERR_SESSION_STORE' }])
  })

  it.each([
    ['a table that is missing', 503, 'ERR_SESSION_TABLE_MISSING'],
    ['a record that is too large', 500, 'ERR_SESSION_RECORD_TOO_LARGE'],
    ['a write that gave up', 503, 'ERR_SESSION_CONFLICT'],
  ] as const)(
    'R43: an error of the store about %s is not forgiven by onStoreError: waiting does not mend it',
    async (_what, status, code) => {
      const { ann, store, served } = await open({ ...options(), onStoreError: 'anonymous' })
      const errors: unknown[] = []
      served.app.on('error', (error) => errors.push(error))
      store.fail(() => Promise.reject(new SessionError(code, 'a mistake', { status })))
      expect(await ann.get('/')).toMatchObject({ status, setCookie: [] })
      expect(errors).toMatchObject([{ code }])
    },
  )

  it('R43: an error of keys that are missing is not forgiven by onStoreError', async () => {
    const { ann, served } = await open({ ...options(), onStoreError: 'anonymous' })
    const errors: unknown[] = []
    served.app.on('error', (error) => errors.push(error))
    served.app.keys = undefined as never
    expect(await ann.get('/')).toMatchObject({ status: 500, setCookie: [] })
    expect(errors).toMatchObject([{ code: 'ERR_SESSION_KEYS_MISSING', message: expect.stringContaining('app.keys') }])
  })

  it('R43: an error that is not of the store is not forgiven by onStoreError', async () => {
    const { ann, store } = await open({
      ...options(),
      onStoreError: 'anonymous',
      valid: (ctx) => {
        if (ctx.path === '/plain') throw new Error('a mistake in valid()')
        return true
      },
    })
    store.recover()
    expect((await ann.get('/plain')).status).toBe(500)
    expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
  })
})
