import type { Context } from 'koa'
import type { SessionService } from '../service'
import { Visitor, type RunOptions, type VisitOptions } from './visitor'

/**
 * A visitor whose session holds `data`: written by a request to the service, with its own options, encoding, store and
 * index of owners. Without data they are a stranger, with nothing stored. From `koa-session-service/testing`.
 *
 * It needs `app.keys` as the app does, and no server. What its middleware does beside the sessions is not run.
 *
 * @example
 * const ada = await visit(sessions, { userId: 'ada' })
 * const response = ada.follow(await fetch('http://localhost:3000/cart', { headers: ada.headers }))
 * await browserContext.addCookies(ada.cookies('http://localhost:3000'))
 * assert.equal((await ada.session())?.userId, 'ada')
 *
 * @throws {SessionError} whatever a request that signs in would fail with; `ERR_SESSION_OPTIONS` for an address that is
 * none, and where the option `externalKey` needs `headers`
 */
export async function visit<Data extends object>(
  sessions: SessionService<Data>,
  data: Partial<NoInfer<Data>> = {},
  options: VisitOptions = {},
): Promise<Visitor<Data>> {
  const visitor = new Visitor(sessions, options)
  if (Object.keys(data).length > 0) await visitor.run((ctx) => fill(ctx, sessions, data))
  return visitor
}

/**
 * The context of a request whose session holds `data`, for code that takes a `ctx`: a controller in a unit test, without
 * HTTP. The session is stored as by {@link visit}, and read; `ctx.session` and the verbs of the service work on it as always. There
 * is no end of the request that would commit: call `sessions.save(ctx)`, or run the code with {@link Visitor.run}. From
 * `koa-session-service/testing`.
 *
 * @example
 * const greet = (ctx: Context) => `hello ${ctx.session.userId}`
 * assert.equal(greet(await fakeContext(sessions, { userId: 'ada' })), 'hello ada')
 *
 * @throws {SessionError} as {@link visit} does
 */
export async function fakeContext<Data extends object>(
  sessions: SessionService<Data>,
  data: Partial<NoInfer<Data>> = {},
  { method, ...options }: VisitOptions & Pick<RunOptions, 'method'> = {},
): Promise<Context> {
  const visitor = await visit(sessions, data, options)
  const ctx = visitor.request({ method })
  await new Promise<void>((open, fail) => {
    // The rest of the app is at work for ever: the request has no end.
    const handle = (): Promise<never> => (open(), new Promise(() => undefined))
    Promise.resolve(sessions.middleware()(ctx, handle)).catch(fail)
  })
  await sessions.load(ctx)
  return ctx
}

async function fill<Data extends object>(ctx: Context, sessions: SessionService<Data>, data: object): Promise<void> {
  const { autoCommit, property } = sessions.options
  await sessions.load(ctx)
  Object.assign(ctx, { [property]: data })
  if (autoCommit) return
  const session = await sessions.load(ctx)
  await session?.manuallyCommit()
}
