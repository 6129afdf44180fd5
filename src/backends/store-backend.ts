import { createHash } from 'node:crypto'
import { andThen, type Awaitable } from '../contracts/awaitable'
import type { Backend, Loaded, Write, WriteResult } from '../contracts/backend'
import type { Serializer } from '../contracts/serializer'
import {
  isConditional,
  isTouchable,
  type ConditionalStore,
  type Store,
  type StoreRequest,
  type TouchableStore,
} from '../contracts/store'
import { isRecord, type SessionRecord } from '../record'
import { deriveKey, seal, unseal } from '../sealing'
import type { StoreGuard } from './store-guard'

/** How often a session is followed from an old id to a newer one, and how often a moving one is tried to be caught. */
const MAX_STEPS = 4
const POINTER = Buffer.from('session pointer')

/** How a {@link StoreBackend} uses its store. */
export interface StoreBackendOptions {
  /** The configured lifetime in milliseconds, which `store.get` is told as in koa-session. */
  maxAge: number
  /** Makes the store's key of a session's id. */
  keyOf: (id: string) => string
  guard: StoreGuard
  /** Whether moved sessions leave pointers behind: then a record is never extended unseen. */
  hasPointers: boolean
}

/** A store's key that opens no session: whoever reads the store learns no id. */
export function hashedKey(id: string, prefix: string): string {
  return prefix + createHash('sha256').update(id).digest('base64url')
}

/** A record in the place of one that has moved; the new id is sealed with the old one, which the store does not know. */
type Pointer = SessionRecord & { _next: string }

/** Keeps the record in a store, with every guarantee that the store's capabilities allow. */
export class StoreBackend implements Backend {
  readonly #store: Store
  readonly #options: StoreBackendOptions
  readonly #conditional: ConditionalStore | undefined
  readonly #touchable: TouchableStore | undefined

  constructor(store: Store, options: StoreBackendOptions) {
    this.#store = store
    this.#options = options
    this.#conditional = isConditional(store) ? store : undefined
    this.#touchable = isTouchable(store) ? store : undefined
  }

  get serializer(): Serializer {
    return this.#store.serializer ?? JSON
  }

  load(id: string, request: StoreRequest): Awaitable<Loaded | undefined> {
    return this.#follow(id, request, MAX_STEPS)
  }

  write(write: Write, request: StoreRequest): Awaitable<WriteResult> {
    const id = write.id as string
    return this.#options.guard.call(() => this.#write(id, write, request))
  }

  remove(id: string, { ctx }: StoreRequest): Awaitable<boolean> {
    const key = this.#options.keyOf(id)
    const removing = this.#options.guard.call<unknown>(() => this.#store.destroy(key, { ctx }))
    return andThen(removing, (existed) => (this.#conditional ? existed === true : true))
  }

  /** Without conditional writes, a pointer could be overwritten with the old record: then the record is removed. */
  async redirect(id: string, newId: string, graceMs: number, request: StoreRequest): Promise<boolean> {
    if (!this.#conditional) return this.remove(id, request)
    const until = Date.now() + graceMs
    const record: Pointer = { _next: sealPointer({ id: newId, until }, id), _expire: until }
    for (let step = 0; step < MAX_STEPS; step++) {
      const found = await this.#read(id, request)
      if (!found || isPointer(found.record)) return false
      const base = { revision: found.revision }
      const result = await this.write(
        { id, record, ttl: graceMs, base, reason: 'forced' },
        { ...request, owner: undefined },
      )
      if (result.outcome === 'written') return true
    }
    return this.remove(id, request)
  }

  #follow(id: string, request: StoreRequest, steps: number): Awaitable<Loaded | undefined> {
    return andThen(this.#read(id, request), (found) => {
      if (!found || !isPointer(found.record)) return found
      const target = unsealPointer(found.record, id)
      if (!target || target.until < Date.now() || steps === 0) return undefined
      return this.#follow(target.id, request, steps - 1)
    })
  }

  #read(id: string, request: StoreRequest): Awaitable<Loaded | undefined> {
    const key = this.#options.keyOf(id)
    const store = this.#conditional
    if (store) {
      const reading = this.#options.guard.call(() => store.read(key, request))
      return andThen(reading, (found) => (found && isRecord(found.record) ? { ...found, id } : undefined))
    }
    const reading = this.#options.guard.call(() => this.#store.get(key, this.#options.maxAge, request))
    return andThen(reading, (record) => (isRecord(record) ? { record, id } : undefined))
  }

  #write(id: string, { record, ttl, base, reason }: Write, request: StoreRequest): Awaitable<WriteResult> {
    const key = this.#options.keyOf(id)
    const store = this.#conditional
    if (base && this.#touchable && !this.#options.hasPointers && (reason === 'rolling' || reason === 'renew')) {
      const touched = this.#touchable.touch(key, record._expire, ttl, request)
      return andThen(touched, (exists) => (exists ? written(id, base.revision) : { outcome: 'missing' }))
    }
    if (!store) {
      const set = this.#store.set(key, record, ttl, { ...request, changed: reason === 'changed' })
      return andThen(set, () => written(id, undefined))
    }
    if (!base) {
      const created = store.create(key, record, ttl, request)
      return andThen(created, (result) => (result ? written(id, result.revision) : { outcome: 'taken' }))
    }
    const replaced = store.replace(key, record, ttl, base.revision, request)
    return andThen(replaced, (result) => (result.outcome === 'written' ? written(id, result.revision) : result))
  }
}

function written(token: string, revision: unknown): WriteResult {
  return { outcome: 'written', token, revision }
}

function isPointer(record: SessionRecord): record is Pointer {
  return typeof record._next === 'string'
}

interface Target {
  id: string
  /** When the grace period ends: milliseconds since 1970. */
  until: number
}

function sealPointer(target: Target, oldId: string): string {
  return seal(pointerKey(oldId), Buffer.from(JSON.stringify(target)), POINTER).toString('base64url')
}

function unsealPointer({ _next }: Pointer, oldId: string): Target | undefined {
  const text = unseal(pointerKey(oldId), Buffer.from(_next, 'base64url'), POINTER)
  return text && (JSON.parse(text.toString()) as Target)
}

function pointerKey(oldId: string): Buffer {
  return deriveKey(Buffer.from(oldId), 'koa-session-service pointer')
}
