import fc from 'fast-check'
import type { Context } from 'koa'
import type { HeldSession, SessionOptions } from 'koa-session-service'
import { createSessionApp } from '../../support/app/session-app'
import { describeOnEachStore } from '../../support/backends/conditional-backends'
import { endOf, hold, NEVER } from '../../support/app/held'
import { hasEffect, RUNS } from '../../support/races/race'
import { ScheduledStore, type StoreCall } from '../../support/races/scheduled-store'

// A wait of a random length between two attempts would make an interleaving hard to repeat.
jest.mock('node:timers/promises', () => ({ setTimeout: () => new Promise(setImmediate) }))

jest.setTimeout(60_000)

const owner: SessionOptions['owner'] = (data) => (data as { user?: string }).user || undefined

/** What a request does meanwhile that takes the session away from who holds it. */
const ENDINGS = ['/logout', '/set?user=bob', '/set?user=']
const OTHERS = ['/set?a=a', '/set?b=b', '/regenerate', '/touch', '/']

const context = { rolling: false, ctx: { path: 'test' } as Context }

const setting = fc.record({
  ending: fc.option(fc.constantFrom(...ENDINGS), { nil: undefined }),
  others: fc.shuffledSubarray(OTHERS, { maxLength: 3 }),
  updates: fc.integer({ min: 1, max: 3 }),
  scheduler: fc.scheduler(),
})

describeOnEachStore('open().update() while requests rotate, end and sign in, interleaved at random', (getStore) => {
  it('R72: open().update() beside rotations, ends and sign-ins counts once for each written, and never after the end', async () => {
    await fc.assert(
      fc.asyncProperty(setting, async ({ ending, others, updates, scheduler }) => {
        const store = new ScheduledStore(getStore())
        const { sessions, visitor } = createSessionApp({ store, owner, recheckEvery: NEVER, storeTimeout: 120_000 })
        const ann = visitor()
        await ann.get('/set?user=ann&views=0')
        const held = await hold(sessions, ann)
        const id = held.id as string
        const first = (await getStore().read(id, context))?.record._secret
        store.calls.length = 0
        const paths = ending ? [ending, ...others] : others
        const [answers, results] = await store.race(scheduler, () =>
          Promise.all([
            Promise.all(paths.map((path) => visitor(ann.jar.copy()).get(path))),
            Promise.all(Array.from({ length: updates }, () => count(held))),
          ]),
        )
        // Looks at the store on behalf of the signal may still wait for their turn.
        await scheduler.waitIdle()
        expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
        const record = (await getStore().read(id, context))?.record
        const written = results.filter((result) => result !== null).length
        // A sign-in whose token was rotated away meanwhile is a session of its own.
        const isOver = record?.user !== 'ann'
        if (ending === undefined) expect(isOver).toBe(false)
        if (ending === '/logout') expect(record).toBeUndefined()
        if (!isOver) expect([Number(record?.views), written]).toEqual([updates, updates])
        if (record && isOver) expect(Number(record.views)).toBe(written)
        // A session outside a request has the path "/", and no request with that path writes.
        const writes = store.calls.filter((call) => call.key === id && hasEffect(call))
        const place = writes.findIndex((call, index) => endsOrChangesHands(call, writes.slice(0, index), first))
        if (isOver) expect(writes.slice(place + 1).filter(({ path }) => path === '/')).toEqual([])
        if (isOver) await endOf(held.signal)
        expect(await count(held)).toEqual(isOver ? null : expect.anything())
        held.release()
      }),
      { numRuns: RUNS },
    )
  })

  it('R72: destroy() of a held session ends the session of these hands alone', async () => {
    await fc.assert(
      fc.asyncProperty(setting, async ({ ending, others, scheduler }) => {
        const store = new ScheduledStore(getStore())
        const { sessions, visitor } = createSessionApp({ store, owner, recheckEvery: NEVER, storeTimeout: 120_000 })
        const ann = visitor()
        await ann.get('/set?user=ann&views=0')
        const held = await hold(sessions, ann)
        const paths = ending ? [ending, ...others] : others
        const browsers = paths.map(() => visitor(ann.jar.copy()))
        await store.race(scheduler, () =>
          Promise.all([held.destroy(), ...browsers.map((browser, index) => browser.get(paths[index]))]),
        )
        await scheduler.waitIdle()
        await endOf(held.signal)
        const record = (await getStore().read(held.id as string, context))?.record
        // It is gone, or somebody else's.
        expect(record?.user).not.toBe('ann')
        if (ending === undefined || ending === '/logout') expect(record).toBeUndefined()
      }),
      { numRuns: RUNS },
    )
  })
})

async function count(held: HeldSession): Promise<object | null> {
  return held.update((session) => {
    const counted = session as { views?: number }
    counted.views = Number(counted.views) + 1
  })
}

/** Whether a write takes the session out of the hands that hold it. */
function endsOrChangesHands({ path, method, secret }: StoreCall, before: StoreCall[], first?: string): boolean {
  if (method === 'destroy') return true
  const known = [first, ...before.map((call) => call.secret)]
  return path === '/set' && secret !== undefined && !known.includes(secret)
}
