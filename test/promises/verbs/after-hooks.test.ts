import { MemoryStore } from 'koa-session-service'
import { hold, NEVER } from '../../support/app/held'
import { inTime } from '../../support/races/in-time'
import { createSessionApp, type Action } from '../../support/app/session-app'

const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20))

describe('what a hook has begun and not waited for', () => {
  it('R91: work that "beforeSave" has begun and not waited for may write its session once the commit has ended', async () => {
    const begun: Promise<void>[] = []
    const served = createSessionApp(
      {
        store: new MemoryStore(),
        beforeSave: (ctx) => {
          if (begun.length === 0) begun.push(later().then(() => served.sessions.save(ctx as never)))
        },
      },
      {},
    )
    await served.visitor().get('/set?n=1')
    await inTime(Promise.all(begun))
    expect(begun).toHaveLength(1)
  })

  it('R91: work that the function of update() has begun and not waited for may use what is held once that is written', async () => {
    const { sessions, visitor } = createSessionApp({ store: new MemoryStore(), recheckEvery: NEVER })
    const ann = visitor()
    await ann.get('/set?n=1')
    const held = await hold(sessions, ann)
    let touching: Promise<void> | undefined
    let counting: Promise<unknown> | undefined
    await held.update((data) => {
      data.first = 1
      touching = later().then(() => held.touch())
      counting = later().then(() => held.update((again) => Object.assign(again, { second: 2 })))
    })
    await inTime(Promise.all([touching, counting]))
    expect(held.data).toEqual({ n: '1', first: 1, second: 2 })
    held.release()
  })

  it('R91: work that a hook has begun and not waited for may not use the session as long as the hook runs', async () => {
    const { sessions, visitor } = createSessionApp({ store: new MemoryStore(), recheckEvery: NEVER })
    const ann = visitor()
    await ann.get('/set?n=1')
    const held = await hold(sessions, ann)
    const codes: unknown[] = []
    await held.update(() => later().then(() => held.touch().catch(({ code }) => codes.push(code))))
    expect(codes).toEqual(['ERR_SESSION_NESTED'])
    held.release()
  })

  it('R91: work that "valid" has begun and not waited for may use the session of its request', async () => {
    let begun: Promise<unknown> | undefined
    const look: Action = async (ctx, sessions) => {
      await begun
      return sessions.id(ctx)
    }
    const served = createSessionApp(
      {
        store: new MemoryStore(),
        valid: (ctx) => {
          begun = later().then(() => served.sessions.save(ctx as never))
          return true
        },
      },
      { '/look': look },
    )
    const ann = served.visitor()
    await ann.get('/set?n=1')
    expect((await inTime(ann.get('/look'))).status).toBe(200)
  })
})
