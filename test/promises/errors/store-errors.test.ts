import type { Store } from 'koa-session-service'
import { PlainStore, STORES } from '../../support/backends/backends'
import { cookieOf } from '../../support/set-cookie'
import { createSite, nextTurn, sessionOf, type Handlers } from '../../support/app/site'

const FAILURE = Object.assign(new Error('the handler failed'), { status: 418 })
const HANDLERS: Handlers = {
  '/login': (ctx) => (ctx.session.user = 'alice'),
  '/fail': (ctx) => {
    ctx.session.theme = 'dark'
    throw FAILURE
  },
}
const DOWN = new Error('the store is down')
const STORE_ERROR: unknown = expect.objectContaining({ code: 'ERR_SESSION_STORE', cause: DOWN })

/** A store that is down for writing. */
class BrokenStore extends PlainStore {
  override async set(): Promise<void> {
    throw DOWN
  }
}

describe('a store that fails in the commit', () => {
  test.each([
    ['rejects', new BrokenStore()],
    [
      'throws',
      Object.assign(new PlainStore(), {
        set: () => {
          throw DOWN
        },
      }) as Store,
    ],
  ])('R15, D4: and %s: the handler’s error stays, the store’s is an event of its own', async (_, store) => {
    const { visitor, errors, events } = createSite({ store }, HANDLERS)
    const answer = await visitor.get('/fail')
    expect([answer.status, answer.setCookie]).toEqual([418, []])
    await nextTurn()
    expect(errors).toHaveLength(2)
    expect(errors).toEqual(expect.arrayContaining([FAILURE, STORE_ERROR]))
    expect(events).toEqual([{ name: 'error', detail: expect.objectContaining({ error: STORE_ERROR }) }])
  })

  test('R15: the event names the session by a hash alone', async () => {
    const { visitor, events } = createSite({ store: new BrokenStore(), genid: () => 'the-id' }, HANDLERS)
    await visitor.get('/fail')
    await nextTurn()
    expect(events[0]?.detail.session).toMatch(/^(none|[\w-]{8})$/)
  })

  test('R15: and the handler did not: it is the request’s error', async () => {
    const { visitor, errors } = createSite({ store: new BrokenStore() }, HANDLERS)
    const answer = await visitor.get('/login')
    expect([answer.status, answer.setCookie]).toEqual([503, []])
    expect(errors).toEqual([STORE_ERROR])
  })
})

describe.each(STORES)('a commit that fails after the session was moved, with $name', ({ options }) => {
  test('D5: the new id reaches the client, because the old one is dead', async () => {
    const failure = new Error('not now')
    let isBroken = false
    const beforeSave = () => {
      if (isBroken) throw failure
    }
    const { visitor, errors } = createSite(
      { ...options(), beforeSave },
      {
        ...HANDLERS,
        '/regenerate': async (ctx) => {
          await ctx.session.regenerate()
          isBroken = true
          ctx.session.theme = 'dark'
        },
      },
    )
    const before = cookieOf(await visitor.get('/login')).value
    const answer = await visitor.get('/regenerate')
    expect(answer.status).toBe(500)
    expect(errors).toEqual([failure])
    expect(cookieOf(answer).value).not.toBe(before)
    expect(await sessionOf(visitor)).toEqual({ user: 'alice' })
  })
})
