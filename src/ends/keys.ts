import { randomBytes } from 'node:crypto'
import { RecentMap } from '../base/recent-map'
import { hashToken } from '../session/token'
import type { Claim } from './judgement'

/** What a record says of where its session began. */
export interface Origin {
  readonly id: string | undefined
  readonly since: number | undefined
}

/** By what a session can be ended, beside its id and everybody. */
export interface Holder {
  readonly owner: string | undefined
  readonly data: object
}

/** The key of everybody. */
export const EVERYBODY = '*'
const HASH_LENGTH = 22
const ID_BYTES = 12
const ID = /^[\w-]{16}$/
/** What the key of an id begins with: no hash has it. So it is seen that an end is of one session alone. */
const ID_MARK = '.'
/** How many hashes are kept. */
const MAX_HASHES = 10_000

/** The keys of one service's sessions, as they rest: hashes, which say nothing of an account. */
export class EndKeys {
  readonly #scope: string
  readonly #by: ((data: object) => readonly string[]) | undefined
  readonly #areIdsSecret: boolean
  readonly #hashes = new RecentMap<string>(MAX_HASHES)
  readonly everybody: string
  /** What says that some sessions live for longer than the options say. */
  readonly longLives: string
  /** What says that a process has found another store in the place of the one that it knew. */
  readonly losses: string

  /** @param areIdsSecret whether the id of a session is what a client opens it with, as in a store */
  constructor(scope: string, by: ((data: object) => readonly string[]) | undefined, areIdsSecret: boolean) {
    this.#scope = scope
    this.#by = by
    this.#areIdsSecret = areIdsSecret
    this.everybody = this.of(EVERYBODY)
    this.longLives = this.#hash('long lives')
    this.losses = this.#hash('losses')
  }

  /** A key that the application names. To hash keys is what a warm judgement costs most. */
  of(key: string): string {
    return this.#hashes.getOr(`key ${key}`, this.#hash)
  }

  /** An id that is no secret rests as it is; another one as a hash, and so does what is no id that we made. */
  ofId(id: string): string {
    const isOpen = !this.#areIdsSecret && ID.test(id)
    return ID_MARK + (isOpen ? id : this.#hashes.getOr(`id ${id}`, this.#hash).slice(ID_MARK.length))
  }

  /** Those of a session's owner and its data. */
  ofHolder({ owner, data }: Holder): string[] {
    const by = this.#by?.(data) ?? []
    const keys = owner === undefined ? by : [keyOfOwner(owner), ...by]
    return keys.map((key) => this.of(key))
  }

  /** What a session says of itself. */
  claimOf({ id, since }: Origin): Claim {
    return { id: id === undefined ? undefined : this.ofId(id), since }
  }

  /** All keys of a session that says this of itself. */
  ofSession({ id }: Claim, holder: Holder): string[] {
    const keys = this.ofHolder(holder)
    keys.push(this.everybody)
    if (id !== undefined) keys.push(id)
    return keys
  }

  /** Whether a session carries a key. */
  carries(holder: Holder, key: string): boolean {
    return key === EVERYBODY || this.ofHolder(holder).includes(this.of(key))
  }

  /** A scope has no line break in it, so no two of scope and text are hashed alike. */
  readonly #hash = (text: string): string => hashToken(`end ${this.#scope}\n${text}`).slice(0, HASH_LENGTH)
}

/** An id for a session in a cookie: it is no secret. */
export function newId(): string {
  return randomBytes(ID_BYTES).toString('base64url')
}

/** Whether a key, as it rests, is the id of a session. */
export function isIdKey(key: string): boolean {
  return key.startsWith(ID_MARK)
}

const OF_OWNER = 'owner:'

/** The key of all sessions of an owner. */
export function keyOfOwner(owner: string): string {
  return OF_OWNER + owner
}

/** Whose sessions a key means; undefined where it is another kind of key. */
export function ownerIn(key: string): string | undefined {
  return key.startsWith(OF_OWNER) && key !== OF_OWNER ? key.slice(OF_OWNER.length) : undefined
}
