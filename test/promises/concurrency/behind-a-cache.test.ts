import { LayeredStore, MemoryStore, type ConditionalContext, type Store, type Versioned } from 'koa-session-service'
import { createSite, type Site } from '../../support/app/site'

/** Another process ends the session as soon as the work of once() is written here. */
class EndedElsewhere extends MemoryStore {
  #writes = 0

  override replace(...call: Parameters<MemoryStore['replace']>): ReturnType<MemoryStore['replace']> {
    const outcome = super.replace(...call)
    // The first write says who is at the work.
    if (++this.#writes === 2) this.destroy(call[0])
    return outcome
  }
}

/** A cache that looks past itself where it is told to, and forgets nothing for that. */
class KeepingStore extends LayeredStore {
  readonly #kept = new Map<string, Versioned>()

  override async read(key: string, context: ConditionalContext): Promise<Versioned | undefined> {
    const found = await super.read(key, context)
    if (found) this.#kept.set(key, found)
    const kept = context.doubt === undefined ? this.#kept.get(key) : undefined
    return found ?? (kept && { ...kept, isCached: true })
  }
}

const CACHES: { name: string; over: (shared: MemoryStore) => Store }[] = [
  { name: 'LayeredStore', over: (shared) => new LayeredStore(shared, { maxStale: 60_000 }) },
  { name: 'a cache of somebody else', over: (shared) => new KeepingStore(shared, { maxStale: 60_000 }) },
]

describe.each(CACHES)('a session that another process ends, behind $name', ({ over }) => {
  it('R85: a request that has waited for the work of once() and finds the session over hands over no token of it', async () => {
    let [first, second]: unknown[] = []
    const site: Site = createSite(
      { store: over(new EndedElsewhere()), rolling: true },
      {
        '/seed': (ctx) => (ctx.session.kept = true),
        '/work': async (ctx) => {
          const work = () => site.sessions.once('work', (data) => Object.assign(data, { n: 1 }), ctx)
          ;[first, second] = await Promise.all([work(), work()])
        },
      },
    )
    await site.visitor.get('/seed')
    const { status, setCookie } = await site.visitor.get('/work')
    expect(first).toMatchObject({ kept: true, n: 1 })
    expect({ status, second, setCookie }).toEqual({ status: 200, second: null, setCookie: [] })
    expect(await site.eventNames()).toContain('gone')
  })
})
