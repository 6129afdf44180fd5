import { MemoryStore, type SessionRecord, type Store } from 'koa-session-service'
import { nameOfToken } from './observe'

/** A record at rest: its id, its text, and how long the store was told to keep it. */
type Entry = [id: string, text: string, ttl: unknown]

/** A store whose contents can be looked at. */
export interface OpenStore extends Store {
  contents(): Entry[]
  /** Drops a record that the store itself would drop in time. */
  forget(id: string | undefined): void
}

/** A plain store that tells what it was called with as well. */
export class OpenPlainStore implements OpenStore {
  readonly #entries = new Map<string, { text: string; ttl: unknown; until: number }>()
  readonly #millisecondsOf: (maxAge: unknown) => unknown
  readonly #isAsync: boolean
  readonly #forgets: boolean
  /** Each `get`, and the first `set` of every record, since the last {@link takeCalls}. */
  #calls = new Map<string, unknown[]>()

  /** @param millisecondsOf D10: koa-session hands in the text `'session'` */
  constructor(
    millisecondsOf: (maxAge: unknown) => unknown,
    { isAsync, forgets }: { isAsync: boolean; forgets: boolean },
  ) {
    this.#millisecondsOf = millisecondsOf
    this.#isAsync = isAsync
    this.#forgets = forgets
  }

  get(...[id, maxAge, { rolling, ctx }]: Parameters<Store['get']>) {
    this.#note(`get ${id}`, [this.#millisecondsOf(maxAge), rolling, ctx.url])
    const entry = this.#entries.get(id)
    const record = entry && !this.#isForgotten(entry) ? (JSON.parse(entry.text) as SessionRecord) : undefined
    return this.#isAsync ? Promise.resolve(record) : record
  }

  set(...[id, record, maxAge, { rolling, changed, ctx }]: Parameters<Store['set']>) {
    const ttl = this.#millisecondsOf(maxAge)
    this.#note(`set ${id}`, [ttl, rolling, changed, ctx.url])
    this.#entries.set(id, { text: JSON.stringify(record), ttl, until: Date.now() + Number(ttl) })
    return this.#isAsync ? Promise.resolve() : undefined
  }

  destroy(id: string) {
    this.#entries.delete(id)
    return this.#isAsync ? Promise.resolve() : undefined
  }

  forget(id: string | undefined): void {
    this.#entries.delete(String(id))
  }

  contents(): Entry[] {
    const kept = [...this.#entries].filter(([, entry]) => !this.#isForgotten(entry))
    return kept.map(([id, { text, ttl }]) => [id, text, ttl])
  }

  takeCalls(): [string, unknown[]][] {
    const calls = [...this.#calls]
    this.#calls = new Map()
    return calls
  }

  #isForgotten({ until }: { until: number }): boolean {
    return this.#forgets && until < Date.now()
  }

  #note(call: string, details: unknown[]): void {
    if (!this.#calls.has(call)) this.#calls.set(call, details)
  }
}

/** This library's own store, with every capability. */
export class OpenMemoryStore extends MemoryStore implements OpenStore {
  readonly #ttls = new Map<string, number>()
  readonly #secrets = new Map<string, string | undefined>()
  readonly #showsTokens: boolean

  /** @param showsTokens D21: records are shown under the token that opens them, the latest rotated last */
  constructor({ showsTokens }: { showsTokens: boolean }) {
    super({ max: 1_000 })
    this.#showsTokens = showsTokens
  }

  override create(...call: Parameters<MemoryStore['create']>) {
    this.#ttls.set(call[0], call[2])
    return super.create(...call)
  }

  override replace(...call: Parameters<MemoryStore['replace']>) {
    const [key, { _secret }, maxAge] = call
    if (this.#showsTokens && this.#secrets.get(key) !== _secret) this.#ttls.delete(key)
    this.#secrets.set(key, _secret)
    this.#ttls.set(key, maxAge)
    return super.replace(...call)
  }

  override touch(...call: Parameters<MemoryStore['touch']>) {
    this.#ttls.set(call[0], call[2])
    return super.touch(...call)
  }

  forget(id: string | undefined): void {
    this.destroy(String(id))
  }

  contents(): Entry[] {
    return [...this.#ttls].flatMap(([id, ttl]) => {
      const record = this.read(id)?.record
      if (!record) return []
      const { _secret, _gen, _past, ...rest } = record
      if (!this.#showsTokens || _secret === undefined) return [[id, JSON.stringify(record), ttl]]
      return [[nameOfToken(id, _secret), JSON.stringify(rest), ttl]]
    })
  }
}
