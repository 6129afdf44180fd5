import type { Context } from 'koa'
import { ContextSlot } from '../base/context-slot'
import { debug, fingerprint } from '../base/debug'
import type { AttachedBinding, BindableSession, BindingHost, BindingRequest } from '../contracts/device-binding'
import { keepCookies } from '../cookies/keep-cookies'
import { LATE_MS } from '../session/access'
import type { Device } from '../session/device'
import type { UnboundReason } from '../session/events'
import { parseToken } from '../session/token'
import { refuse } from '../options/rules'
import type { BoundTransport } from './bound-transport'
import type { DeviceBoundSettings } from './settings'
import { DeviceKeys } from './device-keys'
import { Endpoints } from './endpoints'
import { newExchange, type Exchange } from './exchange'
import { RecordTransport } from './record-transport'
import { offer } from './registration-offer'
import { TokenTransport } from './token-transport'

/** The binding of one session: what the life cycle asks of it, and the protocol's endpoints. */
export class BoundSessions implements AttachedBinding {
  readonly transport: BoundTransport
  readonly #host: BindingHost
  readonly #settings: DeviceBoundSettings
  readonly #keys: DeviceKeys
  readonly #exchanges: ContextSlot<Exchange>
  readonly #endpoints: Endpoints
  readonly #secondName: string

  constructor(host: BindingHost, settings: DeviceBoundSettings) {
    this.#host = host
    this.#settings = settings
    this.#keys = new DeviceKeys(host.key, settings.keys)
    this.#exchanges = new ContextSlot(`device ${host.key}`)
    const exchangeOf = this.#exchangeOf.bind(this)
    this.#secondName = nameOfSecond(host.key)
    const initiators = initiatorsOf(host, settings)
    const Transport = host.hasStore ? TokenTransport : RecordTransport
    this.transport = new Transport({
      session: host.transport,
      second: host.transportOf(this.#secondName),
      keys: this.#keys,
      lifetime: settings.lifetime,
      path: settings.path,
      hasInitiators: initiators.length > 0,
      exchangeOf,
      onExpired: (ctx, token) => this.#report(ctx, host.hasStore ? parseToken(token)?.id : undefined, 'expired'),
    })
    this.#endpoints = new Endpoints({
      // What the browser is to watch, and to renew when it is gone.
      credential: host.hasStore ? host.key : this.#secondName,
      initiators,
      transport: this.transport,
      keys: this.#keys,
      settings,
      exchangeOf,
      report: this.#report.bind(this),
    })
  }

  accepts(ctx: Context, session: BindableSession, token: string): boolean {
    const exchange = this.#exchangeOf(ctx)
    const { device } = session
    const deadline = device && this.#deadlineOf(exchange, device, token)
    if (device && deadline === undefined) {
      if (exchange.claimed === undefined) {
        this.#report(ctx, session.id, 'unproven')
        this.transport.clearShort(ctx, exchange.attributes)
      }
      return false
    }
    exchange.session = session
    exchange.deadline = deadline
    exchange.holdsSecond = device !== undefined
    return true
  }

  rebind(ctx: Context, device: Device | undefined): Device | undefined {
    return this.#exchanges.of(ctx)?.rebind?.(device)
  }

  written(ctx: Context, session: BindableSession): void {
    const exchange = this.#exchangeOf(ctx)
    const before = exchange.session
    exchange.session = session
    const { id, owner, device } = session
    // The two cookies go together, on an error response too.
    if (device ?? before?.device) keepCookies(ctx, this.#secondName)
    if (device) return
    if (before?.device) this.#report(ctx, before.id, 'hands')
    const isSame = before !== undefined && before.id === id && before.owner === owner && !before.device
    if (owner !== undefined && !isSame && ctx.secure) offer(ctx, this.#keys, this.#settings, session)
  }

  isBound(ctx: Context): boolean {
    return this.#exchanges.of(ctx)?.session?.device !== undefined
  }

  handles({ method, path }: Context): boolean {
    return method === 'POST' && path.startsWith(this.#settings.path) && this.#endpoints.has(path)
  }

  serve(ctx: Context, request: BindingRequest): Promise<void> {
    return this.#endpoints.serve(ctx, request)
  }

  /** Until when a token opens a session that is bound to this device; undefined where it does not. */
  #deadlineOf(exchange: Exchange, device: Device, token: string): number | undefined {
    const { claimed } = exchange
    if (claimed !== undefined) return claimed === device.id ? 0 : undefined
    const deadline = this.transport.deadlineOf(exchange, token, device.id)
    if (deadline !== undefined || !this.#host.hasStore) return deadline
    // Requests that were under way when the key was registered brought the token that was good till then.
    return Date.now() - device.since < LATE_MS ? device.since + this.#settings.lifetime : undefined
  }

  #report(ctx: Context, id: string | undefined, reason: UnboundReason): void {
    const session = fingerprint(id)
    debug('unbound: %s, %s', session, reason)
    this.#host.emit('unbound', { session, ctx, reason })
  }

  #exchangeOf(ctx: Context): Exchange {
    return this.#exchanges.of(ctx) ?? this.#exchanges.set(ctx, newExchange())
  }
}

/** A cookie that holds its session goes to no request across sites, and without it there is nothing to renew. */
function initiatorsOf(
  { hasStore }: BindingHost,
  { initiators = hasStore ? ['*'] : [] }: DeviceBoundSettings,
): readonly string[] {
  refuse(
    initiators.length > 0 && !hasStore,
    'The option "initiators" of deviceBound() is for a session in a store. Leave it out, or add a "store".',
  )
  return initiators
}

/** A name that begins with `__Host-` would ask for the path `/`; `__Secure-` asks for HTTPS alone. */
function nameOfSecond(key: string): string {
  return `${key.replace(/^__host-(http-)?|^__http-/i, '__Secure-')}.bound`
}
