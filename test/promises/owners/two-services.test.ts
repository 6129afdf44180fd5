import type { Context } from 'koa'
import { MemoryBus, MemoryStore, SessionService, type SessionOptions } from 'koa-session-service'
import { createApp, Visitor } from '../../support/app/app'
import { describeOnEachStore, type FullStore } from '../../support/backends/conditional-backends'
import { newOwner } from '../../support/owners/owned-app'
import { nextTurn } from '../../support/app/site'

type Data = { user?: string }

/** Customers and staff of one app, over one store: each has sessions and accounts of its own. */
class Site {
  readonly customers: SessionService<Data>
  readonly staff: SessionService<Data>
  readonly told: [service: string, owner: string | undefined][] = []
  readonly #app = createApp()

  constructor(store: FullStore, more: SessionOptions<Data> = {}) {
    const options: SessionOptions<Data> = { store, owner: ({ user }) => user, ...more }
    this.customers = new SessionService<Data>(this.#app, options)
    this.staff = new SessionService<Data>(this.#app, { ...options, key: 'staff', property: 'staff', maxPerOwner: 1 })
    for (const [name, sessions] of [['customers', this.customers] as const, ['staff', this.staff] as const]) {
      for (const event of ['signedIn', 'revoked'] as const) {
        sessions.on(event, ({ owner }) => this.told.push([`${name} ${event}`, owner]))
      }
      this.#app.use(sessions.middleware())
    }
    this.#app.use(async (ctx: Context) => {
      const [, verb, name, user] = ctx.path.split('/')
      const session = name === 'staff' ? (ctx.staff as Data) : ctx.session
      if (verb === 'as') session.user = decodeURIComponent(user)
      if (verb === 'end') await this[name as 'staff'].revokeOthers(ctx)
      ctx.body = { customers: ctx.session.user, staff: (ctx.staff as Data).user }
    })
  }

  async signedIn(name: 'customers' | 'staff', user: string): Promise<Visitor> {
    const visitor = new Visitor(this.#app)
    await visitor.get(`/as/${name}/${encodeURIComponent(user)}`)
    return visitor
  }
}

const shown = async (visitor: Visitor): Promise<unknown> => (await visitor.get('/read')).json()

describeOnEachStore('two services on one store', (getStore) => {
  let site: Site
  let seven: string
  beforeEach(() => {
    site = new Site(getStore())
    seven = newOwner('7')
  })

  it('R87: a customer and an employee of the same name are two owners: each has a list of their own', async () => {
    await site.signedIn('customers', seven)
    await site.signedIn('customers', seven)
    await site.signedIn('staff', seven)
    expect(await site.customers.list({ owner: seven })).toHaveLength(2)
    expect(await site.staff.list({ owner: seven })).toHaveLength(1)
  })

  it('R87: an end of all sessions of a customer ends none of the employee of that name', async () => {
    const employee = await site.signedIn('staff', seven)
    const [phone, laptop] = [await site.signedIn('customers', seven), await site.signedIn('customers', seven)]
    await phone.get('/end/customers')
    expect(await shown(employee)).toEqual({ staff: seven })
    expect(await shown(phone)).toEqual({ customers: seven })
    expect(await shown(laptop)).toEqual({})
    expect(await site.staff.revokeAll({ owner: seven })).toBe(1)
    expect(await shown(phone)).toEqual({ customers: seven })
  })

  it('R87: a handle of one service is unknown to the other', async () => {
    const customer = await site.signedIn('customers', seven)
    await site.signedIn('staff', seven)
    const [{ handle }] = await site.customers.list({ owner: seven })
    expect(await site.staff.revoke(handle, { owner: seven })).toBe(false)
    expect(await shown(customer)).toEqual({ customers: seven })
  })

  it('R87: a mark of one service is none of the other: its sign-in that is under way lives', async () => {
    let isEnded = false
    const both = new Site(getStore(), {
      beforeSave: async () => {
        if (!isEnded) await site.customers.revokeAll({ owner: seven })
        isEnded = true
      },
    })
    const employee = await both.signedIn('staff', seven)
    expect(isEnded).toBe(true)
    expect(await shown(employee)).toEqual({ staff: seven })
  })

  it('R87: maxPerOwner of one service counts none of the other', async () => {
    const [phone, laptop] = [await site.signedIn('customers', seven), await site.signedIn('customers', seven)]
    const first = await site.signedIn('staff', seven)
    const second = await site.signedIn('staff', seven)
    expect([await shown(phone), await shown(laptop)]).toEqual([{ customers: seven }, { customers: seven }])
    const alive = (await Promise.all([first, second].map(shown))).filter((data) => 'staff' in (data as object))
    expect(alive).toHaveLength(1)
  })

  it('R87: events and lists of two services on one store tell the owner as the application knows it', async () => {
    await site.signedIn('customers', seven)
    await site.signedIn('staff', seven)
    await site.customers.revokeAll({ owner: seven })
    await nextTurn()
    expect(site.told).toEqual([
      ['customers signedIn', seven],
      ['staff signedIn', seven],
      ['customers revoked', seven],
    ])
  })

  it.each(['x', 'é', '🛒'])(
    'R87: an owner may be 255 characters long, such as %s, and two that differ at the end are two',
    async (character) => {
      const start = newOwner() + character.repeat(254 - newOwner().length)
      for (const end of ['a', 'b']) await site.signedIn('staff', start + end)
      const customer = await site.signedIn('customers', `${start}a`)
      for (const end of ['a', 'b']) expect(await site.staff.list({ owner: start + end })).toHaveLength(1)
      expect(await site.staff.revokeAll({ owner: `${start}a` })).toBe(1)
      expect(await site.staff.list({ owner: `${start}b` })).toHaveLength(1)
      expect(await shown(customer)).toEqual({ customers: `${start}a` })
      await expect(site.staff.list({ owner: `${start}ab` })).rejects.toMatchObject({ code: 'ERR_SESSION_BAD_VALUE' })
    },
  )
})

it('R87: a message that the sessions of a customer were ended concerns no employee', async () => {
  const store = new MemoryStore()
  const bus = new MemoryBus()
  const told: unknown[] = []
  bus.subscribe((message) => message.kind === 'revoked' && told.push(message.owner))
  const site = new Site(store, { bus })
  await site.customers.revokeAll({ owner: '7' })
  await site.staff.revokeAll({ owner: '7' })
  expect(new Set(told).size).toBe(2)
})
