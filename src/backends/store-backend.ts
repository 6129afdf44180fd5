import { createHash } from 'node:crypto'
import { andThen, type Awaitable } from '../contracts/awaitable'
import type { Backend, Departure, Loaded, Write, WriteResult } from '../contracts/backend'
import type { Serializer } from '../contracts/serializer'
import {
  isConditional,
  isTouchable,
  type ConditionalStore,
  type Store,
  type StoreRequest,
  type TouchableStore,
} from '../contracts/store'
import { isRecord, withLifetime, type SessionRecord } from '../record'
import { deriveKey, seal, unseal } from '../sealing'
import type { StoreGuard } from '../store-guard'

/** How often a session is followed from an old id to a newer one. */
const MAX_STEPS = 4
/** How long a pointer is kept that is removed at once where all goes well, in milliseconds. */
const MIN_POINTER_TTL = 1000
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

/** A record that is to be written. */
interface Put extends Pick<Write, 'ttl' | 'base' | 'reason'> {
  id: string
  record: SessionRecord
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
    const { id, data, text, lifetime, ttl, base, reason } = write
    const takesText = this.#conditional && this.serializer === JSON && !this.#touchableFor(write)
    if (takesText) request.text = withLifetime(text, lifetime)
    return this.#put({ id: id as string, record: Object.assign(data, lifetime), ttl, base, reason }, request)
  }

  remove(id: string, request: StoreRequest): Awaitable<boolean> {
    if (!this.#conditional || !this.#options.hasPointers) return this.#destroy(id, request)
    return this.#removeFollowing(id, request)
  }

  /** Removes the record wherever the session has moved to; what moves meanwhile is followed. */
  async #removeFollowing(id: string, request: StoreRequest): Promise<boolean> {
    for (;;) {
      const found = await this.#read(id, request)
      if (!found) return false
      if (isPointer(found.record)) {
        const target = validTarget(found.record, id)
        const existed = target ? await this.#removeFollowing(target.id, request) : false
        await this.#destroy(id, request)
        return existed
      }
      const base = { revision: found.revision }
      const outcome = await this.leave({ id, newId: '', base, graceMs: 0 }, request)
      if (outcome !== 'conflict') return outcome === 'left'
    }
  }

  /** The record gives way to a pointer on a condition, so that no write that came between is lost. */
  async leave(departure: Departure, request: StoreRequest): Promise<'left' | 'conflict' | 'missing'> {
    const { id, newId, base, graceMs } = departure
    if (!this.#conditional) {
      await this.#destroy(id, request)
      return 'left'
    }
    const until = Date.now() + graceMs
    const record: Pointer = { _next: sealPointer({ id: newId, until }, id), _expire: until }
    const ttl = Math.max(graceMs, MIN_POINTER_TTL)
    const result = await this.#put({ id, record, ttl, base, reason: 'forced' }, { ...request, owner: undefined })
    if (result.outcome === 'conflict' || result.outcome === 'missing') return result.outcome
    if (graceMs === 0) await this.#destroyPointer(id, request)
    return 'left'
  }

  /** A pointer that leads nowhere does no harm: where it cannot be destroyed, it is forgotten by itself. */
  async #destroyPointer(id: string, request: StoreRequest): Promise<void> {
    try {
      await this.#destroy(id, request)
    } catch {
      return
    }
  }

  #destroy(id: string, { ctx }: StoreRequest): Awaitable<boolean> {
    const key = this.#options.keyOf(id)
    const removing = this.#options.guard.call<unknown>(() => this.#store.destroy(key, { ctx }))
    return andThen(removing, (existed) => (this.#conditional ? existed === true : true))
  }

  #follow(id: string, request: StoreRequest, steps: number): Awaitable<Loaded | undefined> {
    return andThen(this.#read(id, request), (found) => {
      if (!found || !isPointer(found.record)) return found
      const target = validTarget(found.record, id)
      return target && steps > 0 ? this.#follow(target.id, request, steps - 1) : undefined
    })
  }

  #read(id: string, request: StoreRequest): Awaitable<Loaded | undefined> {
    const key = this.#options.keyOf(id)
    const store = this.#conditional
    if (!store) {
      const getting = this.#options.guard.call(() => this.#store.get(key, this.#options.maxAge, request))
      return andThen(getting, (record) => (isRecord(record) ? { record, id } : undefined))
    }
    const reading = this.#options.guard.call(() => store.read(key, request))
    return andThen(reading, (found) => {
      if (!found || !isRecord(found.record)) return undefined
      return { record: found.record, text: found.text, revision: found.revision, id }
    })
  }

  #put(put: Put, request: StoreRequest): Awaitable<WriteResult> {
    return this.#options.guard.call(() => this.#putNow(put, request))
  }

  /** The store, where a longer life is all that is to be written and it can give that. */
  #touchableFor({ base, reason }: Pick<Write, 'base' | 'reason'>): TouchableStore | undefined {
    const isRenewal = base !== undefined && (reason === 'rolling' || reason === 'renew')
    return isRenewal && !this.#options.hasPointers ? this.#touchable : undefined
  }

  #putNow({ id, record, ttl, base, reason }: Put, request: StoreRequest): Awaitable<WriteResult> {
    const key = this.#options.keyOf(id)
    const store = this.#conditional
    const touchable = this.#touchableFor({ base, reason })
    if (touchable) {
      const touched = touchable.touch(key, record._expire, ttl, request)
      return andThen(touched, (exists) => (exists ? written(id, base?.revision) : { outcome: 'missing' }))
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

/** Where the pointer leads to, while its grace period lasts. */
function validTarget({ _next }: Pointer, oldId: string): Target | undefined {
  const text = unseal(pointerKey(oldId), Buffer.from(_next, 'base64url'), POINTER)
  const target = text && (JSON.parse(text.toString()) as Target)
  return target && target.until >= Date.now() ? target : undefined
}

function pointerKey(oldId: string): Buffer {
  return deriveKey(Buffer.from(oldId), 'koa-session-service pointer')
}
