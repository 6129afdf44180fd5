import type { Context } from 'koa'
import type { BoundKey } from '../session/bound-key'
import type { EmitSessionEvent } from '../session/events'
import type { Transport } from './transport'

/** The option `binding`: what binds sessions to the device that they were begun on. Its form may change in any version. */
export interface DeviceBinding {
  /** Called once, by each session that it is an option of. */
  attach(host: BindingHost): AttachedBinding
}

/** The session that a binding is attached to. */
export interface BindingHost {
  /** The name of the session's cookie. */
  readonly key: string
  readonly hasStore: boolean
  readonly transport: Transport
  /** What of the session's options it has to fit; each of the cookie's may be a function of the context. */
  readonly options: BindingHostOptions
  /** What carries a token in a cookie of another name. */
  readonly transportOf: (name: string) => Transport
  readonly emit: EmitSessionEvent
}

/** Options of a session, as far as a binding asks for them. */
interface BindingHostOptions {
  readonly owner?: unknown
  readonly externalKey?: unknown
  readonly codec?: { readonly isSelfAuthenticating?: boolean }
  readonly path?: unknown
  readonly domain?: unknown
  readonly secure?: unknown
  readonly signed?: unknown
  readonly partitioned?: unknown
}

/** What a session and its binding are called within their app. */
export interface BoundNames {
  readonly options: { readonly key: string; readonly chunks?: number }
  readonly binding: Pick<AttachedBinding, 'cookie' | 'path'> | undefined
}

/** What a binding knows of a session. */
export interface BindableSession {
  readonly id: string | undefined
  readonly owner: string | undefined
  readonly device: BoundKey | undefined
}

/** What a binding asks of a request's session. */
export interface BindingRequest {
  load(): unknown
  commit(verb: 'save'): Promise<void>
  /** Null where it was ended. */
  readonly session: object | null
}

/** A binding at work. The life cycle calls it, and nothing of it where the option is not set. */
export interface AttachedBinding {
  /** Takes the place of the host's. */
  readonly transport: Transport
  /** The name of the cookie that it sets beside the session's own. */
  readonly cookie: string
  /** Where it answers: no other binding of the app can. */
  readonly path: string
  /** Throws where two sessions of one app, of which at least one is bound, are in each other's way. */
  checkBeside(session: BoundNames, other: BoundNames): void
  /** Whether a token that is good for a session may open it, as far as its device is concerned. */
  accepts(ctx: Context, session: BindableSession, token: string): boolean
  /** The device that this request binds the session to; undefined where it does not. Asked with each write. */
  rebind(ctx: Context, device: BoundKey | undefined): BoundKey | undefined
  /** The session was written, and the client is told next. */
  written(ctx: Context, session: BindableSession): void
  isBound(ctx: Context): boolean
  /**
   * Until when what this request presented opens the session, whose record says this of its device now: milliseconds since
   * 1970. Undefined where the session is bound to none.
   */
  deadlineOf(ctx: Context, device: BoundKey | undefined): number | undefined
  /** Whether the request is the protocol's, and none of the application's. */
  handles(ctx: Context): boolean
  serve(ctx: Context, request: BindingRequest): Promise<void>
}
