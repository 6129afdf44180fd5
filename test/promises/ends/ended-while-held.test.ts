import { once } from 'node:events'
import { MemoryStore } from 'koa-session-service'
import { createSite, nextTurn, type Site } from '../../support/app/site'
import { CountingBus } from '../../support/spies/counting-bus'

function open(bus: CountingBus): Site {
  const site: Site = createSite(
    {
      owner: (data) => (data as { user?: string }).user,
      bus,
      recheckEvery: 20,
      ends: { store, by: (data) => ('org' in data ? [`org:${String(data.org)}`] : []) },
    },
    {
      '/in': (ctx) => void Object.assign(ctx.session, { user: 'ann', org: ctx.query.org }),
      '/out': (ctx) => void (ctx.session = null),
    },
  )
  return site
}

let store: MemoryStore
beforeEach(() => void (store = new MemoryStore()))

async function hold({ sessions, visitor }: Site) {
  const held = await sessions.open({ headers: { cookie: visitor.jar.header } })
  if (!held) throw new Error('it was not opened')
  return held
}

describe('a session in its cookie that is held', () => {
  it.each([
    ['a logout', '/out'],
    ['the end of a key', 'org:42'],
    ['the end of all of an account', 'owner:ann'],
    ['the end of everybody', '*'],
  ])('R108: the signal of a held session in its cookie is aborted by %s', async (_title, how) => {
    const here = open(new CountingBus())
    await here.visitor.get('/in?org=42')
    const held = await hold(here)
    await here.sessions.end('org:41')
    await nextTurn()
    expect(held.signal.aborted).toBe(false)
    const aborted = once(held.signal, 'abort')
    if (how === '/out') await here.visitor.get(how)
    else await here.sessions.end(how)
    await aborted
    expect(held.signal.reason).toMatchObject({ code: 'ERR_SESSION_ENDED' })
  })

  it('R108: the signal of a held session in its cookie is aborted at the next look where the message was lost', async () => {
    const bus = new CountingBus()
    const here = open(bus)
    await here.visitor.get('/in?org=42')
    const held = await hold(here)
    bus.isDeaf = true
    const aborted = once(held.signal, 'abort')
    await here.sessions.end('org:42')
    await aborted
    expect(held.signal.aborted).toBe(true)
  })

  it('R108: the signal of a request is aborted by an end of its session while the handler is at work', async () => {
    let signal: AbortSignal | undefined
    const site: Site = createSite(
      { owner: (data) => (data as { user?: string }).user, ends: { store } },
      {
        '/in': (ctx) => void (ctx.session.user = 'ann'),
        '/stream': async (ctx) => {
          signal = await site.sessions.signal(ctx)
          await site.sessions.end('owner:ann')
          await once(signal, 'abort')
        },
      },
    )
    await site.visitor.get('/in')
    await site.visitor.get('/stream')
    expect(signal?.reason).toMatchObject({ code: 'ERR_SESSION_ENDED' })
  })

  it('R108: the end of another session aborts no signal, and a session that was ended is not opened', async () => {
    const here = open(new CountingBus())
    await here.visitor.get('/in?org=42')
    const held = await hold(here)
    const other = open(new CountingBus())
    await other.visitor.get('/in?org=7')
    await other.visitor.get('/out')
    await nextTurn()
    expect(held.signal.aborted).toBe(false)
    held.release()
    await here.visitor.get('/in?org=42')
    const { header } = here.visitor.jar
    await here.visitor.get('/out')
    expect(await here.sessions.open({ headers: { cookie: header } })).toBeUndefined()
  })
})
