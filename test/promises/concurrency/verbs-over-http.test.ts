import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { Context } from 'koa'
import type { SessionOptions, SessionService } from 'koa-session-service'
import { CookieJar } from '../../support/app/app'
import { turns } from '../../support/races/scheduled-store'
import { createSite, type Site } from '../../support/app/site'
import { spyOnMemory } from '../../support/spies/spy-on'

type Two = (sessions: SessionService, ctx: Context, later: () => Promise<void>) => unknown

const ROUNDS = 25
/** What is sent at once: most of them have another verb beside their update(). */
const BURST = ['/two', '/one', '/two', '/two', '/one']

const OWNED: SessionOptions = { owner: () => 'ann' }

const WAYS: { name: string; two: Two; options?: SessionOptions }[] = [
  {
    name: 'save() at once',
    two: async (sessions, ctx) => {
      const first = sessions.update(increment, ctx)
      ctx.session.other = Math.random()
      await Promise.all([first, sessions.save(ctx)])
    },
  },
  {
    name: 'save() a little later',
    two: async (sessions, ctx, later) => {
      const first = sessions.update(increment, ctx)
      await later()
      ctx.session.other = Math.random()
      await Promise.all([first, sessions.save(ctx)])
    },
  },
  {
    name: 'take() a little later',
    two: async (sessions, ctx, later) => {
      const first = sessions.update(increment, ctx)
      await later()
      await Promise.all([first, sessions.take('other', ctx)])
    },
  },
  {
    name: 'touch() a little later',
    two: async (sessions, ctx, later) => {
      const first = sessions.update(increment, ctx)
      await later()
      await Promise.all([first, sessions.touch(ctx)])
    },
  },
  {
    name: 'nobody who awaits it',
    two: (sessions, ctx) => {
      void sessions.update(increment, ctx)
      ctx.session.other = Math.random()
    },
  },
  {
    name: 'nobody who awaits it, with owner',
    options: OWNED,
    two: (sessions, ctx) => {
      void sessions.update(increment, ctx)
      ctx.session.other = Math.random()
    },
  },
]

function increment(data: Record<string, unknown>): void {
  data.n = Number(data.n ?? 0) + 1
}

describe('five requests at once over HTTP, on a store that takes its time', () => {
  it.each(WAYS)(
    'R83: five requests at once are all answered and counted, where update() has beside it: $name',
    async ({ two, options = {} }) => {
      const { store, before } = spyOnMemory()
      const someTurns = (): Promise<void> => turns(Math.floor(Math.random() * 6))
      before(someTurns)
      const site: Site = createSite(
        { ...options, store },
        {
          '/seed': (ctx) => (ctx.session.n = 0),
          '/one': (ctx) => site.sessions.update(increment, ctx),
          '/two': (ctx) => two(site.sessions, ctx, someTurns),
        },
      )
      const server = site.app.listen(0, '127.0.0.1')
      await once(server, 'listening')
      try {
        const { port } = server.address() as AddressInfo
        const jar = new CookieJar()
        const get = async (path: string): Promise<Response> => {
          const signal = AbortSignal.timeout(5000)
          const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { cookie: jar.header }, signal })
          jar.accept(response.headers.getSetCookie())
          return response
        }
        await get('/seed')
        for (let round = 0; round < ROUNDS; round++) {
          const answers = await Promise.all(BURST.map(get))
          expect(answers.map(({ status }) => status)).toEqual(BURST.map(() => 200))
        }
        const { session } = (await (await get('/')).json()) as { session: unknown }
        expect(session).toMatchObject({ n: ROUNDS * BURST.length })
      } finally {
        server.closeAllConnections()
        server.close()
      }
    },
  )
})
