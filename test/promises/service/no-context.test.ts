import { MemoryStore, SessionService, type SessionOptions } from 'koa-session-service'
import type { Context } from 'koa'
import { createSite } from '../../support/app/site'

type Verb = (sessions: SessionService, ctx: Context) => unknown

/** Every verb that takes a ctx. */
const VERBS: Record<string, Verb> = {
  load: (sessions, ctx) => sessions.load(ctx),
  id: (sessions, ctx) => sessions.id(ctx),
  fingerprint: (sessions, ctx) => sessions.fingerprint(ctx),
  explain: (sessions, ctx) => sessions.explain(ctx),
  isBound: (sessions, ctx) => sessions.isBound(ctx),
  save: (sessions, ctx) => sessions.save(ctx),
  update: (sessions, ctx) => sessions.update(() => undefined, ctx),
  touch: (sessions, ctx) => sessions.touch(ctx),
  'regenerate, in the place of its options': (sessions, ctx) => sessions.regenerate(ctx),
  regenerate: (sessions, ctx) => sessions.regenerate({}, ctx),
  destroy: (sessions, ctx) => sessions.destroy(ctx),
  take: (sessions, ctx) => sessions.take('user', ctx),
  signal: (sessions, ctx) => sessions.signal(ctx),
  once: (sessions, ctx) => sessions.once('key', () => undefined, {}, ctx),
  end: (sessions, ctx) => sessions.end('org:1', {}, ctx),
  confirm: (sessions, ctx) => sessions.confirm({}, ctx),
  confirmedAt: (sessions, ctx) => sessions.confirmedAt(ctx),
  isFresh: (sessions, ctx) => sessions.isFresh(1000, {}, ctx),
  list: (sessions, ctx) => sessions.list({}, ctx),
  revoke: (sessions, ctx) => sessions.revoke('handle', {}, ctx),
  revokeAll: (sessions, ctx) => sessions.revokeAll({}, ctx),
  revokeOthers: (sessions, ctx) => sessions.revokeOthers(ctx),
  hasMiddleware: (sessions, ctx) => sessions.hasMiddleware(ctx),
  'SessionService.of': (_sessions, ctx) => SessionService.of(ctx),
}
const NO_CONTEXTS = { null: null, 'a text': 'ctx', 'an object': { app: {} }, 'a function': () => undefined }

describe.each(Object.entries(NO_CONTEXTS))('%s in the place of a ctx', (_, given) => {
  it.each(Object.keys(VERBS))('R104: %s refuses what is no ctx, also where the request is known', async (name) => {
    const store = new MemoryStore()
    const options: SessionOptions = {
      store,
      owner: ({ user }) => user as string,
      ends: { store },
      asyncLocalStorage: true,
    }
    const { sessions, visitor } = createSite(options, {
      '/in': (ctx) => (ctx.session.user = 'ann'),
      '/ask': async (ctx) => {
        const failure = await Promise.resolve()
          .then(() => VERBS[name](sessions, given as never))
          .catch((error: unknown) => error)
        const { code, message } = failure as { code?: string; message?: string }
        ctx.body = { code, isCured: /\bctx\b/.test(String(message)) }
      },
    })
    await visitor.get('/in')
    expect((await visitor.get('/ask')).json()).toEqual({ code: 'ERR_SESSION_BAD_VALUE', isCured: true })
    expect((await visitor.get('/')).json()).toEqual({ session: { user: 'ann' } })
  })
})
