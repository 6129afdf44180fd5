import type { Context } from 'koa'
import type { SessionOptions, SessionService } from 'koa-session-service'
import { BACKENDS, backendsWith } from '../../support/backends/backends'
import { inTime } from '../../support/races/in-time'
import { createSessionApp, type Action } from '../../support/app/session-app'

interface Nested {
  run: Action
  /** What the next request is shown. */
  shows: object
}

/** Verbs of the service and of `ctx.session`, within an `update()` that counts. */
const VERBS: Record<string, Nested> = {
  'sessions.save()': { run: (ctx, sessions) => sessions.save(ctx), shows: { views: 1 } },
  'sessions.touch()': { run: (ctx, sessions) => sessions.touch(ctx), shows: { views: 1 } },
  'sessions.regenerate()': { run: (ctx, sessions) => sessions.regenerate({}, ctx), shows: { views: 1 } },
  'sessions.update()': {
    run: (ctx, sessions) => sessions.update((data) => (data.inner = true), ctx),
    shows: { views: 1, inner: true },
  },
  'sessions.destroy()': { run: (ctx, sessions) => sessions.destroy(ctx), shows: {} },
  'ctx.session = null': { run: (ctx) => (ctx.session = null), shows: {} },
  'ctx.session.save()': { run: (ctx) => ctx.session.save(), shows: { views: 1 } },
  'ctx.session.regenerate()': { run: (ctx) => ctx.session.regenerate(), shows: { views: 1 } },
  'ctx.session.manuallyCommit()': { run: (ctx) => ctx.session.manuallyCommit(), shows: { views: 1 } },
}
const NAMED = Object.entries(VERBS).map(([verb, nested]) => ({ verb, ...nested }))

const HANDED_OVER = ['save', 'regenerate', 'manuallyCommit'] as const

/** An app where `/update` counts, with `nested` inside; and a visitor who has a session. */
async function open(options: SessionOptions, nested: (ctx: Context, sessions: SessionService) => unknown) {
  const served = createSessionApp(options, {
    '/update': async (ctx, sessions) => {
      const updated = await sessions.update(async (data) => {
        data.views = (data.views ?? 0) + 1
        await nested(ctx, sessions)
      }, ctx)
      return updated === null ? 'ended' : 'updated'
    },
  })
  const visitor = served.visitor()
  await visitor.get('/set?cart=tea')
  return { ...served, ann: visitor }
}

describe.each(BACKENDS)('verbs within update(): $name', ({ options }) => {
  it.each(NAMED)('R56: $verb works within update()', async ({ run, shows }) => {
    const { ann } = await open(options(), run)
    const { status, body } = await inTime(ann.get('/update'))
    expect({ status, body }).toEqual({ status: 200, body: 'views' in shows ? 'updated' : 'ended' })
    const expected = 'views' in shows ? { cart: 'tea', ...shows } : {}
    expect((await ann.get('/')).json()).toEqual(expected)
  })

  it.each(HANDED_OVER)('R56: %s() of what update() hands over fails with ERR_SESSION_NESTED', async (verb) => {
    const codes: unknown[] = []
    const { visitor } = createSessionApp(options(), {
      '/update': (ctx, sessions) =>
        sessions.update(async (data) => {
          data.views = 1
          await data[verb]().catch(({ code }: { code: string }) => codes.push(code))
        }, ctx),
    })
    const ann = visitor()
    expect((await inTime(ann.get('/update'))).status).toBe(200)
    expect(codes).toEqual(['ERR_SESSION_NESTED'])
    expect((await ann.get('/')).json()).toEqual({ views: 1 })
  })
})

describe.each(backendsWith({ isConditional: true }))('verbs within update(): $name', (backend) => {
  it.each(NAMED)('R56: $verb works within update() where another request was faster', async ({ run, shows }) => {
    let attempts = 0
    const { ann, visitor } = await open(backend.options(), async (ctx, sessions) => {
      attempts++
      if (attempts === 1) await visitor(ann.jar.copy()).get('/set?theirs=1')
      if (attempts > 1) await run(ctx, sessions)
    })
    const { status } = await inTime(ann.get('/update'))
    expect({ status, attempts: attempts > 1 }).toEqual({ status: 200, attempts: true })
    const expected = 'views' in shows ? { cart: 'tea', theirs: '1', ...shows } : {}
    expect((await ann.get('/')).json()).toEqual(expected)
  })
})

/** Verbs within `beforeSave`, in its first turn and after it has waited. */
const HOOKED: Record<string, Action> = {
  'sessions.save()': VERBS['sessions.save()'].run,
  'sessions.touch()': VERBS['sessions.touch()'].run,
  'sessions.regenerate()': VERBS['sessions.regenerate()'].run,
  'sessions.update()': VERBS['sessions.update()'].run,
  'sessions.regenerate({ keepData: false })': (ctx, sessions) => sessions.regenerate({ keepData: false }, ctx),
  'sessions.destroy()': VERBS['sessions.destroy()'].run,
  'ctx.session = null': VERBS['ctx.session = null'].run,
  'ctx.session.save()': VERBS['ctx.session.save()'].run,
  'ctx.session.regenerate()': VERBS['ctx.session.regenerate()'].run,
  'ctx.session.manuallyCommit()': VERBS['ctx.session.manuallyCommit()'].run,
}
const WAITS = [false, true]
const HOOKED_CASES = Object.entries(HOOKED).flatMap(([verb, run]) => WAITS.map((waits) => ({ verb, run, waits })))

describe.each(BACKENDS)('verbs within beforeSave: $name', ({ options }) => {
  it.each(HOOKED_CASES)(
    'R56: $verb within beforeSave fails with ERR_SESSION_NESTED (waits: $waits)',
    async ({ run, waits }) => {
      const codes: unknown[] = []
      const { visitor, sessions } = createSessionApp({
        ...options(),
        beforeSave: async (ctx) => {
          if (waits) await new Promise(setImmediate)
          await Promise.resolve()
            .then(() => run(ctx, sessions))
            .catch(({ code }: { code: string }) => codes.push(code))
        },
      })
      const ann = visitor()
      expect((await inTime(ann.get('/set?cart=tea'))).status).toBe(200)
      expect(codes).toEqual(['ERR_SESSION_NESTED'])
      expect((await ann.get('/')).json()).toEqual({ cart: 'tea' })
    },
  )

  it('R56: an object that beforeSave puts in place of the data is what is written', async () => {
    const { visitor } = createSessionApp({
      ...options(),
      beforeSave: (ctx) => {
        if (ctx.query.cart === 'milk') ctx.session = { replaced: true }
      },
    })
    const ann = visitor()
    await ann.get('/set?cart=tea')
    await inTime(ann.get('/set?cart=milk'))
    expect((await ann.get('/')).json()).toEqual({ replaced: true })
  })
})
