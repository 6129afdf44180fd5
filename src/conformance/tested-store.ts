import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import type { Context } from 'koa'
import { monotonic } from '../base/monotonic'
import type {
  ConditionalContext,
  ConditionalStore,
  OwnerIndexedStore,
  StoreSetContext,
  TouchableStore,
} from '../contracts/store'
import type { EndStore } from '../contracts/end-store'

/** The functions of a test runner: jest, vitest and mocha have them as globals, `node:test` exports them. */
export interface TestRunner {
  describe: (title: string, define: () => void) => unknown
  it: (title: string, test: () => Promise<void>) => unknown
  beforeEach: (prepare: () => Promise<void>) => unknown
  afterEach: (clean: () => Promise<void>) => unknown
}

/** A store with every capability; what the store at hand does not have is not called. */
export type CapableStore = ConditionalStore & TouchableStore & OwnerIndexedStore & EndStore

/** The store and the key of the test that is running. */
export interface TestedStore {
  store: CapableStore
  key: string
}

/** A life that no test outlives. */
export const LONG = 60_000
const SHORT = 100
/** How many pairs of calls go before the end of a short life, however far away the store is. */
const CALLS = 10
const PARALLEL = 20
const PATIENCE = 20_000

let keys = 0

/** A key that no test has used. */
export function newKey(): string {
  return `conformance-${process.pid}-${Date.now()}-${++keys}-`
}

/** What a store is told beside a key. */
export function request(
  more: Partial<StoreSetContext & ConditionalContext> = {},
): StoreSetContext & ConditionalContext {
  return { rolling: false, changed: true, ctx: {} as Context, ...more }
}

/** A life that ends while the test waits for it, and not before the test's next calls: by how long this store takes for two. */
export async function shortLife({ store, key }: TestedStore): Promise<number> {
  const began = monotonic()
  await store.set(`${key}pace`, {}, LONG, request())
  await store.get(`${key}pace`, LONG, request())
  return Math.max(SHORT, Math.ceil((monotonic() - began) * CALLS))
}

/** Waits until the record is gone by itself. */
export async function untilGone({ store, key }: TestedStore): Promise<void> {
  await until(async () => !(await store.get(key, LONG, request())))
}

/** Asks again until the answer is true. */
export async function until(ask: () => Promise<boolean>): Promise<void> {
  const end = monotonic() + PATIENCE
  while (monotonic() < end) {
    if (await ask()) return
    await setTimeout(SHORT / 2)
  }
  assert.fail(`what was waited for did not happen within ${PATIENCE} ms`)
}

/** Does the same many times at once. */
export async function times<T>(work: (index: number) => T | PromiseLike<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: PARALLEL }, async (_, index) => work(index)))
}

/** Where a store has nothing, it may say so with undefined or null. */
export function assertNothing(answer: unknown): void {
  assert.equal(answer ?? undefined, undefined)
}
