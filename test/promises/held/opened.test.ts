import type { SessionOptions } from 'koa-session-service'
import { createSessionApp } from '../../support/app/session-app'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { endOf, hold, NEVER, settle } from '../../support/app/held'

const owner: SessionOptions['owner'] = (data) => (data as { user?: string }).user || undefined

describeOnEachStore('a session that is held outside a request', (getStore) => {
  describe.each([
    { title: 'without "owner"', more: {} },
    { title: 'with "owner"', more: { owner } },
  ])('$title', ({ more }) => {
    async function open(options: SessionOptions = {}) {
      const { sessions, visitor } = createSessionApp({ store: getStore(), recheckEvery: NEVER, ...more, ...options })
      const ann = visitor()
      await ann.get('/set?n=1')
      const read = async () => (await ann.get('/')).json<Record<string, unknown>>()
      const getMaxAge = async ({ id }: { id?: string }) =>
        (await getStore().read(id as string, { rolling: false, ctx: {} as never }))?.record._maxAge
      return { sessions, ann, read, getMaxAge, held: await hold(sessions, ann) }
    }

    it('R72: a held session is opened with its id and its data', async () => {
      const { held, ann } = await open()
      expect(held.data).toEqual({ n: '1' })
      expect(ann.jar.values.get('koa.sess')?.startsWith(held.id as string)).toBe(true)
      expect(held.signal.aborted).toBe(false)
      held.release()
    })

    it('R72: open() answers undefined where there is no session, or another one', async () => {
      const { sessions, held, ann } = await open()
      expect(await sessions.open({ headers: {} })).toBeUndefined()
      expect(await sessions.open({ headers: { cookie: 'koa.sess=of-nobody' } })).toBeUndefined()
      await ann.get('/logout')
      expect(await sessions.open({ headers: { cookie: `koa.sess=${held.id}` } })).toBeUndefined()
    })

    it('R72: update() of a held session writes, and runs on what is there now', async () => {
      const { held, ann, read } = await open()
      await ann.get('/set?n=5&other=x')
      const data = await held.update((session) => {
        const counted = session as { n?: number }
        counted.n = Number(counted.n) + 1
      })
      expect(data).toEqual({ n: 6, other: 'x' })
      expect(held.data).toEqual(data)
      expect(await read()).toEqual(data)
      held.release()
    })

    it('R72: update() of a held session keeps the lifetime that it sets', async () => {
      const { held, ann } = await open()
      await held.update((session) => (session.maxAge = 5000))
      const { setCookie } = await ann.get('/touch')
      const expires = Date.parse(/expires=([^;]+)/.exec(setCookie.join(';'))?.[1] ?? '')
      expect(expires).toBeLessThan(Date.now() + 86_400_000 / 2)
      held.release()
    })

    it('R72: a lifetime that update() of a held session has set gives way to one that a request sets after it', async () => {
      const { held, ann, getMaxAge } = await open()
      await held.update((session) => (session.maxAge = 5000))
      await ann.get('/max-age?value=600000')
      await held.update((session) => Object.assign(session, { n: 2 }))
      expect(await getMaxAge(held)).toBe(600_000)
      held.release()
    })

    it('R72: touch() of a held session extends the life, and writes no data', async () => {
      const { held } = await open()
      const context = { rolling: false, ctx: {} as never }
      const before = await getStore().read(held.id as string, context)
      await new Promise((resolve) => setTimeout(resolve, 5))
      await held.touch()
      const after = await getStore().read(held.id as string, context)
      expect(after?.record._expire).toBeGreaterThan(before?.record._expire as number)
      expect(after?.revision).toEqual(before?.revision)
      held.release()
    })

    it('R72: destroy() of a held session ends it: for requests, for its signal, and for every other verb', async () => {
      const { held, read, sessions } = await open()
      const ended: unknown[] = []
      sessions.on('ended', ({ reason }) => ended.push(reason))
      await held.destroy()
      expect(await endOf(held.signal)).toBe('The session was ended.')
      expect(await read()).toEqual({})
      expect(await held.update((session) => Object.assign(session, { late: 1 }))).toBeNull()
      await held.touch()
      await held.destroy()
      expect(await read()).toEqual({})
      expect(ended).toEqual(['logout'])
    })

    it('R72: a held session writes nothing after a logout by a request', async () => {
      const { held, ann, read } = await open()
      await ann.get('/logout')
      expect(await endOf(held.signal)).toBe('The session was ended.')
      expect(await held.update((session) => Object.assign(session, { late: 1 }))).toBeNull()
      expect(await getStore().read(held.id as string, { rolling: false, ctx: {} as never })).toBeUndefined()
      expect(await read()).toEqual({})
    })

    it('R72: a held session goes on while requests change the data, and is released without a trace', async () => {
      const { held, ann } = await open()
      await settle(() => ann.get('/set?more=1'))
      expect(held.signal.aborted).toBe(false)
      held.release()
      held.release()
      await ann.get('/logout')
      await settle(() => ann.get('/'))
      expect(held.signal.aborted).toBe(false)
      expect(await held.update((session) => Object.assign(session, { late: 1 }))).toBeNull()
    })

    it('R72: a verb within update() of a held session fails at once', async () => {
      const { held } = await open()
      const nested = held.update(() => held.touch())
      await expect(nested).rejects.toMatchObject({ code: 'ERR_SESSION_NESTED' })
      await expect(held.update((session) => session.regenerate())).rejects.toMatchObject({ code: 'ERR_SESSION_NESTED' })
      held.release()
    })

    it('R72: an error that update() throws in a held session is its error, and nothing is written', async () => {
      const { held, read } = await open()
      const change = (session: object) => {
        Object.assign(session, { half: 1 })
        throw new RangeError('no more')
      }
      await expect(held.update(change)).rejects.toThrow(RangeError)
      expect(await read()).toEqual({ n: '1' })
      held.release()
    })
  })

  async function openAs(user?: string) {
    const { sessions, visitor } = createSessionApp({ store: getStore(), owner, recheckEvery: NEVER })
    const ann = visitor()
    await ann.get(user ? `/set?n=1&user=${user}` : '/set?n=1')
    return { sessions, ann, held: await hold(sessions, ann) }
  }

  it.each([
    { from: undefined, to: 'ann' },
    { from: 'ann', to: 'bob' },
    { from: 'ann', to: undefined },
  ])(
    'R72: a held session cannot change hands, from $from to $to: that is an error, and nothing is written',
    async ({ from, to }) => {
      const { held, ann } = await openAs(from)
      const context = { rolling: false, ctx: {} as never }
      const before = await getStore().read(held.id as string, context)
      const signingIn = held.update((session) => Object.assign(session, { user: to, n: 2 }))
      await expect(signingIn).rejects.toMatchObject({ code: 'ERR_SESSION_OWNER_CHANGED' })
      expect(await getStore().read(held.id as string, context)).toEqual(before)
      expect((await ann.get('/')).json()).toEqual(from ? { n: '1', user: from } : { n: '1' })
      expect(held.signal.aborted).toBe(false)
      expect(await held.update((session) => Object.assign(session, { n: 3 }))).toMatchObject({ n: 3 })
      held.release()
    },
  )

  it.each(['/set?user=bob', '/set?user='])(
    'R72: a sign-in by a request takes a held session out of these hands: %s',
    async (path) => {
      const { held, ann } = await openAs('ann')
      await ann.get(path)
      expect(await endOf(held.signal)).toMatch('changed hands')
      expect(await held.update((session) => Object.assign(session, { late: 1 }))).toBeNull()
      expect((await ann.get('/')).json()).not.toHaveProperty('late')
      await held.destroy()
      expect((await ann.get('/')).json()).toHaveProperty('n')
    },
  )

  it('R72: a token that was rotated for hygiene leaves a held session in the same hands', async () => {
    const { held, ann } = await openAs('ann')
    await ann.get('/regenerate')
    await settle(() => ann.get('/'))
    expect(held.signal.aborted).toBe(false)
    expect(await held.update((session) => Object.assign(session, { n: 2 }))).toEqual({ user: 'ann', n: 2 })
    expect((await ann.get('/')).json()).toEqual({ user: 'ann', n: 2 })
    held.release()
  })

  it('R72: every regenerate() takes a held session out of these hands without "owner"', async () => {
    const { sessions, visitor } = createSessionApp({ store: getStore(), recheckEvery: NEVER })
    const ann = visitor()
    await ann.get('/set?n=1')
    const held = await hold(sessions, ann)
    await ann.get('/regenerate')
    expect(await endOf(held.signal)).toMatch('changed hands')
  })
})
