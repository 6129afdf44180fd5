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
/** What the key of an id begins with: no hash has it. So it is seen that an end is of one session alone. */
const ID_MARK = '.'
/** How many hashes of names are kept. */
const MAX_HASHES = 10_000
/** And how many of ids, at 200 bytes each: where more visitors come in turn, each of them costs a hash again, and a place in the map. */
const MAX_IDS = 50_000

/** The keys of one service's sessions, as they rest: hashes, which say nothing of an account. */
export class EndKeys {
  readonly #scope: string
  readonly #by: ((data: object) => readonly string[]) | undefined
  readonly #hashes = new RecentMap<string>(MAX_HASHES)
  readonly #ofIds = new RecentMap<string>(MAX_IDS)
  readonly everybody: string
  /** What says that some sessions live for longer than the options say. */
  readonly longLives: string
  /** What says that a process has found another store in the place of the one that it knew. */
  readonly losses: string

  constructor(scope: string, by: ((data: object) => readonly string[]) | undefined) {
    this.#scope = scope
    this.#by = by
    this.everybody = this.of(EVERYBODY)
    this.longLives = this.#hash('long lives')
    this.losses = this.#hash('losses')
  }

  /** A key that the application names. To hash keys is what a warm judgement costs most. */
  of(key: string): string {
    let hash = this.#hashes.get(key)
    if (hash === undefined) this.#hashes.set(key, (hash = this.#hash(`key ${key}`)))
    return hash
  }

  ofId(id: string): string {
    let hash = this.#ofIds.get(id)
    if (hash === undefined) this.#ofIds.set(id, (hash = ID_MARK + this.#hash(`id ${id}`).slice(ID_MARK.length)))
    return hash
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
  #hash(text: string): string {
    return hashToken(`end ${this.#scope}\n${text}`).slice(0, HASH_LENGTH)
  }
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
