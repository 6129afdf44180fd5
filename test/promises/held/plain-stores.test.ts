import {
  ContextStore,
  MemoryStore,
  type SessionOptions,
  type SessionRecord,
  type StoreContext,
} from 'koa-session-service'
import { endOf, hold, NEVER, settle } from '../../support/app/held'
import { createSessionApp } from '../../support/app/session-app'

/** Passes everything on to a store of ours, as a store per tenant does. */
class Around extends ContextStore {
  static records: MemoryStore

  get(key: string, maxAge: number, context: StoreContext) {
    return Around.records.get(key, maxAge, context)
  }

  set(key: string, record: SessionRecord, maxAge: number) {
    return Around.records.set(key, record, maxAge)
  }

  destroy(key: string) {
    return Around.records.destroy(key)
  }
}

beforeEach(() => {
  Around.records = new MemoryStore()
})

describe.each<[string, SessionOptions]>([
  ['ids alone', {}],
  ['"hashTokens"', { hashTokens: true }],
  ['"owner"', { owner: (data) => (data as { user?: string }).user }],
])('a session with %s in a plain store around one that knows secrets', (_what, options) => {
  it('R72: a session in a plain store around one that knows secrets is held, written and watched like any other', async () => {
    const signals: AbortSignal[] = []
    const { sessions, visitor } = createSessionApp(
      { ContextStore: Around, recheckEvery: NEVER, ...options },
      { '/watch': async (ctx, { signal }) => void signals.push(await signal.call(sessions, ctx)) },
    )
    const ann = visitor()
    await ann.get('/set?user=ann')
    const held = await hold(sessions, ann)
    expect(await held.update((session) => Object.assign(session, { n: 1 }))).toEqual({ user: 'ann', n: 1 })
    await ann.get('/watch')
    await settle(() => ann.get('/'))
    expect([held.signal.aborted, signals[0].aborted]).toEqual([false, false])
    expect((await ann.get('/')).json()).toEqual({ user: 'ann', n: 1 })
    await ann.get('/logout')
    expect(await endOf(held.signal)).toBe('The session was ended.')
  })
})
