import { MemoryStore } from 'koa-session-service'
import { createSessionApp, type Action } from '../../support/app/session-app'

class Cart {
  items = ['tea']
}

/** What an application may put into a session; each holds `items`. */
const KINDS: [string, () => { items: string[] }][] = [
  ['a plain object', () => ({ items: ['tea'] })],
  ['an instance of a class', () => new Cart()],
  ['an object without a prototype', () => Object.assign(Object.create(null), { items: ['tea'] })],
  ['an object with a Date and a Map', () => Object.assign({ items: ['tea'] }, { at: new Date(0), map: new Map() })],
  [
    'an object with a getter',
    () => Object.defineProperty({ items: ['tea'] }, 'one', { get: () => 1, enumerable: true }),
  ],
  ['an object with a read-only property', () => Object.defineProperty({ items: ['tea'] }, 'id', { value: 7, enumerable: true })], // prettier-ignore
  ['a sealed object', () => Object.seal({ items: ['tea'] })],
  ['a frozen object', () => Object.freeze({ items: ['tea'] })],
  ['an object that cannot be extended', () => Object.preventExtensions({ items: ['tea'] })],
  ['a proxy', () => new Proxy({ items: ['tea'] }, {})],
  ['an object with a key that is undefined', () => Object.assign({ items: ['tea'] }, { note: undefined })],
]

/** How the request goes on to write. */
const WRITES: [string, Action][] = [
  ['a write at the end', (ctx) => void (ctx.session.mine = 1)],
  ['save()', async (ctx, sessions) => ((ctx.session.mine = 1), sessions.save(ctx))],
  ['update() of another key', (ctx, sessions) => sessions.update((data) => void (data.mine = 1), ctx)],
]

const TABLE = KINDS.flatMap(([kind, make]) => WRITES.map(([how, write]) => [kind, how, make, write] as const))

/** A request that has put an object into its session and saved it, and what another one makes of that meanwhile. */
async function open(make: () => object, write: Action, theirs: string | undefined) {
  let held: any
  let isLive = false
  const served = createSessionApp(
    { store: new MemoryStore() },
    {
      '/work': async (ctx, sessions) => {
        held = make()
        ctx.session.held = held
        await sessions.save(ctx)
        if (theirs) await served.visitor(ann.jar.copy()).get(theirs)
        await write(ctx, sessions)
        isLive = ctx.session.held === held
        held.items.push('milk')
        return 'done'
      },
      '/other': (ctx) => void (ctx.session.other = 1),
      '/same': (ctx) => void Object.assign(ctx.session.held as object, { items: ['salt'], more: 1 }),
    },
  )
  const ann = served.visitor()
  await ann.get('/set?n=1')
  const { status } = await ann.get('/work')
  return { status, isLive, data: (await ann.get('/')).json<any>() }
}

describe('an object that a handler holds, and has saved', () => {
  it.each(TABLE)(
    'R89: an object that a handler holds and has saved stays the live one without a conflict: %s, %s',
    async (_kind, _how, make, write) => {
      const { status, isLive, data } = await open(make, write, undefined)
      expect([status, isLive, data.held.items, data.mine]).toEqual([200, true, ['tea', 'milk'], 1])
    },
  )

  it.each(TABLE)(
    'R89: an object that a handler holds and has saved stays the live one through a conflict on another key: %s, %s',
    async (_kind, _how, make, write) => {
      const { status, isLive, data } = await open(make, write, '/other')
      const expected = [200, true, ['tea', 'milk'], 1, 1]
      expect([status, isLive, data.held.items, data.mine, data.other]).toEqual(expected)
    },
  )

  it.each(TABLE)(
    'R89: an object that a handler holds and has saved fails nothing where another request has changed it: %s, %s',
    async (_kind, how, make, write) => {
      const { status, data } = await open(make, write, '/same')
      // At the end of a request, its own later change of the object is one of the conflict, and counts.
      if (how === 'a write at the end') expect(data.held.items).toEqual(['tea', 'milk'])
      else expect([data.held.items[0], data.held.more]).toEqual(['salt', 1])
      expect([status, data.mine]).toEqual([200, 1])
    },
  )

  it.each(KINDS)(
    'R89: an object that a handler holds and has saved may be changed by update(), and counts: %s',
    async (_kind, make) => {
      const change: Action = (ctx, sessions) =>
        sessions.update((data: any) => {
          data.held.items = ['bread']
          data.held.added = 1
          data.mine = 1
        }, ctx)
      for (const theirs of [undefined, '/other', '/same']) {
        const { status, data } = await open(make, change, theirs)
        expect([status, data.held.items[0], data.held.added, data.mine]).toEqual([200, 'bread', 1, 1])
      }
    },
  )
})

it('R89: a session that is itself frozen is an error with a code', async () => {
  const errors: unknown[] = []
  const { app, visitor } = createSessionApp(
    { store: new MemoryStore() },
    {
      '/freeze': async (ctx, sessions) => {
        Object.freeze(ctx.session)
        await sessions.update((data) => void (data.n = 2), ctx)
      },
    },
  )
  app.on('error', ({ code }) => errors.push(code))
  const ann = visitor()
  await ann.get('/set?n=1')
  expect((await ann.get('/freeze')).status).toBe(500)
  expect(errors).toEqual(['ERR_SESSION_BAD_VALUE'])
})
