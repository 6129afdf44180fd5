import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Context } from 'koa'
import { MemoryStore, type SessionOptions, type SessionService } from 'koa-session-service'
import { Visitor } from '../../support/app/app'
import { createSite } from '../../support/app/site'

type Verb = (sessions: SessionService, ctx: Context) => unknown

const OWNED: SessionOptions = { owner: ({ user }) => user as string }
const servers: http.Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

/** A store that does something right after the first write of `/slow`, before it answers. */
function hookedStore(afterWrite: () => Promise<void>): MemoryStore {
  let isArmed = true
  return new Proxy(new MemoryStore(), {
    get(target, name) {
      const method = Reflect.get(target, name, target) as unknown
      if (typeof method !== 'function') return method
      return async (...args: unknown[]) => {
        const answer: unknown = await (method as (...all: unknown[]) => unknown).apply(target, args)
        const { ctx } = (args.at(-1) ?? {}) as { ctx?: Context }
        if (name === 'replace' && ctx?.path === '/slow' && isArmed) {
          isArmed = false
          await afterWrite()
        }
        return answer
      }
    },
  })
}

/**
 * Lets a browser ask for `/slow` and hang up while its write is on its way back.
 *
 * @param options.prepare makes ready what happens meanwhile
 */
async function hangUpDuring(
  verb: Verb,
  {
    options,
    before = options,
    seed,
    prepare,
  }: {
    options: SessionOptions
    before?: SessionOptions
    seed: object
    prepare?: (sessions: SessionService, cookie: string, twin: Visitor) => Promise<() => Promise<void>>
  },
) {
  const seen: { code?: unknown } = {}
  let isDone = (): void => undefined
  const done = new Promise<void>((resolve) => (isDone = resolve))
  let hangUp = async (): Promise<void> => undefined
  const store = hookedStore(async () => {
    await meanwhile?.()
    await hangUp()
  })
  const site = createSite(
    { ...options, store },
    {
      '/login': (ctx) => Object.assign(ctx.session, { user: 'ann', n: 1 }),
      '/slow': async (ctx) => {
        hangUp = async () => {
          request.destroy()
          await once(ctx.res, 'close')
        }
        try {
          await verb(site.sessions, ctx)
          await site.sessions.save(ctx)
        } catch (error) {
          seen.code = (error as { code?: unknown }).code
        }
        setTimeout(isDone, 20)
      },
    },
  )
  const first = createSite({ ...before, store }, { '/seed': (ctx) => Object.assign(ctx.session, seed) })
  await first.visitor.get('/seed')
  const browser = new Visitor(site.app, first.visitor.jar)
  const meanwhile = await prepare?.(site.sessions, browser.jar.header, new Visitor(site.app, browser.jar.copy()))
  const writing = jest.spyOn(MemoryStore.prototype, 'replace')
  const server = http.createServer((req, res) => void site.app.callback()(req, res)).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const request = http.get({ host: '127.0.0.1', port, path: '/slow', headers: { cookie: browser.jar.header } })
  request.on('error', () => undefined)
  await done
  const writes = writing.mock.calls.length
  writing.mockRestore()
  const { session } = (await browser.get('/')).json<{ session: unknown }>()
  return { ...seen, session, writes, events: await site.eventNames() }
}

const ANN = { user: 'ann', n: 0 }
const TOO_LATE = 'ERR_SESSION_HEADERS_SENT'

describe('a client that hangs up while its new token is written', () => {
  it.each<[string, Verb]>([
    ['a sign-out by update()', (sessions, ctx) => sessions.update((data) => delete data.user, ctx)],
    ['an emptied session', (_sessions, ctx) => (ctx.session = {})],
    ['a sign-in as somebody else', (_sessions, ctx) => (ctx.session.user = 'bea')],
  ])('R86: %s is not undone for a client that hangs up: the session is over', async (_what, verb) => {
    expect(await hangUpDuring(verb, { options: OWNED, seed: ANN })).toMatchObject({ session: {} })
  })

  it('R86: a sign-in whose client hangs up leaves the cart, and its token opens the session', async () => {
    const seen = await hangUpDuring((_sessions, ctx) => (ctx.session.user = 'ann'), { options: OWNED, seed: { n: 0 } })
    expect(seen).toMatchObject({ code: TOO_LATE, session: { n: 0 } })
  })

  it('R86: a sign-in whose client hangs up is undone with the one that has joined it, and its token opens what was', async () => {
    const joined: unknown[] = []
    const seen = await hangUpDuring((_sessions, ctx) => (ctx.session.user = 'ann'), {
      options: OWNED,
      seed: { n: 0 },
      prepare: async (_sessions, _cookie, twin) => async () => {
        const { status, setCookie } = await twin.get('/login')
        joined.push(status, setCookie)
      },
    })
    // Neither answer brings a token that opens what the first one has written.
    expect(joined).toEqual([200, []])
    expect(seen).toMatchObject({ code: TOO_LATE, session: { n: 0 } })
    expect(seen.session).not.toHaveProperty('user')
  })

  it('R86: what a held session has written meanwhile is kept when regenerate() is undone', async () => {
    const seen = await hangUpDuring((sessions, ctx) => sessions.regenerate(ctx), {
      options: OWNED,
      seed: ANN,
      prepare: async (sessions, cookie) => {
        const held = await sessions.open({ method: 'GET', url: '/', headers: { cookie } })
        return async () => {
          await held?.update((data) => (data.kept = true))
          held?.release()
        }
      },
    })
    expect(seen).toMatchObject({ code: TOO_LATE, session: { ...ANN, kept: true } })
  })

  it('R86: a change whose client hangs up is written once, and stays', async () => {
    const seen = await hangUpDuring((_sessions, ctx) => (ctx.session.n = 1), { options: OWNED, seed: ANN })
    expect(seen).toMatchObject({ session: { ...ANN, n: 1 }, writes: 1 })
  })

  it('R86: an upgrade to secrets that nobody asked for keeps the change that it was written with', async () => {
    const seen = await hangUpDuring((sessions, ctx) => sessions.update((data) => (data.n = 1), ctx), {
      before: {},
      options: { hashTokens: true },
      seed: { n: 0 },
    })
    expect(seen).toMatchObject({ session: { n: 1 } })
  })

  it('R86: a sign-in that does not reach its client ends no other session, and is no event', async () => {
    const options: SessionOptions = { ...OWNED, maxPerOwner: 1 }
    const seen = await hangUpDuring((_sessions, ctx) => (ctx.session.user = 'ann'), { options, seed: { n: 0 } })
    expect(seen.code).toBe(TOO_LATE)
    expect(seen.events).not.toContain('signedIn')
    expect(seen.events).not.toContain('revoked')
  })

  it.each<[boolean, SessionOptions]>([
    [true, OWNED],
    [true, {}],
    [false, {}],
  ])('R86: regenerate({ keepData: %p }) that fails leaves the data (%o)', async (keepData, options) => {
    const seen = await hangUpDuring((sessions, ctx) => sessions.regenerate({ keepData }, ctx), { options, seed: ANN })
    expect(seen).toMatchObject({ code: TOO_LATE, session: ANN })
  })
})
