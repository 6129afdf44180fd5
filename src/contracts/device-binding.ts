import type { Context } from 'koa'
import type { Device } from '../session/device'
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
  /** What carries a token in a cookie of another name. */
  readonly transportOf: (name: string) => Transport
  readonly emit: EmitSessionEvent
}

/** What a binding knows of a session. */
export interface BindableSession {
  readonly id: string | undefined
  readonly owner: string | undefined
  readonly device: Device | undefined
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
  /** Whether a token that is good for a session may open it, as far as its device is concerned. */
  accepts(ctx: Context, session: BindableSession, token: string): boolean
  /** The device that this request binds the session to; undefined where it does not. Asked with each write. */
  rebind(ctx: Context, device: Device | undefined): Device | undefined
  /** The session was written, and the client is told next. */
  written(ctx: Context, session: BindableSession): void
  isBound(ctx: Context): boolean
  /** Whether the request is the protocol's, and none of the application's. */
  handles(ctx: Context): boolean
  serve(ctx: Context, request: BindingRequest): Promise<void>
}
