import fastifyCookie from '@fastify/cookie'
import secureSession from '@fastify/secure-session'
import fastifySession from '@fastify/session'
import expressSession from 'express-session'
import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify'
import { getIronSession } from 'iron-session'
import Koa, { type Context } from 'koa'
import genericSession from 'koa-generic-session'
import koaSession from 'koa-session'
import session, { MemoryStore, sealed, type SessionOptions, type Store } from 'koa-session-service'
import minimalSession from 'koa-session-minimal'
import { onBareController, onOurController, onTheirController } from './class-based'
import type { Handler } from './exchange'
import { floor } from './floor'
import { asynchronous, callbackMethods, plainStore } from './plain-store'
import type { Scenario } from './scenarios'
import { FILL, type Work } from './work'

const SECRET = 'a secret of at least thirty-two bytes'

/** What an implementation's overhead is over. */
export type Base = 'bare koa' | 'bare fastify' | 'bare http' | 'bare controller'

export interface Implementation {
  base: Base
  build: (scenario: Scenario, work: Work) => Handler | Promise<Handler>
}

const UNUSED: Work = () => 'alice'

/** Every implementation by its name, the bare frameworks included. */
export const IMPLEMENTATIONS: Record<string, Implementation> = {
  'bare koa': onKoa((app) => app.use((ctx) => void (ctx.body = UNUSED(ctx.url, () => undefined)))),
  'bare fastify': onFastify(() => undefined, UNUSED),
  'bare http': {
    base: 'bare http',
    build: () => (req, res) =>
      end(
        res,
        UNUSED(req.url, () => undefined),
      ),
  },

  'bare controller': { base: 'bare controller', build: (scenario) => onBareController(scenario, UNUSED) },
  'ours, with a controller': { base: 'bare controller', build: onOurController },
  'koa-session, with a controller': { base: 'bare controller', build: onTheirController },

  floor: onKoa((app, scenario, work) => app.use(floor(scenario, SECRET, work))),
  ours: onKoa((app, scenario, work) => {
    useOurs(app, scenario, work, scenario.promises ? asynchronous(plainStore()) : new MemoryStore())
  }),
  'ours, without ends': onKoa((app, scenario, work) => useOurs(app, scenario, work, new MemoryStore(), {})),
  'ours, plain store': onKoa((app, scenario, work) => useOurs(app, scenario, work, plainStore())),
  'koa-session': onKoa((app, { mode, rolling }, work) => {
    const store = mode === 'store' ? asynchronous(plainStore()) : undefined
    app.use(koaSession({ rolling, store } as any, app as any)).use(answerWith(work))
  }),
  'koa-session-minimal': onKoa((app, _scenario, work) => {
    app.use(minimalSession({ store: plainStore() })).use(answerWith(work))
  }),
  'koa-generic-session': onKoa((app, _scenario, work) => {
    app.use(genericSession({ store: asynchronous(plainStore()) })).use(answerWith(work))
  }),
  'express-session': { base: 'bare http', build: (_scenario, work) => onExpressSession(work) },
  'iron-session': { base: 'bare http', build: (_scenario, work) => onIronSession(work) },
  '@fastify/session': onFastify((app) => {
    app.register(fastifyCookie)
    const store = callbackMethods()
    const cookie = { secure: false }
    app.register(fastifySession, { secret: SECRET, store, cookie, rolling: false, saveUninitialized: false })
  }),
  '@fastify/secure-session': onFastify((app) => {
    app.register(secureSession, { key: Buffer.from(SECRET).subarray(0, 32), cookie: { path: '/' } })
  }),
}

function useOurs(app: Koa, scenario: Scenario, work: Work, store: Store, ends = endsFor(app, scenario)): void {
  const { mode, rolling, lazy } = scenario
  const codec = mode === 'sealed' ? sealed({ keys: [SECRET] }) : undefined
  const owner = scenario.ends && ((data: object): string => String((data as { user?: string }).user))
  const sessions = session({ rolling, lazy, codec, owner, store: mode === 'store' ? store : undefined, ...ends }, app)
  app.use(sessions)
  if (!lazy) return void app.use(answerWith(work))
  app.use(async function answerLazily(ctx) {
    if (ctx.url === FILL) await sessions.sessions.load(ctx)
    ctx.body = work(ctx.url, () => ctx.session)
  })
}

/** Two keys of a session, one of them each visitor's own. */
function byTwoKeys(data: object): string[] {
  const { user, count } = data as { user?: string; count?: number }
  return [`org:${user}`, `sid:${count}`]
}

/** Behind each visitor that is greeted, another one signs out. */
function endsFor(app: Koa, { ends }: Scenario): SessionOptions {
  if (!ends) return {}
  const store = new MemoryStore()
  let logouts = 0
  app.use(async function signOutAnother(ctx, next) {
    await next()
    if (ctx.url === FILL) store.setEnd(`.logout ${logouts++}`, { life: 86_400_000 })
  })
  return {
    ends: {
      store,
      by: ends.by && byTwoKeys,
      maxStale: ends.memory === 'warm' ? 1000 : 0,
    },
  }
}

function answerWith(work: Work): (ctx: Context) => void {
  return function answer(ctx) {
    ctx.body = work(ctx.url, () => ctx.session)
  }
}

function onKoa(install: (app: Koa, scenario: Scenario, work: Work) => unknown): Implementation {
  return {
    base: 'bare koa',
    build(scenario, work) {
      const app = new Koa()
      app.keys = [SECRET]
      install(app, scenario, work)
      return app.callback()
    },
  }
}

function onFastify(install: (app: FastifyInstance) => void, fixed?: Work): Implementation {
  return {
    base: 'bare fastify',
    async build(_scenario, work) {
      const app = fastify()
      install(app)
      const answer = fixed ?? work
      app.get('/*', async (request: FastifyRequest) => answer(request.url, () => request.session))
      await app.ready()
      return app.routing
    },
  }
}

/** As it is on Express, without the time that Express takes. */
function onExpressSession(work: Work): Handler {
  const store = Object.assign(new (expressSession.Store as any)(), callbackMethods())
  const middleware = expressSession({ secret: SECRET, store, resave: false, saveUninitialized: false })
  return (req, res) =>
    middleware(req as any, res as any, () =>
      end(
        res,
        work(req.url, () => (req as any).session),
      ),
    )
}

function onIronSession(work: Work): Handler {
  return async (req, res) => {
    const session: any = await getIronSession(req, res, { password: SECRET, cookieName: 'koa.sess' })
    const before: unknown = session.count
    const text = work(req.url, () => session)
    if (session.count !== before) await session.save()
    end(res, text)
  }
}

function end(res: Parameters<Handler>[1], text: string): void {
  res.setHeader('Content-Type', 'text/plain; charset=utf-8')
  res.setHeader('Content-Length', Buffer.byteLength(text))
  res.end(text)
}
