import type { Context } from 'koa'
import { refuseNoStore } from '../backends/callback-store'
import { chooseId } from './ids'
import { CookieBackend } from '../backends/cookie-backend'
import { storedOwner } from '../backends/owner-name'
import { StoreBackend, type StoreBackendOptions } from '../backends/store-backend'
import { StoreGuard } from '../backends/store-guard'
import { Base64Codec } from '../codecs/base64-codec'
import { CustomCodec } from '../codecs/custom-codec'
import { clearSiteDataHeader } from '../options/values/clear-site-data'
import { areFixed, cookieAttributes } from '../options/values/cookie-options'
import { crossSitePolicy, type CrossSitePolicy } from '../options/values/cross-site'
import type { Awaitable } from '../base/awaitable'
import type { Publish } from '../buses/publish'
import type { Backend } from '../contracts/backend'
import type { Bus } from '../contracts/bus'
import type { AttachedBinding } from '../contracts/device-binding'
import type { CookieAttributes } from '../contracts/cookie-attributes'
import type { Store } from '../contracts/store'
import type { Transport } from '../contracts/transport'
import type { Ends } from '../ends/ends'
import { CopyReports, type Rotation } from '../rotation/rotation'
import type { EmitSessionEvent } from '../session/events'
import type { LifetimePolicy } from '../session/record'
import { TokenChanges } from '../session/token-changes'
import { policyFrom } from '../options/values/lifetime-policy'
import { ownerFrom } from '../options/values/owner-of'
import { chooseBus } from './choose-bus'
import { endsFrom } from '../options/ends'
import { rotationFrom } from '../options/rotation'
import { ttlOf, usesStore, type Class, type ResolvedOptions } from '../options/options'
import { ChunkedTransport } from '../transports/chunked-transport'
import { CookieTransport, type CookieSurroundings } from '../transports/cookie-transport'
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
  /** The names of the cookies that the session is in. */
  readonly cookies: readonly string[]
  /** The app whose keys sign them; undefined for the request's own. */
  readonly app: CookieSurroundings['app']
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
  /** What bounds the life of a session with these data. */
  readonly policyOf: (data: object) => LifetimePolicy
  /** Whose a session with these data is, or with those of this record. */
  readonly ownerOf: (data: object) => string | undefined
  /** What the store, and messages of it, call an owner. */
  readonly nameOf: (owner: string) => string
  /** How requests from other sites are treated; undefined where they are like any other. */
  readonly crossSite: CrossSitePolicy | undefined
  /** What a browser clears when its session ends: the header's value. */
  readonly clearSiteData: string | undefined
  /** What has ended sessions in their cookies; undefined without the option. */
  readonly ends: Ends | undefined
  /** What lets tokens change while their visitors work; undefined without the option. */
  readonly rotation: Rotation | undefined
  /** Of which sessions copies were reported: a record may have successors where the option is not set. */
  readonly copyReports: CopyReports
  readonly emit: EmitSessionEvent
  /** Tells others what happened to a session, or to those of an owner, once the store has it. */
  readonly publish: Publish
  /** Which sessions this service has rotated or ended: an answer that is late must not hand over their earlier tokens. */
  readonly tokenChanges: TokenChanges
  /** Where others publish it; undefined without a store. */
  readonly bus: Bus | undefined
  readonly warnsOfLostChanges: boolean
}

/** Runs a function as a part of a request, so that what a container builds in it can ask for the context. */
export type Within = <T>(ctx: Context, work: () => T) => T

/** Builds the plugs once. */
export function configure(
  options: ResolvedOptions,
  emit: EmitSessionEvent,
  within: Within,
  surroundings: CookieSurroundings,
): SessionConfig {
  const hasStore = usesStore(options)
  const store = storeOf(options)
  const { bus, publish: publishToOthers } = chooseBus(
    store ?? options.ContextStore ?? options.ends?.store,
    options.bus,
    emit,
  )
  const tokenChanges = new TokenChanges()
  const publish: Publish = (ctx, kind, subject, generation) => {
    if (kind === 'rotated' || kind === 'ended') tokenChanges.note(subject)
    publishToOthers(ctx, kind, subject, generation)
  }
  const transport = chooseTransport(options, surroundings)
  const { key } = options
  const nameOf = (owner: string): string => storedOwner(key, owner)
  const transportOf = (name: string): Transport => chooseTransport({ ...options, key: name }, surroundings)
  const binding = options.binding?.attach({ key, hasStore, options, transport, transportOf, emit })
  return Object.freeze({
    options,
    transport: binding?.transport ?? transport,
    binding,
    attributes: areFixed(options) ? cookieAttributes(options, NO_CONTEXT) : undefined,
    cookies: cookieNames(options),
    app: surroundings.app,
    backendOf: chooseBackend(options, store, within, {
      nameOf,
      ended: (id, ctx) => publish(ctx, 'ended', id),
    }),
    hasStore,
    isLazyStore: hasStore && options.lazy,
    newId: chooseId(options),
    usesSecrets: hasStore && (options.owner !== undefined || options.hashTokens === true),
    keyedLock: new KeyedLock(),
    policyOf: policyFrom(options),
    ownerOf: ownerFrom(options.owner),
    nameOf,
    crossSite: crossSitePolicy(options.crossSite),
    clearSiteData: clearSiteDataHeader(options.clearSiteData),
    ends: endsFrom(options, bus, emit),
    rotation: rotationFrom(options),
    copyReports: new CopyReports(),
    emit,
    publish,
    tokenChanges,
    bus,
    warnsOfLostChanges: !isProduction(),
  })
}

function chooseTransport(options: ResolvedOptions, surroundings: CookieSurroundings): Transport {
  const { externalKey } = options
  const [cookie, ...others] = cookieNames(options).map((name) => new CookieTransport(name, surroundings))
  if (externalKey) return new ExternalKeyTransport(externalKey, cookie)
  return others.length > 0 ? new ChunkedTransport([cookie, ...others]) : cookie
}

function cookieNames({ key, chunks = 1 }: ResolvedOptions): string[] {
  return Array.from({ length: chunks }, (_, index) => (index === 0 ? key : `${key}.${index}`))
}

/** The one store of all requests, where there is one. */
function storeOf({ store, container }: ResolvedOptions): Store | undefined {
  if (typeof store !== 'function') return store
  const built = (container as NonNullable<typeof container>).get(store)
  refuseNoStore(built)
  return built
}

function chooseBackend(
  options: ResolvedOptions,
  store: Store | undefined,
  within: Within,
  more: Pick<StoreBackendOptions, 'nameOf' | 'ended'>,
): (ctx: Context) => Backend {
  const { key, ContextStore, container, encode, decode } = options
  const storeOptions = {
    maxAge: options.maxAge === 'session' ? ttlOf('session', options.ttl) : options.maxAge,
    guard: new StoreGuard(options.storeTimeout),
    ...more,
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
    const backend = new StoreBackend(store, storeOptions)
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
