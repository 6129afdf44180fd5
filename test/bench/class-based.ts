import 'reflect-metadata'
import Koa from 'koa'
import koaSession from 'koa-session'
import { MemoryStore } from 'koa-session-service'
import { Session } from 'koa-session-service/routing-controllers'
import { useSessions } from 'koa-session-service/typedi'
import { Controller, Get, Session as TheirSession, useContainer, useKoaServer } from 'routing-controllers'
import { Container, Service } from 'typedi'
import type { Handler } from './exchange'
import { asynchronous, plainStore } from './plain-store'
import type { Scenario } from './scenarios'
import { FILL, type Work } from './work'

type Build = (scenario: Scenario, work: Work) => Handler

/** A controller of routing-controllers that asks for no session. */
export const onBareController: Build = (_scenario, work) => {
  @Service()
  @Controller()
  class Shop {
    @Get('/')
    index(): string {
      return work('/', () => undefined)
    }
  }
  return serve(new Koa(), Shop)
}

/** Sessions by `useSessions()`, and a controller that takes them by our `@Session()`. */
export const onOurController: Build = (_scenario, work) => {
  const app = withKeys()
  useSessions(app, { store: new MemoryStore() })
  return serve(app, controllerOf(work, Session))
}

/** koa-session, and a controller that takes its sessions by the `@Session()` of routing-controllers. */
export const onTheirController: Build = (_scenario, work) => {
  const app = withKeys()
  app.use(koaSession({ store: asynchronous(plainStore()) } as any, app as any))
  return serve(app, controllerOf(work, TheirSession))
}

function controllerOf(work: Work, Parameter: () => any): new () => object {
  @Service()
  @Controller()
  class Shop {
    @Get('/')
    index(@Parameter() session: any): string {
      return work('/', () => session)
    }

    @Get(FILL)
    fill(@Parameter() session: any): string {
      return work(FILL, () => session)
    }
  }
  return Shop
}

function withKeys(): Koa {
  return Object.assign(new Koa(), { keys: ['a secret of at least thirty-two bytes'] })
}

function serve(app: Koa, controller: new () => object): Handler {
  useContainer(Container)
  useKoaServer(app, { controllers: [controller], defaultErrorHandler: false })
  return app.callback()
}
