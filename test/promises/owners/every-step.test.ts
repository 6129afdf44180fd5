import type { SessionError } from 'koa-session-service'
import type { Visitor } from '../../support/app/app'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { intercepted, type Intercept } from '../../support/spies/intercept'
import { dataOf, newOwner, OwnedApp, type OwnedStore } from '../../support/owners/owned-app'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))

describeOnEachStore('a verb that ends sessions, where a step fails', (getStore) => {
  let alice: string
  let visitors: Visitor[]
  beforeEach(async () => {
    alice = newOwner()
    const site = new OwnedApp({ store: getStore() })
    visitors = [await site.signedIn(alice), await site.signedIn(alice), await site.signedIn(alice)]
  })

  const living = async (): Promise<number> =>
    (await Promise.all(visitors.map(dataOf))).filter(({ user }) => user === alice).length

  const site = (handle: Intercept): OwnedApp => new OwnedApp({ store: intercepted(getStore() as OwnedStore, handle) })

  const failing = (isIt: (method: string, args: unknown[]) => boolean): OwnedApp =>
    site(({ method, args, proceed }) => {
      if (!isIt(method, args)) return proceed()
      throw new Error('OOM command not allowed')
    })

  const failureOf = async (work: Promise<unknown>): Promise<SessionError> =>
    work.then(
      () => undefined as never,
      (error: SessionError) => error,
    )

  it('R90: a session that is there is ended although the mark cannot be set, and the error says who may live', async () => {
    const app = failing((method) => method === 'setMark')
    const error = await failureOf(app.services[0].revokeAll({ owner: alice }))
    expect(error).toMatchObject({ code: 'ERR_SESSION_STORE', status: 503 })
    expect(error.message).toMatch(/ended 3 sessions.*sign-ins that are under way may live.*Call it again/)
    expect(await living()).toBe(0)
    expect(await app.eventsOf('revoked')).toHaveLength(3)
  })

  it('R90: a session that is there is ended although the mark cannot be read', async () => {
    expect(await failing((method) => method === 'readMark').services[0].revokeAll({ owner: alice })).toBe(3)
    expect(await living()).toBe(0)
  })

  it('R90: one session that cannot be ended spares no other, and the error counts those that were', async () => {
    let first: unknown
    const app = failing((method, args) => {
      const only = method === 'destroyByOwner' ? (args[1] as { only: string }).only : undefined
      first ??= only
      return only !== undefined && only === first
    })
    const error = await failureOf(app.services[0].revokeAll({ owner: alice }))
    expect(error).toMatchObject({ code: 'ERR_SESSION_STORE', status: 503 })
    expect(error.message).toMatch(/ended 2 sessions.*other sessions of this owner may live/)
    expect(await living()).toBe(1)
    expect(await app.eventsOf('revoked')).toHaveLength(2)
  })

  it('R90: a sign-in that is under way is ended by the mark all the same where the list fails', async () => {
    let revoking: Promise<SessionError> | undefined
    const app = site(async ({ method, proceed }) => {
      if (method === 'listByOwner') throw new Error('ECONNRESET')
      if (method === 'create') {
        revoking = failureOf(app.services[0].revokeAll({ owner: alice }))
        await revoking
      }
      return proceed()
    })
    const late = app.visitor()
    await late.get(`/as/${alice}`)
    expect((await revoking)?.message).toMatch(/ended 0 sessions.*other sessions of this owner may live/)
    expect((await dataOf(late)).user).toBeUndefined()
  })

  it('R90: the session of the request itself is ended, and its cookie cleared, whatever fails', async () => {
    const [phone] = visitors
    const app = failing((method) => method === 'setMark' || method === 'destroyByOwner')
    const own = app.visitor(0, phone.jar)
    expect((await own.get('/revokeall')).status).toBe(503)
    expect((await dataOf(own)).user).toBeUndefined()
    expect(await living()).toBe(2)
  })
})
