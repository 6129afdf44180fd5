import { MemoryStore } from 'koa-session-service'
import { intercepted } from '../../support/spies/intercept'
import {
  dataOf,
  newOwner,
  OwnedApp,
  storedOwner,
  type OwnedStore,
  type OwnedVerb,
} from '../../support/owners/owned-app'

/** The monotonic clock of the process and of the store in its memory: time passes where a test says so. */
let time = 1000
jest.mock('../../../src/base/monotonic', () => ({ monotonic: () => time }))

let store: MemoryStore
let alice: string
/** How long a question to the store is under way, and its answer, in milliseconds. */
let pace = 0
let calls: string[] = []

/** A store that is far away; `slower` is asked for each call in which that many milliseconds more pass. */
function farStore(): OwnedStore {
  return intercepted<OwnedStore>(store, async ({ method, proceed }) => {
    calls.push(method)
    time += pace
    const answer = await proceed()
    time += pace
    return answer
  })
}

/** All sessions of alice are ended, as by another process; and so many milliseconds pass after that. */
function endAll(ago: number): void {
  store.setMark(storedOwner(alice))
  time += ago
}

beforeEach(() => {
  store = new MemoryStore()
  alice = newOwner()
  pace = 0
  calls = []
})

it.each([
  [5, 1, 503],
  [5, 5.1, 200],
  [5, 4.9, 503],
  [100, 30, 503],
  [100, 101, 200],
])(
  'R90: a store whose call takes twice %d ms answers a sign-in %d ms after the end with %d',
  async (each, ago, status) => {
    const site = new OwnedApp({ store: farStore() })
    const visitor = site.visitor()
    await visitor.get('/set/cart')
    pace = each
    endAll(ago)
    const cookies = JSON.stringify([...visitor.jar.values])
    calls = []
    const answer = await visitor.get(`/as/${alice}`)
    expect(answer.status).toBe(status)
    pace = 0
    if (status === 200) return void expect((await dataOf(visitor)).user).toBe(alice)
    expect(site.errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_UNSURE', status: 503 })])
    expect(calls).toEqual(['read', 'readMark', 'readMark', 'readMark'])
    expect(answer.setCookie).toEqual([])
    expect(JSON.stringify([...visitor.jar.values])).toBe(cookies)
    expect(await dataOf(visitor)).toEqual({ cart: 'cart' })
  },
)

it("R90: one fast answer of the store's clock in the process is enough for all sign-ins", async () => {
  const site = new OwnedApp({ store: farStore() })
  await site.signedIn(newOwner('bob'))
  pace = 100
  endAll(30)
  expect((await site.visitor().get(`/as/${alice}`)).status).toBe(200)
})

it("R90: a fast answer of the store's clock is not enough for ever: the clocks may drift apart", async () => {
  const site = new OwnedApp({ store: farStore() })
  await site.signedIn(newOwner('bob'))
  time += 60_000
  pace = 100
  endAll(30)
  expect((await site.visitor().get(`/as/${alice}`)).status).toBe(503)
})

it('R90: a sign-in that began before the end of all is gone, also where the store is asked once', async () => {
  const verbs: Record<string, OwnedVerb> = {
    late: (ctx, _sessions, user) => {
      time += 500
      store.setMark(storedOwner(user))
      ctx.session.user = user
    },
  }
  const site = new OwnedApp({ store: farStore(), verbs })
  pace = 100
  const visitor = site.visitor()
  const answer = await visitor.get(`/late/${alice}`)
  expect([answer.status, answer.setCookie]).toEqual([200, []])
  expect(calls.filter((method) => method === 'readMark')).toHaveLength(1)
  expect((await site.eventsOf('gone')).length).toBe(1)
})

it('R90: a sign-in in the request that ended all sessions itself is sure, however far the store is', async () => {
  const reset: OwnedVerb = async (ctx, sessions, user) => {
    await sessions.revokeAll({ owner: user }, ctx)
    ctx.session.user = user
  }
  const site = new OwnedApp({ store: farStore(), verbs: { reset } })
  pace = 1000
  const visitor = site.visitor()
  expect((await visitor.get(`/reset/${alice}`)).status).toBe(200)
  pace = 0
  expect((await dataOf(visitor)).user).toBe(alice)
})

it.each([
  ['alice', 'bob', 'alice'],
  ['alice', 'bob', 'bob'],
  ['bob', 'alice', 'alice'],
])('R90: a request that ends the sessions of %s, and of %s, may sign in as %s', async (first, second, as) => {
  const names: Record<string, string> = { alice, bob: newOwner('bob') }
  const both: OwnedVerb = async (ctx, sessions) => {
    for (const name of [first, second]) {
      time += 3
      await sessions.revokeAll({ owner: names[name] }, ctx)
    }
    ctx.session.user = names[as]
  }
  for (const each of [0, 100]) {
    const site = new OwnedApp({ store: farStore(), verbs: { both } })
    pace = each
    const visitor = site.visitor()
    expect((await visitor.get('/both')).status).toBe(200)
    pace = 0
    expect((await dataOf(visitor)).user).toBe(names[as])
  }
})
