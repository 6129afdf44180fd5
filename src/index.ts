export { createSession as default, createSession, session, type SessionMiddleware } from './middleware'
export { SessionService, type SessionListener } from './service'
export type { RegenerateOptions } from './service/verb-arguments'
export type { ConfirmationMethod, OfOwner, RevokeAllOptions } from './service/owner-verbs'
export type { EndOptions } from './service/end-verbs'
export type { OnceOptions, OnceWork } from './service/work-verbs'
export type { SignedInSession } from './service/owner-sessions'
export type { PresentedCookie, SessionExplanation, ToldCookie } from './request/explain/explanation'
export type { CookieFate, EndedBy, SessionHint, WrittenBecause } from './session/explanation-words'
export type { DeviceInfo } from './session/sign-in-info'
export type { Timeout } from './options/values/lifetime-policy'
export type { Session, SessionCallback, SessionControls, SessionData } from './session/session'
export type { Class, Container, ResolvedOptions, StoreErrorPolicy } from './options/options'
export { SessionOptions, type SessionOptions as opts } from './options/session-options'
export type { CrossSite, CrossSiteRules, CrossSiteTreatment } from './options/values/cross-site'
export type { ClearedData } from './options/values/clear-site-data'
export type { SessionTrace, TracedOperation } from './base/tracing'
export type { CreateSessionOptions } from './options/create-options'
export type { MergeConflict } from './session/merge'
export {
  SESSION_EVENTS,
  type OwnedSession,
  type SessionEvents,
  type RejectedSession,
  type SessionIncident,
  type EndedReason,
  type UnboundReason,
} from './session/events'
export { SessionError, type SessionErrorCode, type SessionErrorOptions } from './base/errors'
export { hardened, type HardenedOptions } from './options/hardened'
export { Base64Codec } from './codecs/base64-codec'
export { sealed, type SealedOptions } from './codecs/sealed-codec'
export type { Bus, BusMessage } from './contracts/bus'
export type { Codec, TextCodec } from './contracts/codec'
export type { Serializer } from './session/serializer'
export { MemoryBus } from './buses/memory-bus'
export type { HeldSession } from './request/outside/held-session'
export type { OutsideRequest } from './request/outside/outside-request'
export { MemoryStore, type MemoryStoreOptions } from './stores/memory/memory-store'
export { RecordText, type RecordTextOptions } from './stores/record-text'
export { LayeredStore, type LayeredStoreOptions } from './stores/layered/layered-store'
export { fromExpressStore, type ExpressStore } from './stores/adapters/express-store'
export { fromKeyv, type KeyvLike } from './stores/adapters/keyv-store'
export {
  ContextStore,
  type ConditionalStore,
  type OwnedRecord,
  type OwnerIndexedStore,
  type OwnerMark,
  type ReadAt,
  type Store,
  type ConditionalContext,
  type StoreContext,
  type StoreSetContext,
  type TouchableStore,
  type Versioned,
  type WriteOutcome,
} from './contracts/store'
export type { EndsErrorPolicy, EndsOptions } from './ends/ends-options'
export type { EndPoint, EndsAnswer, EndSet, EndStore, KeyEnd, SetEndOptions } from './contracts/end-store'
export type { CookieOptions, PerRequest } from './options/values/cookie-options'
export type { Awaitable } from './base/awaitable'
export type { ExternalKey } from './transports/external-key-transport'
export type { Lifetime, RecordLifetime, SessionRecord } from './session/record'
