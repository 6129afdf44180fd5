import { hardened, type SessionOptions } from 'koa-session-service'
import { backendsWith, SEALING_KEYS } from '../../support/backends/backends'
import { createSessionApp, type Action } from '../../support/app/session-app'
import { spyOn } from '../../support/spies/spy-on'

const HOUR = 60 * 60 * 1000
const KINDS: [string, (options: SessionOptions) => SessionOptions][] = [
  ['nothing else', (options) => options],
  ['rolling', (options) => ({ ...options, rolling: true })],
  ['renew', (options) => ({ ...options, renew: true })],
  ['idleTimeout', (options) => ({ ...options, idleTimeout: HOUR, rolling: true })],
  ['owner', (options) => ({ ...options, owner: ({ user }) => user as string | undefined, rolling: true })],
  ['hardened()', (options) => hardened({ ...options, keys: SEALING_KEYS, key: 'koa.sess', secure: false })],
  ['valid and beforeSave', (options) => ({ ...options, valid: () => true, beforeSave: () => undefined })],
]

const ACTIONS: Record<string, Action> = {
  '/set': async (ctx, sessions) => void Object.assign((await sessions.load(ctx)) ?? {}, ctx.query),
  '/fail': () => {
    throw new Error('the handler failed')
  },
}

describe.each(backendsWith({ hasIds: true }))('lazy: $name', ({ options }) => {
  it.each(KINDS)(
    'R59: a request that never asks for its session makes no store call (with %s)',
    async (_what, apply) => {
      const { options: recorded, names } = spyOn(apply({ ...options(), lazy: true }))
      const ann = createSessionApp(recorded, ACTIONS).visitor()
      await ann.get('/set?user=ann')
      expect(names.length).toBeGreaterThan(0)
      names.length = 0
      for (const path of ['/plain', '/fail']) expect((await ann.get(path)).setCookie).toEqual([])
      expect(names).toEqual([])
    },
  )
})

describe.each(backendsWith({ hasIds: true }))('genid: $name', ({ options }) => {
  const ids = (calls: string[], isAsync: boolean): SessionOptions['genid'] => {
    return (ctx) => {
      const id = `custom-${calls.push(ctx.path)}`
      ctx.state.drawn = id
      return isAsync ? Promise.resolve(id) : id
    }
  }

  it.each([false, true])(
    'R59: data that genid writes are there once the session was read (async: %s)',
    async (isAsync) => {
      const { visitor } = createSessionApp(
        { ...options(), genid: ids([], isAsync) },
        { '/drawn': (ctx) => `${ctx.session.populated} ${ctx.state.drawn}` },
      )
      expect((await visitor().get('/drawn')).body).toBe('false custom-1')
    },
  )

  it.each([false, true])('R59: genid is called once for a session, and its id is used (async: %s)', async (isAsync) => {
    const calls: string[] = []
    const { visitor } = createSessionApp(
      { ...options(), genid: ids(calls, isAsync) },
      {
        '/busy': async (ctx, sessions) => {
          void ctx.session.externalKey
          ctx.session.user = 'ann'
          await Promise.all([sessions.save(ctx), ctx.session.save()])
          void sessions.id(ctx)
        },
      },
    )
    const ann = visitor()
    await ann.get('/busy')
    expect(ann.jar.values.get('koa.sess')).toBe('custom-1')
    await ann.get('/busy')
    expect((await ann.get('/')).json()).toEqual({ user: 'ann' })
    expect(calls).toEqual(['/busy'])
  })
})
