import assert from 'node:assert/strict'
import type { Awaitable } from '../base/awaitable'
import { isConditional, isOwnerIndexed, isTouchable, type Store } from '../contracts/store'
import { describeConditional, describeDestroyAt } from './conditional-writes'
import { describeContract } from './every-store'
import { describeOwner, describeOwnerChanges, describeOwnerMarks } from './owner-index'
import { newKey, type CapableStore, type TestedStore, type TestRunner } from './tested-store'
import { describeTouch, describeTouchAt } from './touch'

export type { TestRunner } from './tested-store'

/** What a store can do beside the three methods of every store. */
export type StoreCapability = 'conditional' | 'touch' | 'owner'

/** The parts of the contract, and what a store must be able to do for them. */
const PARTS: [title: string, needed: StoreCapability[], define: (it: TestRunner['it'], test: TestedStore) => void][] = [
  ['every store', [], describeContract],
  ['conditional writes', ['conditional'], describeConditional],
  ['conditional writes', ['conditional'], describeDestroyAt],
  ['touch', ['touch'], describeTouch],
  ['touch', ['conditional', 'touch'], describeTouchAt],
  ['index by owner', ['owner'], describeOwner],
  ['index by owner', ['owner'], describeOwnerMarks],
  ['index by owner', ['conditional', 'owner'], describeOwnerChanges],
]

/** A store to be tested, and how to get rid of it. */
export interface StoreFixture {
  store: Store
  stop?: () => Awaitable<unknown>
}

/** What {@link describeSessionStore} takes beside the store. */
export interface DescribeOptions {
  /** What the store is meant to be able to do. Default: nothing beside `get`, `set` and `destroy`. */
  capabilities?: readonly StoreCapability[]
  /** The test runner. Default: the global functions, or `node:test` where there are none. */
  runner?: TestRunner
}

/**
 * Tests a session store: every sentence of the contract, and what it can do beside it. Under jest, vitest, mocha and
 * `node:test`. Each test gets a store of its own from `make`, which may share a server: keys are never used twice.
 * From `koa-session-service/testing`.
 *
 * @example
 * describeSessionStore('MemoryStore', () => ({ store: new MemoryStore() }), { capabilities: ['conditional', 'touch', 'owner'] })
 */
export function describeSessionStore(
  name: string,
  make: () => Awaitable<StoreFixture>,
  { capabilities = [], runner = findRunner() }: DescribeOptions = {},
): void {
  const { describe, it, beforeEach, afterEach } = runner
  const test = {} as TestedStore
  let fixture: StoreFixture

  describe(`session store ${name}`, () => {
    beforeEach(async () => {
      fixture = await make()
      test.store = fixture.store as CapableStore
      test.key = newKey()
    })
    afterEach(async () => {
      await fixture.stop?.()
    })

    it('can do what it is said to be able to do', async () => {
      const { store } = fixture
      const found = { conditional: isConditional(store), touch: isTouchable(store), owner: isOwnerIndexed(store) }
      const names = (Object.keys(found) as StoreCapability[]).filter((capability) => found[capability])
      assert.deepEqual(names.sort(), [...capabilities].sort())
    })
    for (const [title, needed, define] of PARTS) {
      if (needed.every((capability) => capabilities.includes(capability))) describe(title, () => define(it, test))
    }
  })
}

function findRunner(): TestRunner {
  const found = globalThis as unknown as Partial<TestRunner>
  if (found.describe && found.it && found.beforeEach && found.afterEach) return found as TestRunner
  // eslint-disable-next-line @typescript-eslint/no-require-imports -- only where no other runner is there
  return require('node:test') as TestRunner
}
