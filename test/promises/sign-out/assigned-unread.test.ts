import { MemoryStore, type SessionOptions, SessionService } from 'koa-session-service'
import { BACKENDS } from '../../support/backends/backends'
import { createSite } from '../../support/app/site'
import { intercepted } from '../../support/spies/intercept'

const owner: SessionOptions['owner'] = ({ user }) => user as string | undefined

describe.each(BACKENDS)('a session that is assigned before anybody has read it, in a $name', ({ options, cookies }) => {
  const open = () =>
    createSite(
      { ...options(), owner },
      {
        '/al': (ctx) => (ctx.session.user = 'al'),
        '/zoe': (ctx) => (ctx.session = { user: 'zoe' }),
        '/out': (ctx) => (ctx.session = {}),
      },
    )

  it('R12: R55: an empty one signs out', async () => {
    const { visitor } = open()
    await visitor.get('/al')
    await visitor.get('/out')
    expect((await visitor.get('/')).json()).toEqual({ session: {} })
  })

  it('R55: a sign-in is one, whatever cookie the browser brings', async () => {
    for (const broken of ['', '%', '{}', 'eyJ1c2VyIjoiYWwifQ==', 'x'.repeat(3000)]) {
      const { visitor, errors } = open()
      for (const name of cookies()) visitor.jar.values.set(name, broken)
      expect((await visitor.get('/zoe')).status).toBe(200)
      expect((await visitor.get('/')).json()).toEqual({ session: { user: 'zoe' } })
      expect(errors).toEqual([])
    }
  })
})

it('R48: a session in its cookie whose ends are asked late cannot be assigned before it is loaded', async () => {
  const { visitor, errors } = createSite(
    { owner, ends: { store: intercepted(new MemoryStore(), async ({ proceed }) => proceed()) }, lazy: true },
    {
      '/early': (ctx) => {
        expect(() => (ctx.session = { user: 'zoe' })).toThrow(
          expect.objectContaining({ code: 'ERR_SESSION_NOT_LOADED' }) as Error,
        )
      },
      '/al': async (ctx) => {
        await SessionService.of(ctx).load(ctx)
        ctx.session = { user: 'al' }
      },
    },
  )
  expect((await visitor.get('/al')).status).toBe(200)
  await visitor.get('/early')
  expect(errors).toEqual([])
})
