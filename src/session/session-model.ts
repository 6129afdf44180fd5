import { inspect } from 'node:util'
import { SessionError } from '../base/errors'
import { warnOnce } from '../base/warning'
import { patched } from './patched'
import { isLifetime, MAX_LIFETIME, type Dictionary, type Lifetime, type SessionRecord } from './record'
import type { Serializer } from './serializer'
import type { SessionCallback } from './session'

/** What a session asks of the request that it belongs to. */
export interface SessionHost {
  maxAge: Lifetime
  readonly token: string | undefined
  commit(verb: 'save' | 'regenerate' | 'commit'): Promise<void>
}

/** The controls' names, in the order of koa-session's documentation. */
const CONTROLS: ReadonlySet<string> = new Set([
  'isNew',
  'maxAge',
  'externalKey',
  'length',
  'populated',
  'save',
  'regenerate',
  'manuallyCommit',
  'toJSON',
])

/** What a session keeps that is no data. */
interface Inner {
  readonly host: SessionHost
  readonly isNew: boolean
  /** Data that are named like a control. */
  aside: Dictionary | undefined
}

/**
 * The object behind `ctx.session`. No key of the visitor's data changes what it does: one that is named like a control
 * is kept aside, saved with the rest, and seen in `toJSON()`.
 */
export class SessionModel {
  readonly #inner: Inner

  constructor(host: SessionHost, { isNew }: { isNew: boolean }) {
    this.#inner = { host, isNew, aside: undefined }
  }

  get isNew(): boolean {
    return SessionModel.inner(this).isNew
  }

  get maxAge(): Lifetime {
    return SessionModel.inner(this).host.maxAge
  }

  set maxAge(value: Lifetime) {
    if (!isLifetime(value) || (value !== 'session' && value > MAX_LIFETIME)) {
      throw new SessionError(
        'ERR_SESSION_BAD_VALUE',
        `session.maxAge takes a positive number of milliseconds, 400 days at most, or 'session', not ${String(value)}. ` +
          'To end a session, set ctx.session = null.',
      )
    }
    SessionModel.inner(this).host.maxAge = value
  }

  get externalKey(): string | undefined {
    return SessionModel.inner(this).host.token
  }

  get length(): number {
    return Object.keys(SessionModel.data(this)).length
  }

  get populated(): boolean {
    return this.length > 0
  }

  save(callback?: SessionCallback): Promise<void> | void {
    return settle(SessionModel.inner(this).host.commit('save'), callback)
  }

  regenerate(callback?: SessionCallback): Promise<void> | void {
    return settle(SessionModel.inner(this).host.commit('regenerate'), callback)
  }

  manuallyCommit(callback?: SessionCallback): Promise<void> | void {
    return settle(SessionModel.inner(this).host.commit('commit'), callback)
  }

  toJSON(): Dictionary {
    return SessionModel.data(this)
  }

  [inspect.custom](): Dictionary {
    return SessionModel.data(this)
  }

  /** The visitor's data in a session, whatever keys it has. */
  static data(session: SessionModel): Dictionary {
    const data: Dictionary = {}
    for (const key in session) collect(data, key, (session as unknown as Dictionary)[key])
    const aside = SessionModel.#innerOf(session)?.aside
    for (const key in aside) if (Object.hasOwn(session, key)) collect(data, key, aside[key])
    return data
  }

  /** Whether it holds keys that are no data, and not saved: they begin with `_`. */
  static hasPrivateKeys(session: SessionModel): boolean {
    return Object.keys(session).some((key) => key.startsWith('_'))
  }

  /** Puts data into a session. */
  static assign(session: SessionModel, data: Dictionary): void {
    for (const key in data) {
      if (CONTROLS.has(key)) keepAside(session, key, data[key])
      else if (key !== '__proto__') (session as unknown as Dictionary)[key] = data[key]
    }
  }

  /**
   * Makes a session hold `data`, or no more than these `keys` of them. What would be stored alike stays the same object; keys that
   * begin with `_` are no data, and stay.
   */
  static patch(session: SessionModel, data: Dictionary, serializer: Serializer, keys?: readonly string[]): void {
    const present = SessionModel.data(session)
    for (const key of keys ?? new Set([...Object.keys(present), ...Object.keys(data)])) {
      const value = data[key] === undefined ? undefined : patched(present[key], data[key], serializer)
      if (value === undefined) replace(session, key, undefined)
      else if (value !== present[key]) replace(session, key, { value })
    }
  }

