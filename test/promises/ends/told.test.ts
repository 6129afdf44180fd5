import { randomUUID } from 'node:crypto'
import type Koa from 'koa'
import type { Context } from 'koa'
import fc from 'fast-check'
import session, { type SessionOptions, type SessionService } from 'koa-session-service'
import { createApp, CookieJar, Visitor } from '../../support/app/app'
import { startClock, stopClock } from '../../support/clock'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import type { OwnedStore } from '../../support/owners/owned-app'
import { RUNS } from '../../support/races/race'
import { ScheduledOwnerStore } from '../../support/races/scheduled-store'
import { nextTurn } from '../../support/app/site'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))

type Told = Record<string, unknown> & { name: string }

/** Two processes on one store, and all that both tell of ends. */
interface World {
  apps: Koa[]
  services: SessionService[]
  told: Told[]
}

function open(store: object, options: SessionOptions = {}): World {
  const told: Told[] = []
  const built = [0, 1].map(() => {
    const app = createApp()
    const all = { owner: (data: { user?: string }) => data.user, ...options, store } as SessionOptions
    const middleware = session(all, app)
    for (const name of ['ended', 'revoked', 'signedIn'] as const) {
      app.on(`session:${name}`, ({ ctx: _ctx, device: _device, ...detail }: Told) => told.push({ ...detail, name }))
    }
    app.use(middleware)
    app.use((ctx) => answer(ctx, middleware.sessions))
    return { app, service: middleware.sessions }
  })
  return { apps: built.map(({ app }) => app), services: built.map(({ service }) => service), told }
}

async function answer(ctx: Context, sessions: SessionService): Promise<void> {
  const { user, handle } = ctx.query as { user?: string; handle?: string }
  const verbs: Record<string, () => unknown> = {
    '/in': () => void Object.assign(ctx.session ?? {}, { user }),
    '/null': () => void (ctx.session = null),
    '/destroy': () => sessions.destroy(ctx),
    '/anew': async () => {
      await sessions.destroy(ctx)
      ctx.session = { user }
    },
    '/hand-over': () => void (ctx.session.user = user),
    '/leave': () => void delete ctx.session.user,
    '/revoke': () => sessions.revoke(handle as string, ctx),
    '/all': () => sessions.revokeAll(ctx),
    '/others': () => sessions.revokeOthers(ctx),
    '/hold': async () => (await sessions.open(ctx.req))?.destroy(),
    '/': () => undefined,
  }
  await verbs[ctx.path]()
  ctx.body ??= String((ctx.session as { user?: string } | null)?.user ?? '')
}

const userOf = async (visitor: Visitor): Promise<string> => (await visitor.get('/')).body

