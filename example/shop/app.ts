import 'reflect-metadata'
import Koa from 'koa'
import { useSessions } from 'koa-session-service/typedi'
import { useContainer, useKoaServer } from 'routing-controllers'
import { Container } from 'typedi'
import { AccountController } from './controllers/account-controller'
import { CartController } from './controllers/cart-controller'
import { SessionsController } from './controllers/sessions-controller'
import { ShelfController } from './controllers/shelf-controller'
import { errorPages } from './error-pages'
import { forms } from './forms'
import { Happenings } from './happenings'
import { pageHeaders } from './page-headers'
import { liveScript } from './pages/live-script'
import { sessionOptions, type ShopSession } from './sessions'
import { Settings } from './settings'

/** Builds the shop; it listens nowhere yet. */
export function createShop(settings: Settings): Koa {
  const app = new Koa()
  app.keys = settings.keys
  app.use(pageHeaders)
  app.use(errorPages)
  app.use(liveScript)
  app.use(forms)

  Container.set({ id: Settings, value: settings, global: true })
  useSessions<ShopSession>(app, sessionOptions(settings.sessions))
  // It listens from the beginning.
  Container.get(Happenings)
  useContainer(Container)
  return useKoaServer(app, {
    controllers: [ShelfController, CartController, AccountController, SessionsController],
    defaultErrorHandler: false,
  })
}
