import { createHash } from 'node:crypto'
import type { CookieJar } from '../app/app'
import { LayeredStore, MemoryStore, type SessionRecord, type Store } from 'koa-session-service'
import { without } from '../spies/intercept'
import { ScheduledOwnerStore, type Fault, type StoreCall } from './scheduled-store'
import { RevisionStore } from './revision-store'

export type Shared = ConstructorParameters<typeof ScheduledOwnerStore>[0]

/** Where the records of a run rest. */
export interface PairBackend {
  name: string
  /** What all processes share; `peek` reads it at once. */
  create: () => { shared: Shared; peek: (key: string) => SessionRecord | undefined; lacks: string[] }
  /** What each process puts in front of it. */
  storeOf: (store: Store) => Store
}

const memory = (): ReturnType<PairBackend['create']> => {
  const shared = new MemoryStore()
  return { shared, peek: (key) => shared.read(key)?.record, lacks: [] }
}

const revisions = (): ReturnType<PairBackend['create']> => {
  const store = new RevisionStore()
  const lacks = ['touch', 'listByOwner', 'destroyByOwner', 'readMark', 'setMark']
  return { shared: store as unknown as Shared, peek: (key) => store.peek(key), lacks }
}

export const PAIR_BACKENDS: PairBackend[] = [
  { name: 'MemoryStore', create: memory, storeOf: (store) => store },
  { name: 'a store of somebody else with conditional writes', create: revisions, storeOf: (store) => store },
  {
    name: 'LayeredStore',
    create: memory,
    storeOf: (store) => new LayeredStore(store as Shared, { maxStale: 60_000 }),
  },
]

/** The shared store of a run, whose calls wait for the scheduler; it notes what was asked for, and what was written. */
export class PairStore extends ScheduledOwnerStore {
  /** The calls as they were asked for, before anybody let them through. */
  readonly asked: { path: string; method: string }[] = []
  readonly keys = new Set<string>()
  #beforeFirst: { method: string; path: string; work: () => Promise<unknown> } | undefined

  /** The store as services are given it. */
  static of(shared: Shared, lacks: string[], faultOf: (method: string, path: string) => Fault): [PairStore, Store] {
    const store = new PairStore(shared, undefined, faultOf)
    return [store, lacks.length > 0 ? without(store, ...lacks) : store]
  }

  /** Does something before the next such call, once. */
  beforeFirst(method: string, path: string, work: () => Promise<unknown>): void {
    this.#beforeFirst = { method, path, work }
  }

  /** Forgets what was asked for so far. */
  forget(): void {
    this.asked.length = 0
    this.calls.length = 0
  }

  /** Every record that was ever made, and is there. */
  recordsBy(peek: (key: string) => SessionRecord | undefined): Map<string, SessionRecord> {
    const all = Array.from(this.keys, (key): [string, SessionRecord | undefined] => [key, peek(key)])
    return new Map(all.filter((entry): entry is [string, SessionRecord] => entry[1] !== undefined))
  }

  protected override async call<T>(
    method: StoreCall['method'],
    key: string,
    ctx: { path: string },
    work: () => T | PromiseLike<T>,
    record?: SessionRecord,
  ): Promise<T> {
    this.asked.push({ path: ctx.path, method })
    const first = this.#beforeFirst
    if (first?.method === method && first.path === ctx.path) {
      this.#beforeFirst = undefined
      await first.work()
    }
    if (method === 'create' || method === 'set') this.keys.add(key)
    return super.call(method, key, ctx, work, record)
  }
}

/** A token that a browser holds or is given: its id, and whether it opens a record; the library's own rule, said once more. */
export function sightOf(from: CookieJar | string) {
  const token = typeof from === 'string' ? from : from.values.get('koa.sess')
  const hasSecret = token !== undefined && /~[\w-]{32}$/.test(token)
  const id = (hasSecret ? token.slice(0, -33) : token) ?? ''
  const hash = createHash('sha256')
    .update(token ?? '')
    .digest('base64url')
  const opens = ({ _secret }: SessionRecord): boolean => (_secret === undefined ? !hasSecret : hash === _secret)
  return { id, token, opens }
}

export function isWrite(method: string): boolean {
  return method === 'create' || method === 'replace' || method === 'set'
}

/**
 * Who has joined a sign-in that was taken back after that, by their paths: its client has gone, or a step of it has failed. The token
 * from before opens the session again, and shows nothing of what was written since.
 */
export function undoneIn(calls: readonly StoreCall[], secret: string | undefined): Set<string> {
  const undone = new Set<string>()
  const written = new Map<string, (Pick<StoreCall, 'path' | 'secret'> & { generation: number })[]>()
  for (const { path, method, key, answer, ...record } of calls) {
    if (!hasWritten(method, answer)) continue
    const before = written.get(key) ?? [{ path: '', secret, generation: 0 }]
    const { generation = 0 } = record
    const last = before.at(-1)
    // A secret is made once: who writes it again has put it back.
    const place = before.findLastIndex((other) => other.secret === record.secret)
    if (last && place >= 0 && last.secret !== record.secret && last.generation > generation) {
      for (const other of before.slice(place + 1)) if (other.path !== path) undone.add(other.path)
    }
    written.set(key, [...before, { path, secret: record.secret, generation }])
  }
  return undone
}

function hasWritten(method: string, answer: unknown): boolean {
  if (method === 'create') return answer !== undefined
  return method === 'replace' && (answer as { outcome?: string }).outcome === 'written'
}

/** The calls, a line each. */
export function logged(calls: readonly StoreCall[]): string[] {
  return calls.map(({ path, method, answer }) => `${path} ${method}: ${shortly(answer)}`)
}

function shortly(answer: unknown): string {
  const { outcome, record } = (answer ?? {}) as { outcome?: string; record?: SessionRecord }
  if (record) return `n ${String(record.n)}, generation ${String(record._gen ?? 0)}`
  return outcome ?? (typeof answer === 'object' ? 'done' : `${answer as string}`)
}
