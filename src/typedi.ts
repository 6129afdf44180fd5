import type Koa from 'koa'
import type { Context } from 'koa'
import { Container, Token } from 'typedi'
import type { Container as SessionContainer, SessionOptions } from './options/options'
import { SessionService } from './service'
import type { SessionData } from './session/session'

/**
 * The context of the request that is being served, for classes that are built per request. From
 * `koa-session-service/typedi`.
 *
 * @example
 * @Service({ transient: true })
 * class TenantStore extends ContextStore {
 *   constructor(@Inject(CurrentContext) ctx: Context, private readonly databases: Databases) { super(ctx) }
 *   get(key: string) { return this.databases.of(this.ctx.hostname).get(key) }
 *   set(key: string, record: SessionRecord) { this.databases.of(this.ctx.hostname).set(key, record) }
 *   destroy(key: string) { this.databases.of(this.ctx.hostname).delete(key) }
 * }
 */
export const CurrentContext = new Token<Context>('koa-session-service.context')

/**
 * Gives the app its sessions, and the container the service: installs the middleware, and registers `SessionService` so
 * that it can be injected anywhere. Call it before `useKoaServer`.
 *
 * A `store` or a `ContextStore` that is a class is built by the container, with its own dependencies. As the third argument it
 * takes the class that is built and registered, where it is not `SessionService` itself. From `koa-session-service/typedi`.
 *
 * @example
 * useSessions(app, { store: RedisSessions })
 * useContainer(Container)
 * useKoaServer(app, { controllers: [CartController] })
 */
export function useSessions<Data extends object = SessionData>(
  app: Koa,
  options?: SessionOptions<Data>,
): SessionService<Data>
export function useSessions<Data extends object, Service extends SessionService<Data>>(
  app: Koa,
  options: SessionOptions<NoInfer<Data>> | undefined,
  type: new (app: Koa, options: SessionOptions<Data>) => Service,
): Service
export function useSessions<Data extends object>(
  app: Koa,
  options: SessionOptions<Data> | undefined,
  type: new (app: Koa, options: SessionOptions<Data>) => SessionService<Data>,
): SessionService<Data>
export function useSessions(
  app: Koa,
  options: SessionOptions<object> = {},
  type: new (app: Koa, options: SessionOptions<object>) => SessionService<object> = SessionService,
): SessionService<object> {
  const container = Container as unknown as SessionContainer
  Container.set({ id: CurrentContext, factory: () => sessions.context, transient: true, global: true })
  const sessions = new type(app, { container, asyncLocalStorage: true, ...options })
  Container.set({ id: type, value: sessions, global: true })
  // Child containers clone what is not global: each would build the store, and its connections, again.
  const { store } = options
  if (typeof store === 'function' && !options.container) {
    Container.set({ id: store, type: store, value: container.get(store), global: true })
  }
  app.use(sessions.middleware())
  return sessions
}
