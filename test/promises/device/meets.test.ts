import { MemoryStore, type SessionOptions } from 'koa-session-service'
import {
  createBoundSite,
  offeredIn,
  LIFETIME,
  type BoundBrowser,
  type Instructions,
} from '../../support/device/bound-site'
import { startClock, stopClock } from '../../support/clock'
import { hold, NEVER } from '../../support/app/held'

const MINUTE = 60_000

let clock: ReturnType<typeof stopClock>
beforeEach(() => {
  clock = stopClock()
})
afterEach(startClock)

function open(options: SessionOptions = {}) {
  const site = createBoundSite({ store: new MemoryStore(), recheckEvery: NEVER, ...options }, undefined, {
    '/confirm': (ctx) => site.sessions.confirm({ method: 'password' }, ctx),
    '/take': async (ctx) => (ctx.body = { taken: await site.sessions.take('note', ctx) }),
    '/regenerate': (ctx) => site.sessions.regenerate({}, ctx),
  })
  return site
}

describe('a bound session, with what else there is', () => {
  it('R77: a refresh is not noted as a use in the list of its owner', async () => {
    const device: SessionOptions['device'] = ({ path }) => ({ path })
    const { sessions, browser } = open({ device })
    const ann = browser()
    await ann.signIn()
    const [before] = await sessions.list({ owner: 'ann' })
    clock.advance(MINUTE / 2)
    expect((await ann.refresh()).status).toBe(200)
    expect(await sessions.list({ owner: 'ann' })).toEqual([before])
    expect(before).toMatchObject({ device: { path: '/login' }, lastSeenAt: Date.now() - MINUTE / 2 })
  })

  it('R77: regenerate(), take() and what is held keep the binding of a session', async () => {
    const { sessions, browser } = open()
    const ann = browser()
    await ann.signIn()
    await ann.get('/set?note=once')
    expect((await ann.get('/take')).json()).toEqual({ taken: 'once' })
    await ann.get('/regenerate')
    const held = await hold(sessions as never, ann.visitor)
    await held.update((data) => Object.assign(data, { job: 'done' }))
    held.release()
    expect([await ann.isBound(), await ann.session()]).toEqual([true, { userId: 'ann', job: 'done' }])
    clock.advance(LIFETIME)
    expect(await sessions.open({ headers: { cookie: ann.jar.header } })).toBeUndefined()
    expect((await ann.refresh()).status).toBe(200)
    expect(await ann.isBound()).toBe(true)
  })

  it("R77: confirm() asks for the device's key anew, and refuses what was bound before", async () => {
    const { browser, unbound } = open()
    const ann = browser()
    await ann.signIn()
    const before = ann.copy()
    const answer = await ann.get('/confirm')
    expect([await ann.isBound(), await ann.session(), await unbound()]).toEqual([false, { userId: 'ann' }, ['owner']])
    expect([await before.session(), (await before.refresh()).json<Instructions>().continue]).toEqual([{}, false])
    const registered = await ann.register(ann.device.register(offeredIn(answer)))
    expect([registered.status, await ann.isBound()]).toEqual([200, true])
  })

  it('R77: a bound session that its owner, or the bound on their number, has ended is not refreshed', async () => {
    const { sessions, browser } = open({ maxPerOwner: 2 })
    const browsers: BoundBrowser[] = []
    for (let index = 0; index < 3; index++) {
      clock.advance(1)
      const next = browser()
      await next.signIn()
      browsers.push(next)
    }
    const isRefreshed = async (ann: BoundBrowser): Promise<boolean> =>
      (await ann.refresh()).json<Instructions>().continue !== false
    expect(await Promise.all(browsers.map(isRefreshed))).toEqual([false, true, true])
    await sessions.revokeAll({ owner: 'ann' })
    expect(await Promise.all(browsers.map(isRefreshed))).toEqual([false, false, false])
    expect(await Promise.all(browsers.map((ann) => ann.session()))).toEqual([{}, {}, {}])
  })
})
