import { randomUUID } from 'node:crypto'
import Koa from 'koa'
import { hardened, MemoryStore, SessionService } from 'koa-session-service'

// Two sessions in one app, each with its own cookie, store, property of `ctx`, and type: the shop keeps a cart for a month,
// and who administers it is signed out after ten minutes. One ends without the other.

interface Cart {
  items?: string[]
}
interface Admin {
  name?: string
}

// A class of its own tells them apart where a container injects them.
export class CartSessions extends SessionService<Cart> {}
export class AdminSessions extends SessionService<Admin> {}

const MINUTE = 60 * 1000

export function createApp(): Koa {
  const app = new Koa()
  app.proxy = true
  app.keys = process.env.SESSION_KEYS?.split(',') ?? [randomUUID()]
  const carts = new CartSessions(app, { key: 'cart', property: 'cart', maxAge: 30 * 24 * 60 * MINUTE, sameSite: 'lax' })
  const admins = new AdminSessions(
    app,
    hardened({
      property: 'admin',
      store: new MemoryStore(),
      idleTimeout: 10 * MINUTE,
      owner: ({ name }: Admin) => name,
    }),
  )
  app.use(carts.middleware())
  app.use(admins.middleware())
  app.use(async function routes(ctx) {
    if (ctx.path === '/add') await carts.update((cart) => (cart.items = [...(cart.items ?? []), 'tea']), ctx)
    if (ctx.path === '/admin/sign-in') await admins.update((admin) => (admin.name = 'ada'), ctx)
    if (ctx.path === '/admin/sign-out') await admins.destroy(ctx)
    ctx.body = { items: (await carts.load(ctx))?.items ?? [], admin: (await admins.load(ctx))?.name ?? 'nobody' }
  })
  return app
}

if (require.main === module) createApp().listen(3000, '127.0.0.1')