  /** Puts the data of a record into a session: what begins with `_` is not among them. */
  static load(session: SessionModel, record: object): void {
    for (const key in record) {
      const value = (record as Dictionary)[key]
      if (CONTROLS.has(key)) keepAside(session, key, value)
      else if (key[0] !== '_') (session as unknown as Dictionary)[key] = value
    }
  }

  /** What a session keeps that is no data, also for an object that inherits from one. */
  static #innerOf(session: unknown): Inner | undefined {
    for (let each = session; typeof each === 'object' && each !== null; each = Object.getPrototypeOf(each)) {
      if (#inner in each) return each.#inner
    }
    return undefined
  }

  /** @throws {SessionError} `ERR_SESSION_BAD_VALUE` for what only looks like a session */
  static inner(session: unknown): Inner {
    const inner = SessionModel.#innerOf(session)
    if (inner) return inner
    throw new SessionError(
      'ERR_SESSION_BAD_VALUE',
      'This is a copy of a session, a proxy of one, or a method of one by itself: it belongs to no request. Use ctx.session.',
    )
  }

  static {
    const prototype = SessionModel.prototype
    for (const key of CONTROLS) {
      const { get, set, value } = Object.getOwnPropertyDescriptor(prototype, key) as TypedPropertyDescriptor<unknown>
      const setAside = function (this: SessionModel, data: unknown): void {
        keepAside(this, key, data)
      }
      Object.defineProperty(prototype, key, { configurable: true, get: get ?? (() => value), set: set ?? setAside })
    }
    Object.defineProperty(prototype, '__proto__', { get: () => prototype, set: () => undefined })
  }
}

/** The session of a record, or a new one. */
export function readBy(host: SessionHost, record: SessionRecord | undefined): SessionModel {
  const session = new SessionModel(host, { isNew: record === undefined })
  if (record) SessionModel.load(session, record)
  return session
}

const assigned = new WeakSet<SessionModel>()

/** A session that somebody has set to these data. */
export function assignedBy(host: SessionHost, data: Dictionary): SessionModel {
  const session = new SessionModel(host, { isNew: false })
  SessionModel.assign(session, data)
  assigned.add(session)
  return session
}

/** Whether somebody has said what is to be in the session, and nothing else. */
export function isAssigned(session: SessionModel): boolean {
  return assigned.has(session)
}

/** Defines the key as non-enumerable: it can be deleted, and is not listed. */
function keepAside(session: SessionModel, key: string, value: unknown): void {
  if (key === 'isNew') return
  warnOnce(`control:${key}`, `session.${key} is a part of the session itself: data of that name is in session.toJSON()`)
  const inner = SessionModel.inner(session)
  inner.aside = { ...inner.aside, [key]: value }
  const { get, set } = Object.getOwnPropertyDescriptor(SessionModel.prototype, key) as PropertyDescriptor
  Object.defineProperty(session, key, { configurable: true, enumerable: false, get, set })
}

/** Sets or removes a key of a session, however an application has defined it. */
function replace(session: SessionModel, key: string, next: { value: unknown } | undefined): void {
  const own = Object.getOwnPropertyDescriptor(session, key)
  const isOdd = own !== undefined && !CONTROLS.has(key) && !own.writable
  if ((isOdd || !next) && !Reflect.deleteProperty(session, key)) throw notChangeable(key)
  if (!next) return
  if (!own && !Object.isExtensible(session)) throw notChangeable(key)
  SessionModel.assign(session, { [key]: next.value })
}

function notChangeable(key: string): SessionError {
  return new SessionError(
    'ERR_SESSION_BAD_VALUE',
    `session.${key} was to be changed, and cannot be: the session is frozen or sealed, or the key is read-only. Freeze what you ` +
      'put into a session, and not the session itself.',
  )
}

function collect(data: Dictionary, key: string, value: unknown): void {
  if (typeof value === 'function') return
  if (key[0] === '_') warnOnce('private', `session.${key} begins with "_", and is not saved`)
  else data[key] = value
}

function settle(work: Promise<void>, callback: SessionCallback | undefined): Promise<void> | void {
  if (!callback) return work
  work.then(() => callback(), callback)
}
