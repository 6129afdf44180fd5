import type { Context } from 'koa'
import { andThen, type Awaitable } from '../base/awaitable'
import type { Backend, Owners, Write, WriteResult } from '../contracts/backend'
import {
  isConditional,
  isOwnerIndexed,
  isTouchable,
  type ConditionalStore,
  type ReadAt,
  type Store,
  type ConditionalContext,
  type TouchableStore,
  type Versioned,
  type WriteOutcome,
} from '../contracts/store'
import { refuseCallbackStore, refuseNoStore } from './callback-store'
import { isRecord, withLifetime, type SessionRecord } from '../session/record'
import type { Serializer } from '../session/serializer'
import { asWritten } from '../session/stored-fields'
import type { StoreGuard } from './store-guard'
import { StoreOwners } from './store-owners'

const OUTCOMES: unknown[] = ['written', 'conflict', 'missing'] satisfies WriteOutcome['outcome'][]

/** How a {@link StoreBackend} uses its store. */
export interface StoreBackendOptions {
  /** The configured lifetime in milliseconds, which `store.get` is told as in koa-session. */
  maxAge: number
  guard: StoreGuard
  /** What the store calls an owner. */
  nameOf: (owner: string) => string
  /** Called when a record was removed. */
  ended: (id: string, ctx: Context) => void
}

/** Keeps the record in a store, with every guarantee that the store's capabilities allow. */
export class StoreBackend implements Backend {
  readonly #store: Store
  readonly #options: StoreBackendOptions
  readonly #conditional: ConditionalStore | undefined
  readonly #touchable: TouchableStore | undefined
  readonly owners: Owners | undefined

  /** @throws {SessionError} `ERR_SESSION_OPTIONS` for what is no store, or was written for express-session */
  constructor(store: Store, options: StoreBackendOptions) {
    refuseNoStore(store)
    refuseCallbackStore(store)
    this.#store = store
    this.#options = options
    this.#conditional = isConditional(store) ? store : undefined
    this.#touchable = isTouchable(store) ? store : undefined
    this.owners = isOwnerIndexed(store) ? new StoreOwners(store, options.guard, options.nameOf) : undefined
  }

  get serializer(): Serializer {
    return this.#store.serializer ?? JSON
  }

  get rotatesInPlace(): boolean {
    return this.#conditional !== undefined
  }

  load(id: string, context: ConditionalContext): Awaitable<Versioned | null | undefined> {
    const store = this.#conditional
    if (!store) {
      const getting = this.#options.guard.call(() => this.#store.get(id, this.#options.maxAge, context), id)
      return andThen(getting, (record) =>
        isRecord(record) ? { record: asWritten(record), revision: undefined } : noRecord(record),
      )
    }
    const reading = this.#options.guard.call(() => store.read(id, context), id)
    return andThen(reading, (found) => (found && isRecord(found.record) ? readable(found) : noRecord(found)))
  }

  write(write: Write, context: ConditionalContext): Awaitable<WriteResult> {
    return this.#options.guard.call(() => this.#write(write, this.#told(context)), write.id)
  }

  remove(id: string, { ctx }: ConditionalContext, at?: ReadAt): Awaitable<boolean> {
    const context = at && this.#conditional ? { ctx, at } : { ctx }
    const removing = this.#options.guard.call<unknown>(() => this.#store.destroy(id, context), id)
    return andThen(removing, (existed) => {
      const isRemoved = this.#conditional ? existed === true : true
      if (isRemoved) this.#options.ended(id, ctx)
      return isRemoved
    })
  }

  #told(context: ConditionalContext): ConditionalContext {
    return context.owner === undefined ? context : { ...context, owner: this.#options.nameOf(context.owner) }
  }

  #write(
    { id, data, text, lifetime, ttl, readAt, reason }: Write,
    context: ConditionalContext,
  ): Awaitable<WriteResult> {
    const key = id as string
    const isRenewal = reason === 'rolling' || reason === 'renew'
    if (this.#touchable && readAt && isRenewal) {
      const { revision } = readAt
      if (revision !== undefined) context.revision = revision
      const touching = this.#touchable.touch(key, lifetime._expire, ttl, context)
      return andThen(touching, (answer) => checked(answer, 'touch'))
    }
    const record: SessionRecord = Object.assign(data, lifetime)
    const store = this.#conditional
    if (!store) {
      const set = this.#store.set(key, record, ttl, { ...context, changed: reason === 'changed' })
      return andThen(set, () => written(undefined))
    }
    if (this.serializer === JSON) context.text = withLifetime(text, lifetime)
    if (readAt) {
      const replacing = store.replace(key, record, ttl, readAt.revision, context)
      return andThen(replacing, (answer) => checked(answer, 'replace'))
    }
    const creating = store.create(key, record, ttl, context)
    return andThen(creating, (created) => (created ? written(created.revision) : { outcome: 'taken' }))
  }
}

/** What a store of somebody else's returns may be something, and no record: a text, for example. */
function noRecord(found: unknown): null | undefined {
  return found ? null : undefined
}

/** Its text is no longer the record's where that had to be read otherwise. */
function readable(found: Versioned): Versioned {
  const record = asWritten(found.record)
  return record === found.record ? found : { ...found, record, text: undefined }
}

function written(revision: unknown): WriteResult {
  return { outcome: 'written', revision }
}

/** A store of somebody else's may be wrong. */
function checked(answer: WriteOutcome, method: string): WriteOutcome {
  if (OUTCOMES.includes((answer as WriteOutcome | undefined)?.outcome)) return answer
  throw new TypeError(`"${method}" of a session store returns { outcome }: "written", "conflict" or "missing"`)
}
