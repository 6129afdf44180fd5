import 'reflect-metadata'
import type Koa from 'koa'
import { type SessionOptions, session } from 'koa-session-service'
import { type RoutingControllersOptions, useKoaServer } from 'routing-controllers'
import { createApp } from './app'

/** What {@link createServer} takes beside what `useKoaServer` takes. */
interface ServerOptions extends RoutingControllersOptions {
  /** The class of the app; without it, the Koa of every test that names none. */
  KoaClass?: typeof Koa
  session?: SessionOptions
  /** Gives the app its sessions, where that is not `session(options, app)` alone. */
  install?: (app: Koa) => unknown
}

/** An app with its session in front of its controllers. */
export function createServer({ KoaClass, session: options, install, ...controllers }: ServerOptions): Koa {
  const app = createApp(KoaClass)
  if (install) install(app)
  else app.use(session(options ?? {}, app))
  return useKoaServer(app, controllers)
}
