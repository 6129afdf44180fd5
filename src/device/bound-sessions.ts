import type { Context } from 'koa'
import { debug } from '../base/debug'
import type { AttachedBinding, BindableSession, BindingHost, BindingRequest } from '../contracts/device-binding'
import { keepCookies } from '../cookies/keep-cookies'
import { rulesOfName } from '../cookies/name-prefixes'
import { LATE_MS } from '../session/access'
import type { BoundKey } from '../session/bound-key'
import type { UnboundReason } from '../session/events'
import { fingerprint, parseToken } from '../session/token'
import { refuse } from '../options/checks/rules'
import type { BoundTransport } from './bound-transport'
import type { DeviceBoundSettings } from './settings'
import { checkBeside, checkBinding } from './binding-checks'
import { DeviceKeys } from './device-keys'
import { Endpoints } from './endpoints'
import { Exchanges, type Exchange } from './exchange'
import { ExchangeTransport } from './exchange-transport'
import { RecordTransport } from './record-transport'
import { offer } from './registration-offer'
import { nameOfSecond } from './second-name'
import { TokenTransport } from './token-transport'

/** The binding of one session: what the life cycle asks of it, and the protocol's endpoints. */
export class BoundSessions implements AttachedBinding {
  readonly transport: ExchangeTransport
  readonly cookie: string
  readonly path: string
  readonly checkBeside = checkBeside
  readonly #host: BindingHost
  readonly #settings: DeviceBoundSettings
  readonly #keys: DeviceKeys
  readonly #exchanges: Exchanges
  readonly #bound: BoundTransport
  readonly #endpoints: Endpoints

  constructor(host: BindingHost, settings: DeviceBoundSettings) {
    checkBinding(host)
    const initiators = initiatorsOf(host, settings)
    const report = this.#report.bind(this)
    const { path, lifetime } = settings
    this.#host = host
    this.#settings = settings
    this.#keys = new DeviceKeys(host.key, settings.keys)
    this.#exchanges = new Exchanges(host.key)
    this.cookie = nameOfSecond(host)
    this.path = path
    const Transport = host.hasStore ? TokenTransport : RecordTransport
    this.#bound = new Transport({
      session: host.transport,
      second: host.transportOf(this.cookie),
      isOneHost: rulesOfName(this.cookie).needsOneHost,
      keys: this.#keys,
      lifetime,
      path,
      hasInitiators: initiators.length > 0,
    })
    this.transport = new ExchangeTransport({
      transport: this.#bound,
      exchanges: this.#exchanges,
      keys: this.#keys,
      onExpired: (ctx, token) => report(ctx, host.hasStore ? parseToken(token)?.id : undefined, 'expired'),
    })
    this.#endpoints = new Endpoints({
      // What the browser is to watch, and to renew when it is gone.
      credential: host.hasStore ? host.key : this.cookie,
      initiators,
      keys: this.#keys,
      settings,
      exchanges: this.#exchanges,
      transport: this.#bound,
      renew: this.transport.renew,
      report,
    })
  }

  accepts(ctx: Context, session: BindableSession, token: string): boolean {
    const exchange = this.#exchanges.of(ctx)
    const { device } = session
    const deadline = device && this.#deadlineOf(exchange, device, token)
    if (device && deadline === undefined) {
      if (exchange.claim === undefined) this.#refuse(ctx, session, exchange)
      return false
    }
    this.#exchanges.note(ctx, { session, deadline, holdsSecond: device !== undefined })
    return true
  }

  rebind(ctx: Context, device: BoundKey | undefined): BoundKey | undefined {
    return this.#exchanges.of(ctx).rebind?.(device)
  }

  written(ctx: Context, session: BindableSession): void {
    const { session: before } = this.#exchanges.of(ctx)
    this.#exchanges.note(ctx, { session })
    const { id, owner, device } = session
    // The two cookies go together, on an error response too.
    if (device ?? before?.device) keepCookies(ctx, this.cookie)
    if (device) return
    if (before?.device) this.#report(ctx, before.id, 'owner')
    const isSame = before !== undefined && before.id === id && before.owner === owner && !before.device
    if (owner !== undefined && !isSame && ctx.secure) offer(ctx, this.#keys, this.#settings, session)
  }

  isBound(ctx: Context): boolean {
    return this.#exchanges.of(ctx).session?.device !== undefined
  }

  deadlineOf(ctx: Context, device: BoundKey | undefined): number | undefined {
    if (!device) return undefined
    const { session, deadline } = this.#exchanges.of(ctx)
    // What was opened before the key was registered is no better than the cookies of that time.
    return session?.device && deadline !== undefined ? deadline : device.since + this.#settings.lifetime
  }

  handles({ method, path }: Context): boolean {
    return method === 'POST' && path.startsWith(this.path) && this.#endpoints.has(path)
  }

  serve(ctx: Context, request: BindingRequest): Promise<void> {
    return this.#endpoints.serve(ctx, request)
  }

  /** Until when a token opens a session that is bound to this device; undefined where it does not. */
  #deadlineOf({ claim, presented }: Exchange, device: BoundKey, token: string): number | undefined {
    if (claim !== undefined) return claim === device.id ? 0 : undefined
    const deadline = presented && this.#bound.deadlineOf(presented, token, device.id)
    if (deadline !== undefined || !this.#host.hasStore) return deadline
    // Requests that were under way when the key was registered brought the token that was good till then.
    return Date.now() - device.since < LATE_MS ? device.since + this.#settings.lifetime : undefined
  }

  #refuse(ctx: Context, { id }: BindableSession, { presented }: Exchange): void {
    this.#report(ctx, id, 'unproven')
    if (presented?.isAlone) this.#bound.clearShort(ctx, presented.attributes)
  }

  #report(ctx: Context, id: string | undefined, reason: UnboundReason): void {
    const session = fingerprint(id)
    debug('unbound: %s, %s', session, reason)
    this.#host.emit('unbound', { session, ctx, reason })
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
