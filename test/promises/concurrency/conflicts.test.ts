import { MemoryStore, type SessionOptions } from 'koa-session-service'
import { backendsWith } from '../../support/backends/backends'
import { createSessionApp, type Action } from '../../support/app/session-app'
import { createGate } from '../../support/races/gate'

const CONDITIONAL = backendsWith({ isConditional: true })

interface Basket {
  items: string[]
  place: { city: string; tags?: string[] }
}

/** An app where `/work` does `work`, with another request's `/set?theirs=1` in the midst of it. */
async function openWith(
  options: SessionOptions,
  work: (...args: [...Parameters<Action>, meanwhile: (path?: string) => Promise<unknown>]) => unknown,
  more: Record<string, Action> = {},
) {
  const served = createSessionApp(options, {
    '/start': (ctx) => Object.assign(ctx.session, { items: ['tea'], place: { city: 'Rome' }, user: ctx.query.user }),
    '/work': (ctx, sessions) =>
      work(ctx, sessions, (path = '/set?theirs=1') => served.visitor(ann.jar.copy()).get(path)),
    ...more,
  })
  const ann = served.visitor()
  await ann.get('/start')
  return { ...served, ann, data: async () => (await ann.get('/')).json<Record<string, unknown>>() }
}

describe.each(CONDITIONAL)('conflicts: $name', ({ options }) => {
  it('R56: objects that a handler holds are the live ones after a conflict', async () => {
    const { ann, data } = await openWith(options(), async (ctx, _sessions, meanwhile) => {
      const { items, place } = ctx.session as unknown as Basket
      await meanwhile()
      ctx.session.mine = 1
      await ctx.session.save()
      items.push('milk')
      place.tags = ['held']
      return { isLive: items === ctx.session.items && place === ctx.session.place }
    })
    expect((await ann.get('/work')).json()).toEqual({ isLive: true })
    const place = { city: 'Rome', tags: ['held'] }
    expect(await data()).toEqual({ items: ['tea', 'milk'], place, theirs: '1', mine: 1 })
  })

  it('R56: what a handler sets while the option onConflict decides is kept', async () => {
    const decided = createGate()
    const onConflict: SessionOptions['onConflict'] = async (_before, mine, theirs) => {
      await decided.pass()
      return { ...theirs, ...mine, decided: true }
    }
    const { ann, data } = await openWith({ ...options(), onConflict }, async (ctx, _sessions, meanwhile) => {
      await ctx.session.save()
      await meanwhile('/set?mine=0')
      ctx.session.mine = 1
      const saving = ctx.session.save()
      await decided.reached
      Object.assign(ctx.session, { mine: 2, late: true })
      decided.open()
      await saving
    })
    await ann.get('/work')
    const rest = { items: ['tea'], place: { city: 'Rome' } }
    expect(await data()).toEqual({ ...rest, mine: 2, late: true, decided: true })
  })

  it('R56: objects that another request has changed stay those that a handler holds, with what was written', async () => {
    const theirs: Action = (ctx) => {
      const basket = ctx.session as unknown as Basket
      basket.items.push('bread', 'salt')
      basket.place.tags = ['theirs']
    }
    const { ann } = await openWith(
      options(),
      async (ctx, _sessions, meanwhile) => {
        const { items, place } = ctx.session as unknown as Basket
        await meanwhile('/theirs')
        ctx.session.mine = 1
        await ctx.session.save()
        return { items, place, isLive: items === ctx.session.items && place === ctx.session.place }
      },
      { '/theirs': theirs },
    )
    const place = { city: 'Rome', tags: ['theirs'] }
    expect((await ann.get('/work')).json()).toEqual({ items: ['tea', 'bread', 'salt'], place, isLive: true })
  })

  it('R56: changes made beside an update() are kept through its conflicts', async () => {
    let attempts = 0
    const { ann, data } = await openWith(options(), async (ctx, sessions, meanwhile) => {
      const { items } = ctx.session as unknown as Basket
      await sessions.update(async (draft) => {
        attempts++
        if (attempts < 4) await meanwhile(`/set?theirs=${attempts}`)
        items.push(`beside ${attempts}`)
        ctx.session[`beside${attempts}`] = attempts
        draft.count = ((draft.count as number | undefined) ?? 0) + 1
      }, ctx)
    })
    await ann.get('/work')
    expect(attempts).toBe(4)
    const beside = { beside1: 1, beside2: 2, beside3: 3, beside4: 4 }
    const items = ['tea', 'beside 1', 'beside 2', 'beside 3', 'beside 4']
    expect(await data()).toEqual({ items, place: { city: 'Rome' }, theirs: '3', count: 1, ...beside })
  })

  it('R56: regenerate({ keepData: false }) takes nothing over of what other requests write', async () => {
    const { ann, data } = await openWith(options(), async (ctx, sessions, meanwhile) => {
      await sessions.load(ctx)
      await meanwhile()
      await sessions.regenerate({ keepData: false }, ctx)
      ctx.session.fresh = true
    })
    await ann.get('/work')
    expect(await data()).toEqual({ fresh: true })
  })

  it('R56: a request that comes while regenerate({ keepData: false }) is under way adds nothing to its session', async () => {
    const { ann, data } = await openWith(options(), async (ctx, sessions, meanwhile) => {
      const regenerating = sessions.regenerate({ keepData: false }, ctx)
      await meanwhile()
      await regenerating
      ctx.session.fresh = true
    })
    await ann.get('/work')
    expect(await data()).toEqual({ fresh: true })
  })

  it('R56: a key that is undefined and never was there leaves what another request sets there', async () => {
    const { ann, data } = await openWith(options(), async (ctx, _sessions, meanwhile) => {
      ctx.session.theirs = undefined
      await meanwhile()
      ctx.session.mine = 1
    })
    await ann.get('/work')
    expect(await data()).toEqual({ items: ['tea'], place: { city: 'Rome' }, theirs: '1', mine: 1 })
  })
})

describe('onConflict', () => {
  it('R56: an async onConflict is awaited, and what it returns is stored', async () => {
    const onConflict: SessionOptions['onConflict'] = async (_before, mine, theirs) => {
      await new Promise(setImmediate)
      return { ...theirs, ...mine, decided: true }
    }
    const { ann, data } = await openWith(
      { store: new MemoryStore(), onConflict },
      async (ctx, _sessions, meanwhile) => {
        ctx.session.theirs = 'mine'
        await meanwhile()
      },
    )
    await ann.get('/work')
    expect(await data()).toMatchObject({ theirs: 'mine', decided: true })
  })

  it('R56: an onConflict that returns no plain object is an error, and nothing is written', async () => {
    const onConflict = (() => 'mine') as unknown as SessionOptions['onConflict']
    const codes: unknown[] = []
    const { ann, app, data } = await openWith(
      { store: new MemoryStore(), onConflict },
      async (ctx, _sessions, meanwhile) => {
        ctx.session.theirs = 'mine'
        await meanwhile()
      },
    )
    app.on('error', ({ code }: { code: string }) => codes.push(code))
    expect((await ann.get('/work')).status).toBe(500)
    expect(codes).toEqual(['ERR_SESSION_BAD_VALUE'])
    expect(await data()).toMatchObject({ theirs: '1' })
  })
})
