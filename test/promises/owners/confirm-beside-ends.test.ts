import fc from 'fast-check'
import { handleOf } from '../../../src/session/token'
import type { Visitor } from '../../support/app/app'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { dataOf, newOwner, OwnedApp, storedOwner, type OwnedStore } from '../../support/owners/owned-app'
import { RUNS } from '../../support/races/race'
import { idOf } from '../../support/races/racing-app'
import { ScheduledOwnerStore } from '../../support/races/scheduled-store'
import { intercepted } from '../../support/spies/intercept'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))
jest.setTimeout(300_000)

async function isSignedIn(visitor: Visitor): Promise<boolean> {
  return (await dataOf(visitor)).user !== undefined
}

/** Until each store's clock is later: that of SQLite tells milliseconds. */
async function aMoment(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 3))
}

/** The same store; what is given is done once, right after the first call of a method. */
function doneAfter(store: OwnedStore, method: string, work: () => Promise<unknown>): OwnedStore {
  let isDone = false
  return intercepted(store, async (call) => {
    const answer = await call.proceed()
    if (call.method !== method || isDone) return answer
    isDone = true
    await work()
    return answer
  })
}

describeOnEachStore('confirm() and other writes beside what ends sessions', (getStore) => {
  const store = (): OwnedStore => getStore() as OwnedStore
  let site: OwnedApp
  let alice: string

  beforeEach(() => {
    site = new OwnedApp({ store: store() })
    alice = newOwner()
  })

  it('R90: a session that is written after it was listed as the oldest is judged again, and ended', async () => {
    for (const path of ['/confirm', '/set/cart', '/regenerate']) {
      const first = await site.signedIn(alice)
      await aMoment()
      const second = await site.signedIn(alice)
      await aMoment()
      const changing = doneAfter(store(), 'listByOwner', () => first.get(path))
      const bounded = new OwnedApp({ store: changing, maxPerOwner: 2 })
      const third = await bounded.signedIn(alice)
      expect([await isSignedIn(first), await isSignedIn(second), await isSignedIn(third)]).toEqual([false, true, true])
      const told = (await bounded.eventsOf('revoked')).map(({ detail }) => detail.handle)
      expect(told).toEqual([handleOf(idOf(first))])
      await site.services[0].revokeAll({ owner: alice })
    }
  })

  it('R90: a session that has another owner by then, or none, or has signed in again is spared by a sign-in past the bound', async () => {
    for (const paths of [['/as/bob'], ['/signout'], ['/signout', `/as/${alice}`]]) {
      const first = await site.signedIn(alice)
      await aMoment()
      const second = await site.signedIn(alice)
      await aMoment()
      const changing = doneAfter(store(), 'listByOwner', async () => {
        for (const path of paths) await first.get(path)
      })
      const third = await new OwnedApp({ store: changing, maxPerOwner: 2 }).signedIn(alice)
      const isBack = paths.length === 2
      expect([await isSignedIn(first), await isSignedIn(second)]).toEqual([paths[0] !== '/signout' || isBack, !isBack])
      expect(await isSignedIn(third)).toBe(true)
      await site.services[0].revokeAll({ owner: alice })
    }
  })

  it('R90: revoke() ends a session that is written while it is looked up', async () => {
    const phone = await site.signedIn(alice)
    const changing = doneAfter(store(), 'listByOwner', () => phone.get('/confirm'))
    const [sessions] = new OwnedApp({ store: changing }).services
    expect(await sessions.revoke(handleOf(idOf(phone)), { owner: alice })).toBe(true)
    expect(await isSignedIn(phone)).toBe(false)
  })

  it('R90: revoke() of a session that somebody else has ended by then is false', async () => {
    const phone = await site.signedIn(alice)
    const handle = handleOf(idOf(phone))
    const changing = doneAfter(store(), 'listByOwner', () => site.services[0].revoke(handle, { owner: alice }))
    const [sessions] = new OwnedApp({ store: changing }).services
    expect(await sessions.revoke(handle, { owner: alice })).toBe(false)
  })

  it('R90: revokeAll() ends a session that is written while it runs, and tells each once', async () => {
    const visitors = [await site.signedIn(alice), await site.signedIn(alice)]
    const changing = doneAfter(store(), 'listByOwner', () => Promise.all(visitors.map((each) => each.get('/confirm'))))
    const other = new OwnedApp({ store: changing })
    expect(await other.services[0].revokeAll({ owner: alice })).toBe(2)
    expect(await Promise.all(visitors.map(isSignedIn))).toEqual([false, false])
    const told = (await other.eventsOf('revoked')).map(({ detail }) => detail.handle)
    expect(told.sort()).toEqual(visitors.map((each) => handleOf(idOf(each))).sort())
  })

  it('R67: a sign-in that begins once the mark is set lives, also where it is done before revokeAll() is', async () => {
    const old = await site.signedIn(alice)
    let late: Visitor | undefined
    const slow = doneAfter(store(), 'setMark', async () => {
      await aMoment()
      late = await site.signedIn(alice)
    })
    const [sessions] = new OwnedApp({ store: slow }).services
    expect(await sessions.revokeAll({ owner: alice })).toBe(1)
    expect([await isSignedIn(old), await isSignedIn(late as Visitor)]).toEqual([false, true])
  })

  it('R90: revokeAll() spares the excepted session, which confirms, writes and reads beside it, in every order', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.shuffledSubarray(['/confirm', '/confirm', '/set/cart', '/touch', '/read'], { minLength: 1 }),
        async (scheduler, paths) => {
          const scheduled = new ScheduledOwnerStore(store())
          const racing = new OwnedApp({ store: scheduled, processes: 2 })
          const owner = newOwner()
          const [keeper, other] = [await racing.signedIn(owner), await racing.signedIn(owner)]
          const send = (path: string, index: number) => racing.visitor(index, keeper.jar.copy()).get(path)
          const answers = await scheduled.race(scheduler, () =>
            Promise.all([...paths.map(send), send('/revokeall?except=current', 1), other.get('/confirm')]),
          )
          for (const { setCookie } of answers.slice(0, -1)) keeper.jar.accept(setCookie)
          // Two confirm() at once rotate the token twice, and the browser may hold the answer of the first.
          const records = await scheduled.listByOwner(storedOwner(owner))
          expect(records.map(({ key }) => key)).toContain(idOf(keeper))
          // A request with a token that was rotated away by then is nobody's, and ends nothing.
          const isEnded = answers[paths.length].body === '{"count":1}'
          expect(await isSignedIn(other)).toBe(!isEnded)
        },
      ),
      { numRuns: RUNS },
    )
  })

  it('R90: sign-ins and confirm() at once leave exactly the newest by sign-in, and the events name every other', async () => {
    const setting = fc.record({
      before: fc.integer({ min: 1, max: 3 }),
      signIns: fc.integer({ min: 1, max: 4 }),
      confirms: fc.integer({ min: 1, max: 3 }),
      maxPerOwner: fc.integer({ min: 1, max: 3 }),
      scheduler: fc.scheduler(),
    })
    await fc.assert(
      fc.asyncProperty(setting, async ({ before, signIns, confirms, maxPerOwner, scheduler }) => {
        const scheduled = new ScheduledOwnerStore(store())
        const orders = new Map<string, number>()
        const create = scheduled.create.bind(scheduled)
        scheduled.create = (...call) => {
          orders.set(call[0], (call[1]._owned as readonly number[])[0])
          return create(...call)
        }
        const racing = new OwnedApp({ store: scheduled, maxPerOwner, processes: 2 })
        const owner = newOwner()
        const there: Visitor[] = []
        for (let n = 0; n < before; n++) there.push(await racing.signedIn(owner, n))
        await scheduled.race(scheduler, () =>
          Promise.all([
            ...Array.from({ length: signIns }, (_, n) => racing.signedIn(owner, n)),
            ...Array.from({ length: confirms }, (_, n) => there[n % before].get('/confirm')),
          ]),
        )
        const newest = [...orders].sort(([a, one], [b, two]) => two - one || (a < b ? 1 : -1)).map(([key]) => key)
        const alive = (await scheduled.listByOwner(storedOwner(owner))).map(({ key }) => key)
        expect(alive.sort()).toEqual(newest.slice(0, maxPerOwner).sort())
        const told = (await racing.eventsOf('revoked')).map(({ detail }) => detail.handle)
        expect(told.sort()).toEqual(newest.slice(maxPerOwner).map(handleOf).sort())
      }),
      { numRuns: RUNS },
    )
  })
})