describeOnEachStore('what is told of the end of a session', (getStore) => {
  const getOwned = (): OwnedStore => getStore() as OwnedStore
  let ann: string
  let bob: string
  beforeEach(() => {
    ann = `ann-${randomUUID()}`
    bob = `bob-${randomUUID()}`
  })
  afterEach(startClock)

  /** A visitor who has signed in; what was told so far is forgotten. */
  async function signedIn(world: World, user = ann): Promise<Visitor> {
    const visitor = new Visitor(world.apps[0], new CookieJar())
    await visitor.get(`/in?user=${user}`)
    await nextTurn()
    world.told.length = 0
    return visitor
  }

  async function ends({ told }: World): Promise<Told[]> {
    await nextTurn()
    return told.filter(({ name }) => name === 'ended')
  }

  it.each(['/null', '/destroy', '/anew', '/hold'])(
    'R112: a logout, by %s, is told with whose session it was',
    async (path) => {
      const world = open(getStore())
      const visitor = await signedIn(world)
      const [{ handle }] = await world.services[0].list(ann)
      await visitor.get(`${path}?user=${ann}`)
      const session = handle.slice(0, 8)
      expect(await ends(world)).toEqual([{ name: 'ended', reason: 'logout', session, owner: ann, handle }])
    },
  )

  it('R112: no end is told where there is no session, or where it lives on', async () => {
    const world = open(getStore())
    const stranger = new Visitor(world.apps[0])
    for (const path of ['/null', '/destroy', '/', `/in?user=${bob}`, '/']) await stranger.get(path)
    expect(await ends(world)).toEqual([])
  })

  it('R112: the end of one session, of all and of those past maxPerOwner is told; the event revoked stays beside it', async () => {
    const world = open(getStore(), { maxPerOwner: 2 })
    const first = await signedIn(world)
    const [{ handle: own }] = await world.services[1].list(ann)
    const second = await signedIn(world)
    const other = (await world.services[1].list(ann)).find(({ handle }) => handle !== own)?.handle
    await signedIn(world, bob)
    await second.get(`/revoke?handle=${other}`)
    await first.get('/all')
    const reasons = (await ends(world)).map(({ reason, owner }) => [reason, owner])
    expect(reasons).toEqual([
      ['one', ann],
      ['all', ann],
    ])
    for (let count = 0; count < 2; count++) await signedIn(world)
    await new Visitor(world.apps[0]).get(`/in?user=${ann}`)
    expect((await ends(world)).map(({ reason }) => reason)).toEqual(['limit'])
    expect(world.told.filter(({ name }) => name === 'revoked')).toMatchObject([{ reason: 'limit', owner: ann }])
  })

  it('R112: revokeAll tells the end of each session once, its own too', async () => {
    const world = open(getStore())
    const visitors = [await signedIn(world), await signedIn(world), await signedIn(world)]
    await visitors[0].get('/all')
    const told = await ends(world)
    expect(told.map(({ reason }) => reason)).toEqual(['all', 'all', 'all'])
    expect(new Set(told.map(({ handle }) => handle)).size).toBe(3)
  })

  it.each([
    ['another account', '/hand-over'],
    ['nobody', '/leave'],
  ])('R112: the end of a session is told that its account loses to %s', async (_whom, path) => {
    const world = open(getStore())
    const visitor = await signedIn(world)
    await visitor.get(`${path}?user=${bob}`)
    expect(await ends(world)).toMatchObject([{ reason: 'hands', owner: ann }])
    expect(await userOf(visitor)).toBe(path === '/leave' ? '' : bob)
  })

  it.each<[reason: string, options: SessionOptions]>([
    ['maxAge', { maxAge: 5000 }],
    ['idle', { maxAge: 60_000, idleTimeout: 5000 }],
    ['absolute', { maxAge: 5000, idleTimeout: 5000, absoluteTimeout: 4000 }],
  ])(
    'R112: a session that is over by %s is told once, when it is presented after its time',
    async (reason, options) => {
      const world = open(getStore(), options)
      const clock = stopClock()
      const visitor = await signedIn(world)
      clock.advance(5001)
      const copy = new Visitor(world.apps[1], visitor.jar.copy())
      await Promise.all([userOf(visitor), userOf(copy)])
      expect(await ends(world)).toMatchObject([{ reason, owner: ann }])
    },
  )

  it('R112: one of any number of logouts at once is told, in two processes and any order of their calls', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('/null', '/destroy', '/all', '/others', '/hold', '/leave'), {
          minLength: 2,
          maxLength: 4,
        }),
        fc.scheduler(),
        async (paths, scheduler) => {
          const scheduled = new ScheduledOwnerStore(getOwned())
          const world = open(scheduled)
          const visitor = await signedIn(world, `${ann}-${randomUUID()}`)
          await scheduled.race(scheduler, () =>
            Promise.all(paths.map((path, at) => new Visitor(world.apps[at % 2], visitor.jar.copy()).get(path))),
          )
          // Once an account has left it, what is nobody's may be ended as well.
          const told = (await ends(world)).filter(({ owner }) => owner !== undefined)
          const isLeftAlone = paths.every((path) => path === '/others')
          expect(told).toHaveLength(isLeftAlone ? 0 : 1)
        },
      ),
      { numRuns: RUNS },
    )
  })
})
