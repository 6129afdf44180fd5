import { MemoryStore, SessionService, type SessionOptions, type SignedInSession } from 'koa-session-service'
import type { Context } from 'koa'
import { createApp, Visitor } from '../../support/app/app'

type Verb = (sessions: SessionService, ctx: Context) => unknown

/** Every verb that has options, with the ctx in their place: what it answers to one who is signed in, on two devices. */
const VERBS: Record<string, [verb: Verb, answer: unknown]> = {
  regenerate: [async (sessions, ctx) => (await sessions.regenerate(ctx))?.toJSON(), { user: 'ann' }],
  confirm: [async (sessions, ctx) => (await sessions.confirm(ctx))?.toJSON(), { user: 'ann' }],
  isFresh: [(sessions, ctx) => sessions.isFresh(60_000, ctx), true],
  list: [async (sessions, ctx) => (await sessions.list(ctx)).map(currentOf).sort(), [false, true]],
  revoke: [async (sessions, ctx) => sessions.revoke(await otherOf(sessions, ctx), ctx), true],
  revokeAll: [(sessions, ctx) => sessions.revokeAll(ctx), 2],
  revokeOthers: [(sessions, ctx) => sessions.revokeOthers(ctx), 1],
}

/** Calls that mean nothing, and would mean something else without a word. */
const MISTAKES: Record<string, Verb> = {
  'list of NaN': (sessions, ctx) => sessions.list(NaN, ctx),
  'list of an array': (sessions, ctx) => sessions.list(['ann'] as never, ctx),
  'revoke with a text': (sessions, ctx) => sessions.revoke('handle', 'ann' as never, ctx),
  'revokeAll of a text that is empty': (sessions, ctx) => sessions.revokeAll('', {}, ctx),
  'revokeAll with a misspelled option': (sessions, ctx) => sessions.revokeAll({ user: 'bea' } as never, ctx),
  'confirm with a text': (sessions, ctx) => sessions.confirm('password' as never, ctx),
  'isFresh with a text': (sessions, ctx) => sessions.isFresh(60_000, 'password' as never, ctx),
  'isFresh with a misspelled option': (sessions, ctx) => sessions.isFresh(60_000, { by: 'password' } as never, ctx),
  'regenerate with false': (sessions, ctx) => sessions.regenerate(false as never, ctx),
}

const currentOf = ({ current }: SignedInSession): boolean => current

async function otherOf(sessions: SessionService, ctx: Context): Promise<string> {
  const listed = await sessions.list({}, ctx)
  return (listed.find(({ current }) => !current) as SignedInSession).handle
}

/** Ann, signed in on two devices; the first one asks. */
async function askAsAnn(
  asyncLocalStorage: boolean,
  ask: Verb,
): Promise<{ status: number; answer: unknown; after: unknown }> {
  const app = createApp()
  const owner: SessionOptions['owner'] = ({ user }) => user as string | undefined
  const sessions = new SessionService(app, { store: new MemoryStore(), owner, asyncLocalStorage })
  app.use(sessions.middleware())
  app.use(async (ctx) => {
    if (ctx.path === '/in') ctx.session.user = 'ann'
    if (ctx.path === '/method') return void (ctx.body = { method: sessions.isFresh(60_000, { method: 'GET' }, ctx) })
    ctx.body = { answer: ctx.path === '/ask' ? await ask(sessions, ctx) : undefined }
  })
  const visitors = [new Visitor(app), new Visitor(app)]
  for (const visitor of visitors) await visitor.get('/in')
  const { status, body } = await visitors[0].get('/ask')
  const { answer } = (status === 200 ? JSON.parse(body) : {}) as { answer?: unknown }
  return { status, answer, after: (await visitors[0].get('/method')).json() }
}

describe.each([false, true])('with asyncLocalStorage: %p', (asyncLocalStorage) => {
  it.each(Object.entries(VERBS))('R104: %s takes a ctx in the place of its options for the ctx', async (_name, row) => {
    const [verb, answer] = row
    const asked = await askAsAnn(asyncLocalStorage, verb)
    expect(asked).toMatchObject({ status: 200, answer })
    expect(asked.after).toEqual({ method: false })
  })

  it.each(Object.entries(VERBS))('R104: %s takes a ctx that stands behind nothing, too', async (name, [, answer]) => {
    const named = async (sessions: SessionService, ctx: Context): Promise<unknown> => {
      if (name === 'revokeOthers') return sessions.revokeOthers(ctx)
      if (name === 'isFresh') return sessions.isFresh(60_000, undefined, ctx)
      if (name === 'revoke') return sessions.revoke(await otherOf(sessions, ctx), undefined, ctx)
      if (name === 'list') return (await sessions.list(undefined, ctx)).map(currentOf).sort()
      return sessions[name as 'regenerate'](undefined, ctx)
    }
    expect(await askAsAnn(asyncLocalStorage, named)).toMatchObject({ status: 200, answer })
  })

  it('R104: the account may stand before the options of list() and revokeAll()', async () => {
    const told = async (sessions: SessionService, ctx: Context): Promise<unknown> => [
      (await sessions.list('ann', ctx)).length,
      await sessions.revokeAll('ann', { except: 'current' }, ctx),
      (await sessions.list('ann', ctx)).length,
    ]
    expect(await askAsAnn(asyncLocalStorage, told)).toMatchObject({ answer: [2, 1, 1] })
  })

  it.each(Object.entries(MISTAKES))('R104: %s is an error with a code', async (_name, verb) => {
    const told = async (sessions: SessionService, ctx: Context): Promise<unknown> => {
      try {
        return await verb(sessions, ctx)
      } catch (error) {
        return (error as { code?: unknown }).code
      }
    }
    expect(await askAsAnn(asyncLocalStorage, told)).toMatchObject({ answer: 'ERR_SESSION_BAD_VALUE' })
  })
})
