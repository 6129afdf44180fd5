import { handleOf } from '../../../src/session/token'
import type { Visitor } from '../../support/app/app'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { intercepted } from '../../support/spies/intercept'
import {
  dataOf,
  newOwner,
  OwnedApp,
  type OwnedStore,
  type OwnedVerb,
  storedOwner,
} from '../../support/owners/owned-app'
import { idOf, tokenOf } from '../../support/races/racing-app'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))

/** Which call of a method fails, counted from now on; before its effect or after it. */
interface Fault {
  method: string
  count: number
  when: 'before' | 'after'
}

/** A store of which one call fails. */
class FaultyStore {
  readonly store: OwnedStore
  fault: Fault | undefined
  /** Done right before the call fails. */
  beside: () => Promise<unknown> = async () => undefined

  constructor(store: OwnedStore) {
    this.store = intercepted(store, async ({ method, proceed }) => {
      const { fault } = this
      const isIt = fault?.method === method && --fault.count === 0
      if (isIt && fault.when === 'before') await this.#fail()
      const answer = await proceed()
      if (isIt) await this.#fail()
      return answer
    })
  }

  async #fail(): Promise<never> {
    await this.beside()
    throw new Error('ECONNRESET')
  }
}

const FAULTS: [what: string, fault: Fault][] = [
  ['the look before the write', { method: 'readMark', count: 1, when: 'before' }],
  ['the look after it', { method: 'readMark', count: 2, when: 'before' }],
  ['the look after it, whose answer is lost', { method: 'readMark', count: 2, when: 'after' }],
  ['the list of all sessions', { method: 'listByOwner', count: 1, when: 'before' }],
  ['the end of an older session', { method: 'destroyByOwner', count: 1, when: 'before' }],
]

/** What the visitor was before, and what is shown of them. */
const BEFORE: [who: string, path: (bob: string) => string][] = [
  ['a visitor with a cart', () => '/set/cart'],
  ['somebody else', (bob) => `/as/${bob}`],
  ['nobody', () => '/plain/x'],
]

describeOnEachStore('a sign-in of which one step fails', (getStore) => {
  let faulty: FaultyStore
  let site: OwnedApp
  let alice: string
  let bob: string
  let older: Visitor[]

  beforeEach(async () => {
    faulty = new FaultyStore(getStore() as OwnedStore)
    const twice: OwnedVerb = (ctx, _sessions, user) => Object.assign(ctx.session, { user, second: true })
    site = new OwnedApp({ store: faulty.store, maxPerOwner: 1, verbs: { twice }, device: () => ({ name: 'phone' }) })
    ;[alice, bob] = [newOwner(), newOwner('bob')]
    older = [await site.signedIn(alice)]
  })

  describe.each(BEFORE)('by %s', (_who, pathOf) => {
    it.each(FAULTS)(
      'R88: a sign-in of which one step fails is a 503, and leaves what was: %s',
      async (_what, fault) => {
        const visitor = site.visitor()
        await visitor.get(pathOf(bob))
        const token = tokenOf(visitor)
        const before = await dataOf(visitor)
        const listed = await site.services[0].list({ owner: bob })
        faulty.fault = { ...fault }
        const answer = await visitor.get(`/as/${alice}`)
        faulty.fault = undefined
        expect([answer.status, answer.setCookie]).toEqual([503, []])
        expect(site.errors).toEqual([expect.objectContaining({ code: 'ERR_SESSION_STORE' })])
        expect(tokenOf(visitor)).toBe(token)
        expect(await dataOf(visitor)).toEqual(before)
        // As well signed in as before, with all that is known of it; and in no list as somebody else.
        expect(await site.services[0].list({ owner: bob })).toEqual(listed)
        const [left] = older
        expect((await site.services[0].list({ owner: alice })).map(({ handle }) => handle)).toEqual([
          handleOf(idOf(left)),
        ])
        expect((await dataOf(left)).user).toBe(alice)
        // And it can be made again.
        expect((await visitor.get(`/as/${alice}`)).status).toBe(200)
        expect((await dataOf(visitor)).user).toBe(alice)
      },
    )
  })

  it('R88: a form that was submitted twice leaves what was, where the second request has gone on and a step fails', async () => {
    const visitor = site.visitor()
    await visitor.get('/set/cart')
    const twin = site.visitor(0, visitor.jar.copy())
    faulty.fault = { method: 'readMark', count: 2, when: 'before' }
    // Neither answer brings a token that opens what the first one has written.
    faulty.beside = () => ((faulty.fault = undefined), twin.get(`/twice/${alice}`))
    expect((await visitor.get(`/as/${alice}`)).status).toBe(503)
    expect(await dataOf(twin)).toEqual({ cart: 'cart' })
    expect(await dataOf(visitor)).toEqual({ cart: 'cart' })
  })

  it('R88: a sign-in of which a step fails does not bring back what was ended meanwhile', async () => {
    const visitor = site.visitor()
    await visitor.get('/set/cart')
    faulty.fault = { method: 'readMark', count: 2, when: 'before' }
    faulty.beside = async () => (getStore() as OwnedStore).destroyByOwner(storedOwner(alice))
    expect((await visitor.get(`/as/${alice}`)).status).toBe(503)
    expect(await dataOf(visitor)).toEqual({})
  })

  it('R88: confirm() needs no answer but that of its own write', async () => {
    const calls: string[] = []
    const watched = intercepted(getStore() as OwnedStore, ({ method, proceed }) => (calls.push(method), proceed()))
    const other = new OwnedApp({ store: watched, maxPerOwner: 1 })
    const visitor = await other.signedIn(alice)
    calls.length = 0
    await visitor.get('/confirm')
    expect(calls).toEqual(['read', 'replace'])
    expect((await other.eventsOf('signedIn')).length).toBe(2)
  })
})
