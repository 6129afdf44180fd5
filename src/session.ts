import { inspect } from 'node:util'
import { SessionError } from './errors'
import { isLifetime, type Dictionary, type Lifetime } from './record'
import { warnOnce } from './warning'

/**
 * The data of your sessions. Augment it once, and `ctx.session` and {@link SessionService} are typed by it.
 *
 * @example
 * declare module 'koa-session-service' {
 *   interface SessionData { userId?: string; views?: number }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- it is there to be augmented
export interface SessionData {}

/** Called when the work is done, with the error if it failed. */
export type SessionCallback = (error?: unknown) => void

/** What every session can do, beside holding the visitor's data: koa-session's surface. */
export interface SessionControls {
  /** Whether the visitor came without a session, or with one that was not accepted. */
  readonly isNew: boolean
  /** The lifetime of this session in milliseconds or `'session'`; setting it saves the session, and stays with it. */
  maxAge: Lifetime
  /** The session's id; undefined for a session that rests in its cookie. */
  readonly externalKey: string | undefined
  /** How many keys the data has. */
  readonly length: number
  /** Whether the data has any key. */
  readonly populated: boolean
  /** Saves the session now, changed or not: before a stream starts, for example. */
  save(): Promise<void>
  save(callback: SessionCallback): void
  /** Moves the session to a new id and destroys the old one: do it whenever a visitor signs in. */
  regenerate(): Promise<void>
  regenerate(callback: SessionCallback): void
  /** Commits the session where the `autoCommit` option is false. */
  manuallyCommit(): Promise<void>
  manuallyCommit(callback: SessionCallback): void
  /** The data as a plain object: without functions and without keys that begin with `_`. */
  toJSON(): Dictionary
}

/** A visitor's session: their data, and {@link SessionControls}. */
export type Session<Data extends object = SessionData> = Data & SessionControls

/** What a session asks of the life cycle that it belongs to. */
export interface SessionOwner {
  maxAge: Lifetime
  readonly id: string | undefined
  commit(request: CommitRequest): Promise<void>
}

/** `save`: write it, changed or not; `regenerate`: the same under a new id; `commit`: write it where there is need. */
export type CommitRequest = 'save' | 'regenerate' | 'commit'

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

/**
 * The object behind `ctx.session`. No key of the visitor's data changes what it does: one that is named like a control
 * is kept aside, saved with the rest, and seen in `toJSON()`.
 */
export class SessionModel {
  readonly #owner: SessionOwner
  readonly #isNew: boolean
  #aside: Dictionary | undefined

  constructor(owner: SessionOwner, { isNew }: { isNew: boolean }) {
    this.#owner = owner
    this.#isNew = isNew
  }

  get isNew(): boolean {
    return this.#isNew
  }

  get maxAge(): Lifetime {
    return this.#owner.maxAge
  }

  set maxAge(value: Lifetime) {
    if (!isLifetime(value)) {
      throw new SessionError(
        'ERR_SESSION_BAD_VALUE',
        `session.maxAge takes a positive number of milliseconds or 'session', not ${String(value)}. ` +
          'To end a session, set ctx.session = null.',
      )
    }
    this.#owner.maxAge = value
  }

  get externalKey(): string | undefined {
    return this.#owner.id
  }

  get length(): number {
    return Object.keys(SessionModel.data(this)).length
  }

  get populated(): boolean {
    return this.length > 0
  }

  save(callback?: SessionCallback): Promise<void> | void {
    return settle(this.#owner.commit('save'), callback)
  }

  regenerate(callback?: SessionCallback): Promise<void> | void {
    return settle(this.#owner.commit('regenerate'), callback)
  }

  manuallyCommit(callback?: SessionCallback): Promise<void> | void {
    return settle(this.#owner.commit('commit'), callback)
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
    for (const key in session.#aside) collect(data, key, session.#aside[key])
    return data
  }

  /** Puts other data in the place of what a session holds. */
  static replace(session: SessionModel, data: Dictionary): void {
    for (const key of Object.keys(session)) delete (session as unknown as Dictionary)[key]
    session.#aside = undefined
    SessionModel.assign(session, data)
  }

  /** Puts data into a session. */
  static assign(session: SessionModel, data: Dictionary): void {
    for (const key in data) {
      if (CONTROLS.has(key)) session.#keepAside(key, data[key])
      else if (key !== '__proto__') (session as unknown as Dictionary)[key] = data[key]
    }
  }

  /** Puts the data of a record into a session: what begins with `_` is not among them. */
  static load(session: SessionModel, record: object): void {
    for (const key in record) {
      const value = (record as Dictionary)[key]
      if (CONTROLS.has(key)) session.#keepAside(key, value)
      else if (key[0] !== '_') (session as unknown as Dictionary)[key] = value
    }
  }

  #keepAside(key: string, value: unknown): void {
    if (key === 'isNew') return
    warnOnce(
      `control:${key}`,
      `session.${key} is a part of the session itself: data of that name is in session.toJSON()`,
    )
    this.#aside = { ...this.#aside, [key]: value }
  }

  static {
    const prototype = SessionModel.prototype
    for (const key of CONTROLS) {
      const { get, set, value } = Object.getOwnPropertyDescriptor(prototype, key) as TypedPropertyDescriptor<unknown>
      Object.defineProperty(prototype, key, {
        configurable: true,
        get: get ?? (() => value),
        set:
          set ??
          function (this: SessionModel, data: unknown) {
            this.#keepAside(key, data)
          },
      })
    }
    Object.defineProperty(prototype, '__proto__', { get: () => prototype, set: () => undefined })
  }
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
