import { backendsWith } from '../../support/backends/backends'
import { createSessionApp, type Action } from '../../support/app/session-app'

/** What a handler may answer with that is this visitor's own, without a look at ctx.session. */
const ASKED: Record<string, Action> = {
  '/service-id': (ctx, sessions) => ({ id: sessions.id(ctx) }),
  '/fingerprint': (ctx, sessions) => ({ fingerprint: sessions.fingerprint(ctx) }),
  '/options': (ctx) => ({ maxAge: ctx.sessionOptions.maxAge }),
  '/confirmed': (ctx, sessions) => ({ at: sessions.confirmedAt(ctx) }),
  '/fresh': (ctx, sessions) => ({ isFresh: sessions.isFresh(1000, ctx) }),
  '/load': async (ctx, sessions) => sessions.load(ctx),
  '/signal': async (ctx, sessions) => ({ isOver: (await sessions.signal(ctx)).aborted }),
}

describe.each(backendsWith({ hasIds: true }))('preventCaching alone: $name', ({ options }) => {
  it.each(Object.keys(ASKED))(
    'R75: a response that was made with %s alone is not to be kept by caches',
    async (path) => {
      const ann = createSessionApp({ ...options(), preventCaching: true }, ASKED).visitor()
      await ann.get('/set?user=ann')
      const { status, headers } = await ann.get(path)
      expect([status, headers['cache-control'], headers.vary]).toEqual([200, 'no-store', 'Cookie'])
    },
  )

  it('R75: a response that was made without the session is left alone by preventCaching', async () => {
    const ann = createSessionApp({ ...options(), preventCaching: true }, ASKED).visitor()
    await ann.get('/set?user=ann')
    expect((await ann.get('/plain')).headers['cache-control']).toBeUndefined()
  })
})
