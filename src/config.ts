import type { Context } from 'koa'
import { v4 as uuid } from 'uuid'
import { CookieBackend } from './backends/cookie-backend'
import { StoreBackend } from './backends/store-backend'
import { CustomCodec, JsonCodec } from './codecs/json-codec'
import { isPromise, type Awaitable } from './contracts/awaitable'
import type { Backend } from './contracts/backend'
import type { Store } from './contracts/store'
import type { Transport } from './contracts/transport'
import { SessionError } from './errors'
import type { EmitSessionEvent } from './events'
import { isSessionId } from './id'
import { ttlOf, type Class, type ResolvedOptions } from './options'
import { CookieTransport } from './transports/cookie-transport'
import { ExternalKeyTransport } from './transports/external-key-transport'

/** What every request's life cycle shares: the options, and the plugs that they choose. */
export interface SessionConfig {
  readonly options: ResolvedOptions
  readonly transport: Transport
  readonly backendOf: (ctx: Context) => Backend
  /** Whether the record rests in a store, which only a promise can answer. */
  readonly hasStore: boolean
  readonly newId: (ctx: Context) => Awaitable<string>
  readonly emit: EmitSessionEvent
}

/**
 * Builds the plugs once.
 *
 * @param within runs a function as a part of a request, so that what a container builds in it can ask for the context
 */
export function configure(
  options: ResolvedOptions,
  emit: EmitSessionEvent,
  within: <T>(ctx: Context, work: () => T) => T,
): SessionConfig {
  const cookie = new CookieTransport(options.key)
  return Object.freeze({
    options,
    transport: options.externalKey ? new ExternalKeyTransport(options.externalKey, cookie) : cookie,
    backendOf: chooseBackend(options, within),
    hasStore: Boolean(options.store ?? options.ContextStore),
    newId: chooseId(options),
    emit,
  })
}

function chooseBackend(
  options: ResolvedOptions,
  within: <T>(ctx: Context, work: () => T) => T,
): (ctx: Context) => Backend {
  const { store, ContextStore, container, encode, decode } = options
  const maxAge = options.maxAge === 'session' ? ttlOf('session', options.ttl) : options.maxAge
  if (ContextStore) {
    const build = (ctx: Context): Store =>
      container && isRegistered(container, ContextStore) ? container.get(ContextStore) : new ContextStore(ctx)
    return (ctx) =>
      new StoreBackend(
        within(ctx, () => build(ctx)),
        maxAge,
      )
  }
  if (store) {
    const instance = typeof store === 'function' ? (container as NonNullable<typeof container>).get(store) : store
    const backend = new StoreBackend(instance, maxAge)
    return () => backend
  }
  const json = new JsonCodec()
  const codec = encode || decode ? new CustomCodec(encode ?? json.encode, decode ?? json.decode) : json
  const backend = new CookieBackend(codec)
  return () => backend
}

function isRegistered(container: NonNullable<ResolvedOptions['container']>, type: Class<Store>): boolean {
  return container.has?.(type) ?? true
}

function chooseId({ genid, prefix = '' }: ResolvedOptions): (ctx: Context) => Awaitable<string> {
  if (!genid) return () => prefix + uuid()
  return (ctx) => {
    try {
      const id = genid(ctx)
      return isPromise(id) ? Promise.resolve(id).then(checkId, failId) : checkId(id)
    } catch (cause) {
      return failId(cause)
    }
  }
}

function checkId(id: unknown): string {
  if (isSessionId(id)) return id
  throw new SessionError(
    'ERR_SESSION_BAD_ID',
    `The option "genid" returned ${typeof id === 'string' ? `a text of ${id.length} characters` : `a value of type ${typeof id}`}. ` +
      'A session id is a string of 1 to 512 visible ASCII characters, and no path.',
  )
}

function failId(cause: unknown): never {
  if (cause instanceof SessionError) throw cause
  throw new SessionError('ERR_SESSION_BAD_ID', 'The option "genid" failed; its error is the cause of this one.', {
    cause,
  })
}
