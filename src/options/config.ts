import type { Context } from 'koa'
import { v4 as uuid } from 'uuid'
import { CookieBackend } from '../backends/cookie-backend'
import { StoreBackend } from '../backends/store-backend'
import { StoreGuard } from '../backends/store-guard'
import { Base64Codec } from '../codecs/base64-codec'
import { CustomCodec } from '../codecs/custom-codec'
import { areFixed, cookieAttributes } from './cookie-options'
import { isPromise, type Awaitable } from '../base/awaitable'
import type { Backend } from '../contracts/backend'
import type { AttachedBinding } from '../contracts/device-binding'
import type { CookieAttributes } from '../contracts/cookie-attributes'
import type { Store } from '../contracts/store'
import type { Transport } from '../contracts/transport'
import { SessionError } from '../base/errors'
import type { EmitSessionEvent } from '../session/events'
import { isSessionId } from '../session/id'
import { endsInSecret } from '../session/token'
import { ttlOf, type Class, type ResolvedOptions } from './options'
import { ChunkedTransport } from '../transports/chunked-transport'
import { CookieTransport } from '../transports/cookie-transport'
import { ExternalKeyTransport } from '../transports/external-key-transport'
import { KeyedLock } from '../base/keyed-lock'
import { isProduction } from '../base/warning'

/** Fixed attributes ask for no context. */
const NO_CONTEXT = Object.freeze({}) as Context

/** What every request's life cycle shares: the options, and the plugs that they choose. */
export interface SessionConfig {
  readonly options: ResolvedOptions
  readonly transport: Transport
  /** What binds sessions to their devices; undefined without the option. */
  readonly binding: AttachedBinding | undefined
  /** The cookie's attributes, where they are the same for every request. */
  readonly attributes: CookieAttributes | undefined
  readonly backendOf: (ctx: Context) => Backend
  /** Whether the record rests in a store. */
  readonly hasStore: boolean
  /** Whether a session stays in its store until it is asked for. */
  readonly isLazyStore: boolean
  readonly newId: (ctx: Context) => Awaitable<string>
  /** Whether new sessions have tokens with secrets: then nothing that a store holds opens one. */
  readonly usesSecrets: boolean
  /** Held by requests that are in each other's way on one id. */
  readonly keyedLock: KeyedLock
  readonly emit: EmitSessionEvent
  readonly warnsOfLateChanges: boolean
}

/** Runs a function as a part of a request, so that what a container builds in it can ask for the context. */
export type Within = <T>(ctx: Context, work: () => T) => T

/** Builds the plugs once. */
export function configure(options: ResolvedOptions, emit: EmitSessionEvent, within: Within): SessionConfig {
  const hasStore = Boolean(options.store ?? options.ContextStore)
  const transport = chooseTransport(options)
  const { key } = options
  const transportOf = (name: string): Transport => chooseTransport({ ...options, key: name })
  const binding = options.binding?.attach({ key, hasStore, transport, transportOf, emit })
  return Object.freeze({
    options,
    transport: binding?.transport ?? transport,
    binding,
    attributes: areFixed(options) ? cookieAttributes(options, NO_CONTEXT) : undefined,
    backendOf: chooseBackend(options, within),
    hasStore,
    isLazyStore: hasStore && options.lazy,
    newId: chooseId(options),
    usesSecrets: hasStore && (options.owner !== undefined || options.hashIds === true),
    keyedLock: new KeyedLock(),
    emit,
    warnsOfLateChanges: !isProduction(),
  })
}

function chooseTransport({ key, externalKey, chunks = 1 }: ResolvedOptions): Transport {
  const cookie = new CookieTransport(key)
  if (externalKey) return new ExternalKeyTransport(externalKey, cookie)
  if (chunks === 1) return cookie
  const others = Array.from({ length: chunks - 1 }, (_, index) => new CookieTransport(`${key}.${index + 1}`))
  return new ChunkedTransport([cookie, ...others])
}

function chooseBackend(options: ResolvedOptions, within: Within): (ctx: Context) => Backend {
  const { key, store, ContextStore, container, encode, decode } = options
  const storeOptions = {
    maxAge: options.maxAge === 'session' ? ttlOf('session', options.ttl) : options.maxAge,
    guard: new StoreGuard(options.storeTimeout),
  }
  if (ContextStore) {
    const build = (ctx: Context): Store =>
      container && isRegistered(container, ContextStore) ? container.get(ContextStore) : new ContextStore(ctx)
    return (ctx) =>
      new StoreBackend(
        within(ctx, () => build(ctx)),
        storeOptions,
      )
  }
  if (store) {
    const instance = typeof store === 'function' ? (container as NonNullable<typeof container>).get(store) : store
    const backend = new StoreBackend(instance, storeOptions)
    return () => backend
  }
  const base64 = new Base64Codec()
  const custom = new CustomCodec(
    encode ?? ((record) => base64.encode(record)),
    decode ?? ((text) => base64.decode(text)),
  )
  const backend = new CookieBackend(options.codec ?? (encode || decode ? custom : base64), key)
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
      // A promise: to ask for a session fails for nobody who does not come to need the id.
      return Promise.reject(cause as Error).catch(failId)
    }
  }
}

function checkId(id: unknown): string {
  if (isSessionId(id) && !endsInSecret(id)) return id
  throw new SessionError(
    'ERR_SESSION_BAD_ID',
    `The option "genid" returned ${typeof id === 'string' ? `a text of ${id.length} characters` : `a value of type ${typeof id}`}. ` +
      'A session id is a string of 1 to 512 visible ASCII characters, no path, and does not end in "~" and 32 letters or digits: that is a secret.',
  )
}

function failId(cause: unknown): never {
  if (cause instanceof SessionError) throw cause
  throw new SessionError('ERR_SESSION_BAD_ID', 'The option "genid" failed; its error is the cause of this one.', {
    cause,
  })
}
