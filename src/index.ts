import { session } from './middleware'

export { session as default, session, type SessionMiddleware } from './middleware'
export { SessionService, type SessionListener } from './service'
export type { Session, SessionCallback, SessionControls, SessionData } from './session/session'
export type { Class, Container, ResolvedOptions, SessionOptions, StoreErrorPolicy } from './options/options'
export type { MergeConflict } from './session/merge'
export type { SessionEvents, RejectedSession, SessionIncident, UnboundReason } from './session/events'
export { SessionError, type SessionErrorCode, type SessionErrorOptions } from './base/errors'
export { hardened, type HardenedOptions } from './options/hardened'
export { Base64Codec } from './codecs/base64-codec'
export { sealed, type SealedOptions } from './codecs/sealed-codec'
export type { Codec } from './contracts/codec'
export type { Serializer } from './session/serializer'
export { MemoryStore, type MemoryStoreOptions } from './stores/memory-store'
export { LayeredStore, type LayeredStoreOptions } from './stores/layered-store'
export { fromExpressStore, type ExpressStore } from './stores/express-store'
export { fromKeyv, type KeyvLike } from './stores/keyv-store'
export {
  ContextStore,
  type ConditionalStore,
  type OwnedRecord,
  type OwnerIndexedStore,
  type ReadAt,
  type Store,
  type StoreContext,
  type StoreSetContext,
  type TouchableStore,
  type Versioned,
  type WriteOutcome,
} from './contracts/store'
export type { CookieOptions, PerRequest } from './options/cookie-options'
export type { Awaitable } from './base/awaitable'
export type { ExternalKey } from './transports/external-key-transport'
export type { Lifetime, RecordLifetime, SessionRecord } from './session/record'

// `require('koa-session-service')` is the function itself, with everything else on it.
module.exports = Object.assign(session, exports) as unknown
