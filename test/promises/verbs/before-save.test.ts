import type { SessionOptions } from 'koa-session-service'
import { backendsWith } from '../../support/backends/backends'
import { createSessionApp } from '../../support/app/session-app'

const CONDITIONAL = backendsWith({ isConditional: true })
const owner: SessionOptions['owner'] = ({ user }) => user as string | undefined

/** Every version that `beforeSave` was shown, by path. */
function seen(): { versions: Record<string, object[]>; beforeSave: NonNullable<SessionOptions['beforeSave']> } {
  const versions: Record<string, object[]> = {}
  return {
    versions,
    beforeSave: (ctx, session) => void (versions[ctx.path] ??= []).push({ ...session.toJSON() }),
  }
}

describe.each(CONDITIONAL)('beforeSave: $name', ({ options }) => {
  it('R56: beforeSave sees every version that is tried, and the last one is what is stored', async () => {
    const { versions, beforeSave } = seen()
    const { visitor } = createSessionApp(
      { ...options(), beforeSave },
      {
        '/work': async (ctx) => {
          ctx.session.mine = 1
          await visitor(ann.jar.copy()).get('/set?theirs=1')
        },
      },
    )
    const ann = visitor()
    await ann.get('/set?cart=tea')
    await ann.get('/work')
    const merged = { cart: 'tea', theirs: '1', mine: 1 }
    expect(versions['/work']).toEqual([{ cart: 'tea', mine: 1 }, merged])
    expect((await ann.get('/')).json()).toEqual(merged)
  })

  it('R56: a change that beforeSave makes after a conflict is written', async () => {
    const { visitor } = createSessionApp(
      {
        ...options(),
        beforeSave: (_ctx, session) => {
          const { cart, theirs, mine } = session.toJSON()
          Object.assign(session, { summary: [cart, theirs, mine].join() })
        },
      },
      {
        '/work': async (ctx) => {
          ctx.session.mine = 'm'
          await visitor(ann.jar.copy()).get('/set?theirs=t')
        },
      },
    )
    const ann = visitor()
    await ann.get('/set?cart=c')
    await ann.get('/work')
    expect((await ann.get('/')).json()).toEqual({ cart: 'c', theirs: 't', mine: 'm', summary: 'c,t,m' })
  })

  it('R56: beforeSave sees what update() writes, each time', async () => {
    const { versions, beforeSave } = seen()
    let attempts = 0
    const { visitor } = createSessionApp(
      { ...options(), beforeSave },
      {
        '/work': (ctx, sessions) =>
          sessions.update(async (data) => {
            attempts++
            data.count = ((data.count as number | undefined) ?? 0) + 1
            if (attempts === 1) await visitor(ann.jar.copy()).get('/set?theirs=1')
          }, ctx),
      },
    )
    const ann = visitor()
    await ann.get('/set?cart=tea')
    await ann.get('/work')
    expect(versions['/work']).toEqual([
      { cart: 'tea', count: 1 },
      { cart: 'tea', theirs: '1', count: 1 },
    ])
  })
})

describe.each(backendsWith({ hasIds: true }))('beforeSave: $name', ({ options }) => {
  it.each([
    ['signs in', { cart: 'tea' }, { cart: 'tea', user: 'ann', step: '1' }],
    ['signs out', { user: 'ann' }, { step: '1' }],
  ])('R56: a beforeSave that %s rotates the token', async (_what, before, after) => {
    const { visitor } = createSessionApp({
      ...options(),
      owner,
      beforeSave: (ctx, session) => {
        if (ctx.query.step !== '1') return
        if ('user' in before) delete (session as { user?: string }).user
        else Object.assign(session, { user: 'ann' })
      },
    })
    const ann = visitor()
    await ann.get(`/set?${new URLSearchParams(before as Record<string, string>).toString()}`)
    const old = ann.jar.copy()
    await ann.get('/set?step=1')
    expect(ann.jar.header).not.toBe(old.header)
    expect((await ann.get('/')).json()).toEqual(after)
    expect((await visitor(old).get('/')).json()).toEqual({})
  })
})
